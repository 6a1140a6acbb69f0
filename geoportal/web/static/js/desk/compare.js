// Two versions side by side; whoever moves one map moves the other.

import { createMap } from "./zoom.js";

const { L } = window;
const twins = document.getElementById("twins");
const answer = await fetch(twins.dataset.shapes, { headers: { Accept: "application/json" } }).catch(() => null);

if (answer?.ok) {
  twins.hidden = false;
  const shapes = await answer.json();
  const maps = ["before", "after"].map((side) => draw(side, shapes[side]));
  const box = L.featureGroup(maps.map(({ drawn }) => drawn)).getBounds();
  for (const { map } of maps) map.fitBounds(box, { padding: [8, 8], animate: false });
  let following = false;
  maps.forEach(({ map }, index) => {
    const other = maps[1 - index].map;
    map.on("move", () => {
      if (following) return;
      following = true;
      other.setView(map.getCenter(), map.getZoom(), { animate: false });
      following = false;
    });
  });
}

function draw(side, features) {
  const map = createMap(document.getElementById(side), { scrollWheelZoom: false });
  const renderer = L.canvas({ padding: 0.3 });
  const drawn = L.geoJSON(features, {
    renderer,
    interactive: false,
    style: ({ properties }) =>
      properties.kind === "plan" ? { color: "#c2185b", weight: 3, fill: false } : { ...paint(properties.gruppe), weight: 0.8, fillOpacity: 0.75 },
    pointToLayer: (_, place) => L.circleMarker(place, { renderer, radius: 2 }),
  }).addTo(map);
  return { map, drawn };
}

/** The colour of a group of plan contents, as map.css has it. */
function paint(gruppe) {
  const colour = getComputedStyle(document.documentElement).getPropertyValue(`--gruppe-${gruppe}`).trim();
  return { color: "#5e5c57", fillColor: colour || "#d3cdd8" };
}

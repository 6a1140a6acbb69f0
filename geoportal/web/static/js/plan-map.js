// The map on a plan's page. It takes the place of the outline that the server has drawn, once it has something better.

import { drawBoundaries } from "./boundaries.js";
import { CONTENTS_PROPERTIES, drawContents } from "./contents.js";
import { prepare, shapes, token } from "./drawing.js";
import { item, items } from "./features.js";
import { say } from "./words.js";

const { L } = window;

for (const stage of document.querySelectorAll("[data-plan-map]")) enhance(stage);

async function enhance(stage) {
  const { ogc, collection, plan, box } = stage.dataset;
  const [west, south, east, north] = box.split(",").map(Number);
  let feature, contents;
  try {
    [feature, contents] = await Promise.all([
      item(ogc, collection, plan),
      items(ogc, "planinhalte", { plan_id: plan, properties: CONTENTS_PROPERTIES }),
    ]);
  } catch {
    return; // the outline stays
  }
  const outline = stage.querySelector("svg");
  const container = document.createElement("div");
  container.className = "map";
  container.setAttribute("role", "application");
  container.setAttribute("aria-label", say("Karte des Plans", "Map of the plan"));
  stage.append(container);
  const map = L.map(container, {
    zoomControl: false,
    attributionControl: false,
    scrollWheelZoom: false, // the wheel belongs to the page
    dragging: !window.matchMedia("(pointer: coarse)").matches, // and so does the finger
    maxZoom: 20,
    zoomSnap: 0.25,
  });
  const renderers = prepare(map, ["gemeinden", "contents", "plans", "labels"]);
  map.fitBounds([[south, west], [north, east]], { padding: [16, 16], animate: false });
  drawBoundaries(map, ogc, renderers.gemeinden).catch(() => undefined); // only a background
  drawContents(contents.features, { renderer: renderers.contents, zoom: map.getZoom() }).addTo(map);
  shapes([feature], {
    renderer: renderers.plans,
    pane: "plans",
    style: () => ({ color: token("--mark"), weight: 3, fill: false }),
  }).addTo(map);
  outline.remove();
  stage.append(zoomButton(map, 1, say("Vergrößern", "Zoom in"), "+"), zoomButton(map, -1, say("Verkleinern", "Zoom out"), "−"));
}

function zoomButton(map, delta, name, sign) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "plan-map__zoom";
  button.setAttribute("aria-label", name);
  button.textContent = sign;
  button.addEventListener("click", () => map.setZoom(map.getZoom() + delta));
  return button;
}

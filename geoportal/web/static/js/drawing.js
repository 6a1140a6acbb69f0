// Shapes by Leaflet, for what is few: outlines of Gemeinden, what is chosen, the contents of a single plan.

const { L } = window;

/** Creates panes, the lowest first; returns {pane name: canvas renderer}, as a canvas belongs to one pane. */
export function prepare(map, names) {
  return Object.fromEntries(
    names.map((name, index) => {
      map.createPane(name).style.zIndex = String(300 + 10 * index);
      map.getPane(name).style.pointerEvents = "none"; // the map takes the clicks, and asks what lies there
      return [name, L.canvas({ pane: name, padding: 0.3 })];
    }),
  );
}

/** Features as plain shapes without events; `style(properties)` gives path options. */
export function shapes(features, { renderer, pane, style }) {
  return L.geoJSON(features, {
    renderer,
    pane,
    interactive: false,
    style: (feature) => style(feature.properties),
    pointToLayer: (feature, latlng) =>
      L.circleMarker(latlng, { renderer, pane, interactive: false, radius: 3, ...style(feature.properties) }),
  });
}

/** A value of the style sheet, such as token("--gruppe-verkehr"). */
export const token = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

// How things look on the map: symbols come from the manifests, the colours of plan contents from the style sheet.

import { element } from "./dom.js";

const { L } = window;

// Panes from the ground up; a canvas belongs to one pane.
const PANES = ["gemeinden", "contents", "flaechennutzungsplaene", "plans", "themes", "selection", "labels"];

/** Creates the panes; returns {pane name: canvas renderer}. */
export function prepare(map) {
  return Object.fromEntries(
    PANES.map((name, index) => {
      map.createPane(name).style.zIndex = String(300 + 10 * index);
      map.getPane(name).style.pointerEvents = "none"; // what lies under a click is asked of the server
      return [name, L.canvas({ pane: name, padding: 0.3 })];
    }),
  );
}

/** The symbol of a feature: its category's, else its layer's. */
export function symbolOf(layer, properties) {
  return layer.categories.find(({ value }) => value === properties[layer.by]) ?? layer.symbol;
}

/** Leaflet's path options from a manifest's symbol. */
export function path({ fill, stroke, width, dash }, overrides = {}) {
  return {
    color: stroke ?? fill,
    weight: width ?? 1,
    dashArray: dash ?? null,
    fill: fill !== null,
    fillColor: fill,
    fillOpacity: 0.2,
    ...overrides,
  };
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

/** A point of a theme as a real button, for keyboard and screen reader too. */
export function pointButton(latlng, name, symbol, onSelect) {
  const radius = Math.max(symbol.radius ?? 6, 5);
  const size = 32;
  const icon = svg("svg", { viewBox: `0 0 ${size} ${size}`, "aria-hidden": "true" });
  icon.append(
    svg("circle", {
      cx: size / 2,
      cy: size / 2,
      r: radius,
      fill: symbol.fill ?? "none",
      stroke: symbol.stroke ?? "none",
      "stroke-width": symbol.width ?? 1,
    }),
  );
  const button = element("button", { type: "button", class: "point", title: name, "aria-label": name }, icon);
  L.DomEvent.disableClickPropagation(button);
  button.addEventListener("click", onSelect);
  return L.marker(latlng, {
    icon: L.divIcon({ html: button, className: "point-holder", iconSize: [size, size] }),
    keyboard: false, // the button inside takes the focus
    interactive: false,
  });
}

function svg(name, attributes) {
  const node = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  return node;
}

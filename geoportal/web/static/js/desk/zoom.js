// Leaflet's own zoom control writes markup, which the page's policy refuses; these are nodes.

import { element } from "../dom.js";

const { L } = window;

/** An empty map in `stage` with two buttons; nobody needs the mouse for it. */
export function createMap(stage, options = {}) {
  const map = L.map(stage, { zoomControl: false, attributionControl: false, maxZoom: 22, zoomSnap: 0.25, ...options });
  const buttons = [
    [1, "Vergrößern", "+"],
    [-1, "Verkleinern", "−"],
  ].map(([by, name, sign]) =>
    element("button", { type: "button", "aria-label": name, onclick: () => map.setZoom(map.getZoom() + by) }, sign),
  );
  const bar = element("div", { class: "desk-zoom" }, buttons);
  L.DomEvent.disableClickPropagation(bar);
  stage.append(bar);
  return map;
}

// Texts on the map. They take no clicks, and none lies over another.

import { element } from "./dom.js";

const GAP = 2; // pixels between two texts
const SHIFTS = [0, -14, 14]; // pixels down

/** Puts a text in the middle of a shape; returns the Leaflet tooltip. A line break in the text is kept. */
export function label(shape, text, className) {
  shape.bindTooltip(element("span", {}, text), {
    permanent: true,
    direction: "center",
    pane: "labels",
    className: `map-label ${className}`,
  });
  return shape.getTooltip();
}

/**
 * Shows those of the labels that overlap none shown before, moved a little if need be, nor any of the nodes `around`.
 * They must be on the map.
 */
export function showWhatFits(labels, { none = false, around = [] } = {}) {
  const shown = around.map((node) => node.getBoundingClientRect());
  for (const node of labels.map((each) => each.getElement())) {
    node.hidden = none;
    if (none) continue;
    const box = SHIFTS.map((shift) => shifted(node, shift)).find((each) => shown.every((other) => apart(each, other)));
    node.hidden = box === undefined;
    if (node.hidden) continue;
    node.style.marginTop = `${box.shift}px`;
    shown.push(box);
  }
}

function shifted(node, shift) {
  node.style.marginTop = "0";
  const { left, right, top, bottom } = node.getBoundingClientRect();
  return { shift, left, right, top: top + shift, bottom: bottom + shift };
}

const apart = (a, b) =>
  a.right + GAP < b.left || b.right + GAP < a.left || a.bottom < b.top || b.bottom < a.top;

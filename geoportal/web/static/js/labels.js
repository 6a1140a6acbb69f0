// Texts on the map. They take no clicks, and none lies over another.

import { element } from "./dom.js";

const GAP = 2; // pixels between two texts
const SHIFTS = [0, -14, 14]; // pixels down
const COVERED = "map-label--covered";

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
  const nodes = labels.map((each) => each.getElement());
  for (const node of nodes) {
    cover(node, none);
    node.style.marginTop = "0";
  }
  if (none) return;
  const shown = around.filter((node) => !node.classList.contains(COVERED)).map((node) => node.getBoundingClientRect());
  const boxes = nodes.map((node) => node.getBoundingClientRect()); // all at once: after each change the page would be laid out anew
  for (const [index, node] of nodes.entries()) {
    const places = SHIFTS.map((shift) => ({ shift, box: shifted(boxes[index], shift) }));
    const free = places.find(({ box }) => shown.every((other) => apart(box, other)));
    cover(node, !free);
    if (!free) continue;
    node.style.marginTop = `${free.shift}px`;
    shown.push(free.box);
  }
}

/** Not as [hidden], without a size: Leaflet would put its middle in a wrong place. */
const cover = (node, covered) => node.classList.toggle(COVERED, covered);

const shifted = ({ left, right, top, bottom }, shift) => ({ left, right, top: top + shift, bottom: bottom + shift });

const apart = (a, b) =>
  a.right + GAP < b.left || b.right + GAP < a.left || a.bottom < b.top || b.bottom < a.top;

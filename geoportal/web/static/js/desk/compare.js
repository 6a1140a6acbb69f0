// Two versions over each other, parted by a line that a slider moves. Each picture is drawn for just what is in view.

import { element } from "../dom.js";
import { onLetters } from "./letter-keys.js";
import { createMap } from "./zoom.js";

const { L } = window;
const SIDES = ["before", "after"];
const MERCATOR = "http://www.opengis.net/def/crs/EPSG/0/3857";
const SHARPEST = 2; // device pixels per pixel: finer ones nobody sees
const PIXEL_MILLIMETRES = 0.28;

const root = document.getElementById("swipe-map");
const said = document.getElementById("said");
const twins = document.getElementById("twins");
const slider = document.getElementById("border");
let asked = 0;

function start({ box: [west, south, east, north], changes }) {
  root.hidden = false;
  twins.hidden = true;
  document.getElementById("back")?.remove();
  const map = createMap(document.getElementById("stage"), { scrollWheelZoom: false });
  const sides = SIDES.filter((side) => root.dataset[side]).map((side) => new Side(map, side, changes));
  const whole = () => map.fitBounds([[south, west], [north, east]], { animate: false });
  const clip = () => part(map, sides);
  map.on("moveend resize", () => draw(sides));
  map.on("move zoomend resize", clip);
  slider?.addEventListener("input", clip);
  document.getElementById("whole").addEventListener("click", whole);
  document.getElementById("marks")?.addEventListener("change", ({ target }) => {
    for (const side of sides) side.mark(target.checked);
  });
  document.getElementById("beside")?.addEventListener("click", ({ currentTarget }) => {
    const isBeside = currentTarget.getAttribute("aria-pressed") === "false";
    currentTarget.setAttribute("aria-pressed", String(isBeside));
    twins.hidden = !isBeside;
    root.querySelector(".desk-swipe").hidden = isBeside;
    if (!isBeside) map.invalidateSize();
  });
  walk(map, changes);
  const asked = new URLSearchParams(location.search).get("bei");
  if (!asked || !show(map, changes, Number(asked), false)) whole();
  clip();
}

/** One version: its picture, and above it what differs on this side. */
class Side {
  constructor(map, name, changes) {
    this.map = map;
    this.address = root.dataset[name];
    this.pane = map.createPane(name);
    map.createPane(`${name}-picture`, this.pane);
    map.createPane(`${name}-marks`, this.pane);
    this.layer = `${name}-picture`;
    this.marks = L.geoJSON(
      { ...changes, features: changes.features.filter(({ properties }) => properties.side === name) },
      {
        interactive: false,
        renderer: L.svg({ pane: `${name}-marks`, padding: 0.5 }),
        style: ({ properties }) => ({ className: `desk-mark desk-mark--${properties.kind}${properties.area ? "" : " desk-mark--line"}` }),
        pointToLayer: (_, place) => L.circleMarker(place, { radius: 9 }),
      },
    ).addTo(map);
  }

  mark(isWanted) {
    if (isWanted) this.marks.addTo(this.map);
    else this.marks.remove();
  }

  /** Resolves when the picture of the present view is there, or another has been asked for meanwhile. */
  async draw() {
    const bounds = this.map.getBounds();
    const size = this.map.getSize();
    if (size.x === 0 || size.y === 0) return; // not laid out yet, or hidden: it is drawn when it is resized
    const [low, high] = [bounds.getSouthWest(), bounds.getNorthEast()].map((corner) => L.CRS.EPSG3857.project(corner));
    const sharp = Math.min(SHARPEST, window.devicePixelRatio || 1);
    const asked = new URLSearchParams({
      bbox: [low.x, low.y, high.x, high.y].join(","), "bbox-crs": MERCATOR, crs: MERCATOR,
      width: Math.round(size.x * sharp), height: Math.round(size.y * sharp), "mm-per-pixel": PIXEL_MILLIMETRES / sharp,
    });
    const wanted = `${this.address}?${asked}`;
    this.wanted = wanted;
    const picture = new Image();
    picture.alt = ""; // the map around it has the name, the table below says what is in it
    picture.src = wanted;
    await picture.decode();
    if (this.wanted !== wanted) return;
    this.shown?.remove();
    this.shown = L.imageOverlay(picture, bounds, { pane: this.layer }).addTo(this.map);
  }
}

async function draw(sides) {
  const number = (asked += 1);
  said.textContent = "Wird gezeichnet …";
  const done = await Promise.allSettled(sides.map((side) => side.draw()));
  if (number !== asked) return;
  said.textContent = done.some(({ status }) => status === "rejected") ? "Die Zeichnung ließ sich gerade nicht holen. Verschieben oder vergrößern versucht es noch einmal." : "";
}

function part(map, sides) {
  if (sides.length < 2) return;
  const size = map.getSize();
  const x = (slider.value / 100) * size.x;
  const strip = (from, to) => {
    const [a, b] = [L.point(from, 0), L.point(to, size.y)].map((point) => map.containerPointToLayerPoint(point));
    return `polygon(${a.x}px ${a.y}px, ${b.x}px ${a.y}px, ${b.x}px ${b.y}px, ${a.x}px ${b.y}px)`;
  };
  sides[0].pane.style.clipPath = strip(0, x);
  sides[1].pane.style.clipPath = strip(x, size.x);
  root.querySelector(".desk-swipe__line").style.left = `${x}px`;
}

/** From one difference to the next, by button, key, or its number in the table. */
function walk(map, changes) {
  const numbers = [...new Set(changes.features.map(({ properties }) => properties.number))].sort((a, b) => a - b);
  let at = -1;
  const step = (by) => {
    if (numbers.length === 0) return;
    at = at < 0 ? (by > 0 ? 0 : numbers.length - 1) : (at + by + numbers.length) % numbers.length;
    show(map, changes, numbers[at], false);
  };
  document.getElementById("next")?.addEventListener("click", () => step(1));
  document.getElementById("previous")?.addEventListener("click", () => step(-1));
  const letters = document.getElementById("letters");
  if (letters) onLetters(letters, { n: () => step(1), p: () => step(-1) });
  document.querySelector(".desk-changes")?.addEventListener("click", (event) => {
    const number = Number(event.target.closest("[data-show]")?.dataset.show);
    if (!number) return;
    event.preventDefault();
    at = numbers.indexOf(number);
    show(map, changes, number, true);
  });
}

function show(map, changes, number, isFocused) {
  const features = changes.features.filter(({ properties }) => properties.number === number);
  if (features.length === 0) return false;
  map.fitBounds(L.geoJSON(features).getBounds().pad(0.3), { maxZoom: 20, animate: false });
  document.querySelector(".desk-changes [aria-current]")?.removeAttribute("aria-current");
  const row = document.getElementById(`u${number}`);
  row?.setAttribute("aria-current", "true");
  const [, kind, name] = row ? [...row.cells].map((cell) => cell.textContent.trim()) : [];
  document.getElementById("shown-difference")?.remove();
  said.after(element("p", { id: "shown-difference", role: "status" }, `Unterschied ${number}: ${kind}, ${name}`));
  if (isFocused) document.getElementById("stage").focus();
  return true;
}

const answer = await fetch(root.dataset.changes, { headers: { Accept: "application/json" } }).catch(() => null);
if (answer?.ok) start(await answer.json());

// Measuring on the map, by pointer or by keyboard: lengths and areas on the ellipsoid.

import { shapes } from "./drawing.js";
import { areaOf, lengthOf } from "./utm.js";
import { say } from "./words.js";

const { L } = window;

export class Measure {
  /** `button` switches it on and off; `root` tells and has the buttons for undo and end. */
  constructor(map, { button, root, renderer, colour, announcer }) {
    Object.assign(this, { map, button, root, renderer, colour, announcer });
    this.told = root.querySelector("p");
    this.points = [];
    this.drawing = L.layerGroup().addTo(map);
    button.addEventListener("click", () => this.toggle(!this.active));
    root.querySelector("[data-undo]").addEventListener("click", () => this.undo());
    root.querySelector("[data-end]").addEventListener("click", () => this.toggle(false));
    map.getContainer().addEventListener("keydown", (event) => this.#key(event));
  }

  get active() {
    return this.button.getAttribute("aria-pressed") === "true";
  }

  toggle(active) {
    if (this.active && !active && this.root.contains(document.activeElement)) this.button.focus();
    this.button.setAttribute("aria-pressed", String(active));
    this.root.hidden = !active;
    this.points = [];
    this.#show();
  }

  add(latlng) {
    this.points.push(latlng);
    this.#show();
  }

  undo() {
    this.points.pop();
    this.#show();
  }

  #key(event) {
    if (!this.active) return;
    if (event.key === "Backspace") this.undo();
    else if (event.key === "Escape") this.toggle(false);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  #show() {
    this.drawing.clearLayers();
    const { points } = this;
    this.told.textContent = points.length ? measured(points) : say("Punkte in der Karte anklicken, oder mit der Eingabetaste in der Mitte setzen.", "Click points on the map, or set them in its middle with the Enter key.");
    if (this.active) this.announcer.say(this.told.textContent);
    const coordinates = points.map(({ lat, lng }) => [lng, lat]);
    const parts = points.map((_, index) => ({ type: "Point", coordinates: coordinates[index] }));
    if (points.length > 1) parts.unshift({ type: "LineString", coordinates });
    if (points.length > 2) parts.unshift({ type: "Polygon", coordinates: [[...coordinates, coordinates[0]]] });
    const features = parts.map((geometry) => ({ type: "Feature", properties: { kind: geometry.type }, geometry }));
    const style = ({ kind }) => STYLES[kind](this.colour);
    shapes(features, { renderer: this.renderer, pane: "selection", style }).addTo(this.drawing);
  }
}

const STYLES = {
  Polygon: (color) => ({ color, weight: 1.5, dashArray: "4 4", fillOpacity: 0.12 }),
  LineString: (color) => ({ color, weight: 3 }),
  Point: (color) => ({ color, weight: 3, fillColor: "#fff", fillOpacity: 1, radius: 5 }),
};

function measured(points) {
  if (points.length === 1) return say("Erster Punkt gesetzt.", "First point set.");
  const length = `${say("Länge", "Length")} ${metres(lengthOf(points))}`;
  return points.length === 2 ? length : `${length} · ${say("Fläche", "Area")} ${squares(areaOf(points))}`;
}

const number = (value, digits) =>
  value.toLocaleString(document.documentElement.lang === "en" ? "en-GB" : "de-DE", { maximumFractionDigits: digits, minimumFractionDigits: digits });

const metres = (value) => (value < 1000 ? `${number(value, value < 100 ? 1 : 0)} m` : `${number(value / 1000, 2)} km`);

function squares(value) {
  if (value < 10_000) return `${number(value, 0)} m²`;
  return value < 1_000_000 ? `${number(value / 10_000, 2)} ha` : `${number(value / 1_000_000, 2)} km²`;
}

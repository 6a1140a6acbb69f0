// The findings of a report on a map: one after the other by button, key or click, and back to its line.

import { element } from "../dom.js";
import { onLetters } from "./letter-keys.js";
import { createMap } from "./zoom.js";

const { L } = window;
const COLOURS = { error: "#b3261e", warning: "#a15c00", info: "#1d5d99" };

for (const hidden of document.querySelectorAll("[data-script]")) hidden.hidden = false;
const stage = document.getElementById("befundkarte");
const said = document.getElementById("said");
const listed = [...document.querySelectorAll(".desk-finding[data-placed]")];
const placed = new Map();
let current = null;
let map = null;
let plans = null;

start();

async function start() {
  const answer = await fetch(stage.dataset.map, { headers: { Accept: "application/json" } }).catch(() => null);
  if (answer === null || !answer.ok) {
    said.textContent = "Die Karte ist gerade nicht erreichbar. Alle Befunde stehen in der Liste.";
    return;
  }
  const shapes = await answer.json();
  map = createMap(stage);
  const renderer = L.canvas({ padding: 0.3 });
  plans = L.geoJSON(shapes.plans, {
    renderer,
    interactive: false,
    style: ({ properties }) =>
      properties.kind === "plan"
        ? { color: "#3b4a50", weight: 2.5, fill: false }
        : { color: "#8b9497", weight: 0.8, fillColor: "#c9cfd0", fillOpacity: 0.35 },
    pointToLayer: (_, place) => L.circleMarker(place, { renderer, radius: 2 }),
  }).addTo(map);
  const findings = L.geoJSON(shapes.findings, {
    renderer,
    style: ({ properties }) => look(properties.severity, false),
    pointToLayer: ({ properties }, place) => L.circleMarker(place, { renderer, radius: 7, ...look(properties.severity, false) }),
    onEachFeature: (feature, layer) => {
      placed.set(feature.id, { layer, severity: feature.properties.severity });
      layer.on("click", () => show(feature.id, true));
    },
  }).addTo(map);
  whole(findings);
  document.getElementById("whole").addEventListener("click", () => whole(findings));
  document.getElementById("next").addEventListener("click", () => step(1));
  document.getElementById("previous").addEventListener("click", () => step(-1));
  document.getElementById("findings")?.addEventListener("click", ({ target }) => {
    const number = target.closest("[data-show]")?.dataset.show;
    if (number) show(Number(number), false);
  });
  onLetters(document.getElementById("letters"), { n: () => step(1), p: () => step(-1) });
}

function look(severity, chosen) {
  return { color: chosen ? "#c2185b" : COLOURS[severity], weight: chosen ? 6 : 3, fillOpacity: chosen ? 0.35 : 0.15 };
}

function whole(findings) {
  const box = plans.getBounds().isValid() ? plans.getBounds() : findings.getBounds();
  map.fitBounds(box.isValid() ? box : [[50.6, 8.4], [51.1, 9.2]], { padding: [16, 16], animate: false });
}

function step(by) {
  if (listed.length === 0) return;
  const here = listed.findIndex((item) => item === current);
  const next = here < 0 ? (by > 0 ? 0 : listed.length - 1) : (here + by + listed.length) % listed.length;
  show(Number(listed[next].dataset.number), true);
}

function show(number, scroll) {
  const known = placed.get(number);
  const item = document.getElementById(`b${number}`);
  if (!known) return;
  if (current) {
    current.removeAttribute("aria-current");
    const before = placed.get(Number(current.dataset.number));
    before?.layer.setStyle(look(before.severity, false));
  }
  current = item;
  known.layer.setStyle(look(known.severity, true));
  known.layer.bringToFront();
  if (known.layer.getBounds) map.fitBounds(known.layer.getBounds().pad(1.5), { maxZoom: 20, animate: false });
  else map.setView(known.layer.getLatLng(), 20, { animate: false });
  const page = Number(stage.dataset.page);
  const elsewhere = () => element("a", { href: `?ab=${page * Math.floor((number - 1) / page)}#b${number}` }, "steht auf einer anderen Seite des Berichts");
  said.replaceChildren(element("strong", {}, `Befund ${number}: `), item?.querySelectorAll("p")[1]?.textContent ?? elsewhere());
  if (item) {
    item.setAttribute("aria-current", "true");
    if (scroll) item.scrollIntoView({ block: "nearest" });
  }
}

// The map page: puts map, board and theme tree together.

import { ask, named, withDocuments } from "./answer.js";
import { Board } from "./board.js";
import { drawBoundaries } from "./boundaries.js";
import { path, pointButton, prepare, shapes, symbolOf, token } from "./drawing.js";
import { Combobox } from "./combobox.js";
import { DrawingLegend } from "./drawing-legend.js";
import { Live } from "./live.js";
import { LiveNote } from "./live-note.js";
import { bindHash } from "./location-hash.js";
import { BP_FROM, FP_FROM, PlanDrawing } from "./plan-drawing.js";
import { bindScale } from "./scale.js";
import { ThemeTree } from "./themes.js";
import { bindCoordinates, bindFullScreen, bindPosition } from "./tools.js";
import { ViewLayer } from "./view-layer.js";
import { say } from "./words.js";

const { L } = window;
const POINTS_FROM = 12; // zoom; farther out, points are small and take no clicks of their own
const NARROW = window.matchMedia("(max-width: 56rem)");

const page = JSON.parse(document.getElementById("page-data").textContent);
for (const part of document.querySelectorAll("[data-script]")) part.hidden = false;

const container = document.getElementById("karte");
const map = L.map(container, {
  zoomControl: false,
  attributionControl: false,
  minZoom: 8,
  maxZoom: 19,
  zoomSnap: 0.25,
  zoomDelta: 1,
  wheelPxPerZoomLevel: 90,
  fadeAnimation: !window.matchMedia("(prefers-reduced-motion: reduce)").matches,
  zoomAnimation: !window.matchMedia("(prefers-reduced-motion: reduce)").matches,
  inertia: !window.matchMedia("(prefers-reduced-motion: reduce)").matches,
});
const renderers = prepare(map);
const board = new Board(document.getElementById("tafel"), page);
const search = new Combobox(document.querySelector(".search"), (text) => board.announce(text));
const tree = new ThemeTree(document.querySelector(".themes"));
const note = document.getElementById("map-note");
const opacity = document.getElementById("opacity");

const { west, south, east, north } = page.openingView;
const home = L.latLngBounds([south, west], [north, east]);

function goHome() {
  const beside = !NARROW.matches && tree.root.open ? tree.root.offsetWidth + 12 : 0; // what the theme tree covers
  map.fitBounds(home, { paddingTopLeft: [8, 8], paddingBottomRight: [8 + beside, 8], animate: false });
}

let statuses = tree.on("status");
let boundaries = null;
let detail = null; // which of the drawings that depend on the zoom are drawn
if (NARROW.matches) tree.root.open = false;

// The layers, from the ground up.

const drawing = new PlanDrawing(map, { ogc: page.ogc, pane: "contents", statuses: Object.keys(page.status) });
new DrawingLegend(document.getElementById("drawing-legend"), map, drawing);
const fp = new ViewLayer(map, {
  ogc: page.ogc,
  collection: "flaechennutzungsplaene",
  visible: false,
  draw: (features) => drawPlans(features, "flaechennutzungsplaene", { weight: 4, fillOpacity: 0 }),
});
const bp = new ViewLayer(map, {
  ogc: page.ogc,
  collection: "bebauungsplaene",
  draw: (features) => drawPlans(features, "plans", drawing.drawn.length ? { fillOpacity: 0 } : {}),
});
const themes = page.themes.map((theme) => ({
  theme,
  layer: new ViewLayer(map, {
    ogc: page.ogc,
    collection: theme.id,
    minZoom: theme.minZoom,
    draw: (features) => drawTheme(theme, features),
  }),
}));
const layers = [fp, bp, ...themes.map(({ layer }) => layer)];
const basemaps = new Map(page.basemaps.map((basemap) => [basemap.id, tiles(basemap)]));

function shownStatus({ properties }) {
  return statuses.has(properties.status);
}

function drawPlans(features, pane, overrides) {
  const layer = page.plans[pane === "plans" ? "bebauungsplaene" : pane];
  return shapes(features.filter(shownStatus), {
    renderer: renderers[pane],
    pane,
    style: (properties) => path(symbolOf(layer, properties), overrides),
  });
}

function drawTheme(theme, features) {
  const near = map.getZoom() >= POINTS_FROM;
  const isPoint = ({ geometry }) => near && geometry?.type === "Point";
  const drawn = shapes(
    features.filter((feature) => !isPoint(feature)),
    {
      renderer: renderers.themes,
      pane: "themes",
      style: (properties) => path(symbolOf(theme, properties), { radius: 3, fillOpacity: 0.9, weight: 0.5 }),
    },
  );
  for (const feature of features.filter(isPoint)) {
    const [lon, lat] = feature.geometry.coordinates;
    const name = String(feature.properties[theme.popup[0]?.name] ?? theme.title);
    pointButton([lat, lon], name, symbolOf(theme, feature.properties), () => answerAt(L.latLng(lat, lon))).addTo(drawn);
  }
  return drawn;
}

function tiles({ kind, url, layers: names, attribution, max_zoom: maxZoom }) {
  const layer = kind === "wms" ? L.tileLayer.wms(url, { layers: names, maxZoom }) : L.tileLayer(url, { maxZoom });
  return { layer, attribution };
}

// What is in view, and what was asked.

function inView() {
  const view = map.getBounds();
  const visible = ({ geometry }) => geometry && view.intersects(boundsOf(geometry));
  const plans = [
    ...named(bp.features, "bebauungsplaene"),
    ...(fp.shown ? named(fp.features, "flaechennutzungsplaene") : []),
  ];
  return plans.filter(shownStatus).filter(visible);
}

const known = new WeakMap();
function boundsOf(geometry) {
  if (!known.has(geometry)) known.set(geometry, L.geoJSON(geometry).getBounds());
  return known.get(geometry);
}

/** A sentence over the map, which screen readers hear too; it goes with the next move. */
function tellNote(text) {
  note.replaceChildren(text);
  note.hidden = false;
}

function tellView() {
  const waiting = bp.state === "loading" || fp.state === "loading";
  const failed = drawing.failed || layers.some(({ state }) => state === "failed");
  const more = bp.more || (fp.shown && fp.more);
  board.showInView(inView(), { state: waiting ? "loading" : failed ? "failed" : "ready", more });
  note.replaceChildren();
  if (failed) {
    note.append(say("Ein Teil der Karte fehlt: Die Daten lassen sich gerade nicht abrufen. ", "A part of the map is missing: the data cannot be had at the moment. "));
    const again = document.createElement("button");
    again.type = "button";
    again.textContent = say("Noch einmal", "Try again");
    again.addEventListener("click", () => retry());
    note.append(again);
  } else if (layers.some((layer) => layer.more && layer.state === "ready")) {
    note.append(say("Hier liegt mehr, als die Karte zeigen kann. Bitte zoomen Sie heran.", "There is more here than the map can show. Please zoom in."));
  }
  note.hidden = note.childNodes.length === 0;
  document.getElementById("drawing-hint").textContent = drawingHint();
}

function retry() {
  loadBoundaries();
  drawing.retry();
  for (const layer of layers) layer.retry();
}

function drawingHint() {
  const zoom = Math.round(map.getZoom());
  if (zoom < FP_FROM) return say("Erscheint, wenn Sie weit genug heranzoomen.", "Appears when you zoom in far enough.");
  if (zoom < BP_FROM) return say("Flächennutzungspläne; weiter innen Bebauungspläne.", "Land-use plans; zoom in for local development plans.");
  if (fp.shown) return say("Bebauungspläne über Flächennutzungsplänen.", "Local development plans over land-use plans.");
  return say("Bebauungspläne; weiter außen Flächennutzungspläne.", "Local development plans; zoom out for land-use plans.");
}

const selection = L.layerGroup().addTo(map);
const highlight = L.layerGroup().addTo(map);
let question = null;

/** The answer for a place; `url` is that of its page where it has one, such as an address. */
async function answerAt(latlng, url = placeUrl(latlng)) {
  question?.abort();
  question = new AbortController();
  const { signal } = question;
  markSelection(latlng);
  board.showLoading();
  makeRoom(latlng);
  const on = tree.on("theme");
  try {
    const chosen = page.themes.filter(({ id }) => on.has(id));
    board.showAnswer(await ask(map, latlng, { url, ogc: page.ogc, details: page.details, themes: chosen, signal }));
    makeRoom(latlng);
  } catch (error) {
    if (error.name !== "AbortError") board.showFailure(() => answerAt(latlng, url));
  }
}

function placeUrl({ lat, lng }) {
  const url = new URL(page.here, window.location.href);
  url.searchParams.set("lon", lng.toFixed(6));
  url.searchParams.set("lat", lat.toFixed(6));
  return url;
}

/** A hit of the search: the map goes there, and where the place has an answer, it is told. */
function goTo({ lat, lon, zoom, title, kind, here }) {
  const latlng = L.latLng(lat, lon);
  map.setView(latlng, zoom, { animate: false });
  if (here || kind === "plan") return answerAt(latlng, here ?? undefined);
  board.close();
  markSelection(latlng);
  board.announce(say(`Die Karte zeigt ${title}.`, `The map shows ${title}.`));
  if (NARROW.matches) board.open(false);
}

async function answerFor(plan) {
  question?.abort();
  question = new AbortController();
  markSelection(null);
  selection.addLayer(outline(plan));
  map.fitBounds(boundsOf(plan.geometry), { maxZoom: 17, ...room() });
  try {
    const [whole] = await withDocuments([plan], page.documents, question.signal);
    board.showPlan(whole);
  } catch (error) {
    if (error.name !== "AbortError") board.showFailure(() => answerFor(plan));
  }
}

function markSelection(latlng) {
  selection.clearLayers();
  highlight.clearLayers();
  if (!latlng) return;
  const ring = { renderer: renderers.selection, pane: "selection", interactive: false, fill: false };
  L.circleMarker(latlng, { ...ring, radius: 9, color: "#fff", weight: 6 }).addTo(selection);
  L.circleMarker(latlng, { ...ring, radius: 9, color: token("--mark"), weight: 3 }).addTo(selection);
}

function outline(plan) {
  const style = () => ({ color: token("--mark"), weight: 4, fill: false });
  return shapes([plan], { renderer: renderers.selection, pane: "selection", style });
}

/** While pointer or keyboard rest on a plan of the board. */
function hover(plan) {
  highlight.clearLayers();
  const drawn = plan && (plan.geometry ? plan : [...bp.features, ...fp.features].find(({ id }) => id === plan.id));
  if (drawn) highlight.addLayer(outline(drawn));
}

/** What covers the map: on a phone the sheet lies over its foot, the legend's switch over its top. */
function room() {
  const [top, bottom] = NARROW.matches ? [140, 0.66 * map.getSize().y] : [40, 40];
  return { paddingTopLeft: [40, top], paddingBottomRight: [40, bottom] };
}

function makeRoom(latlng) {
  if (NARROW.matches) map.panInside(latlng, room());
}

// Switches and events.

function applyTree() {
  statuses = tree.on("status");
  const on = tree.on("layer");
  const themesOn = tree.on("theme");
  fp.setVisible(on.has("flaechennutzungsplaene"));
  const drawn = on.has("planzeichnung");
  opacity.disabled = !drawn;
  drawing.show({ on: drawn, statuses, withFp: on.has("flaechennutzungsplaene") });
  for (const { theme, layer } of themes) layer.setVisible(themesOn.has(theme.id));
  for (const layer of [bp, fp]) if (layer.shown) layer.redraw();
  const [basemap] = tree.on("basemap");
  for (const [id, { layer }] of basemaps) id === basemap ? layer.addTo(map) : layer.remove();
  map.getPane("gemeinden").style.opacity = basemap ? "0" : "1";
  document.getElementById("outlines-note").hidden = Boolean(basemap);
  document.getElementById("attribution").textContent = basemaps.get(basemap)?.attribution ?? "";
  tellView();
}

function applyOpacity() {
  drawing.setOpacity(opacity.value / 100);
  opacity.setAttribute("aria-valuetext", `${opacity.value} %`);
  document.getElementById("opacity-told").textContent = `${opacity.value} %`;
}

function bindButtons() {
  document.getElementById("zoom-in").addEventListener("click", () => map.zoomIn());
  document.getElementById("zoom-out").addEventListener("click", () => map.zoomOut());
  document.getElementById("zoom-home").addEventListener("click", goHome);
  container.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && event.target === container) answerAt(map.getCenter());
  });
}

async function loadBoundaries() {
  if (boundaries) return;
  try {
    boundaries = await drawBoundaries(map, page.ogc, renderers.gemeinden);
  } catch {
    tellView();
  }
}

// What changes while the map is open.

const liveNote = new LiveNote(document.getElementById("live"));
new Live(page.live).addEventListener("change", async ({ detail: changed }) => {
  const anew = themes.filter(({ theme, layer }) => changed.has(theme.id) && layer.shown && layer.inRange);
  await Promise.all(anew.map(({ layer }) => layer.retry({ anew: true })));
  if (anew.length) liveNote.tell(anew.map(({ theme }) => theme.title));
});

for (const layer of [drawing, ...layers]) layer.addEventListener("change", tellView);
tree.addEventListener("change", applyTree);
opacity.addEventListener("input", applyOpacity);
search.addEventListener("choose", ({ detail: hit }) => goTo(hit));
board.addEventListener("select", ({ detail: plan }) => answerFor(plan));
board.addEventListener("hover", ({ detail: plan }) => hover(plan));
board.addEventListener("close", () => markSelection(null));
// On a phone there is room for one of the two.
board.addEventListener("open", () => NARROW.matches && tree.root.removeAttribute("open"));
tree.root.addEventListener("toggle", () => NARROW.matches && tree.root.open && board.open(false));
map.on("click contextmenu", ({ latlng }) => answerAt(latlng)); // a long press is a context menu
map.on("zoomend", () => {
  const now = [map.getZoom() >= POINTS_FROM, drawing.drawn.length > 0].join();
  if (now === detail) return;
  detail = now;
  for (const layer of layers) if (layer.drawing) layer.redraw();
});
map.on("moveend", tellView);
bindButtons();
if (!bindHash(map)) goHome();
bindScale(map, document.getElementById("scale"));
bindCoordinates(map, document.getElementById("coordinates"));
bindFullScreen(document.getElementById("full-screen"), document.querySelector(".map-layout"));
bindPosition(
  document.getElementById("position"),
  (latlng) => goTo({ lat: latlng.lat, lon: latlng.lng, zoom: 17, title: say("Ihren Standort", "your position") }),
  (text) => tellNote(text),
);
loadBoundaries();
applyOpacity();
applyTree();
new ResizeObserver(() => {
  // On whole pixels: between two of them the edges of the tiles show as fine lines.
  const { top } = container.parentElement.getBoundingClientRect();
  container.style.marginTop = `${Math.ceil(top) - top}px`;
  map.invalidateSize({ pan: false });
}).observe(container);

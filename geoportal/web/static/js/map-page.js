// The map page: puts map, board and theme tree together.

import { Asking } from "./asking.js";
import { Board } from "./board.js";
import { drawBoundaries } from "./boundaries.js";
import { Combobox } from "./combobox.js";
import { DrawingLegend } from "./drawing-legend.js";
import { prepare, token } from "./drawing.js";
import { Live } from "./live.js";
import { LiveNote } from "./live-note.js";
import { bindHash } from "./location-hash.js";
import { DRAWING, MapPicture } from "./map-picture.js";
import { MapState } from "./map-state.js";
import { plansInView } from "./in-view.js";
import { BP_FROM, FP_FROM } from "./plan-drawing.js";
import { bindScale } from "./scale.js";
import { ThemeLists } from "./theme-lists.js";
import { ThemeTree } from "./themes.js";
import { bindCoordinates, bindFullScreen, bindNames, bindPosition } from "./tools.js";
import { say } from "./words.js";

const { L } = window;
const NARROW = window.matchMedia("(max-width: 56rem)");
const CALM = window.matchMedia("(prefers-reduced-motion: reduce)").matches;

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
  fadeAnimation: !CALM,
  zoomAnimation: !CALM,
  inertia: !CALM,
});
const renderers = prepare(map, ["gemeinden", "pictures", "selection", "labels"]);
const board = new Board(document.getElementById("tafel"), page);
const search = new Combobox(document.querySelector(".search"), (text) => board.announce(text));
const tree = new ThemeTree(document.querySelector(".themes"));
const note = document.getElementById("map-note");

const { west, south, east, north } = page.openingView;
const home = L.latLngBounds([south, west], [north, east]);

function goHome() {
  const beside = !NARROW.matches && tree.root.open ? tree.root.offsetWidth + 12 : 0; // what the theme tree covers
  map.fitBounds(home, { paddingTopLeft: [8, 8], paddingBottomRight: [8 + beside, 8], animate: false });
}

if (NARROW.matches) tree.root.open = false;

// What is shown.

const state = new MapState({
  order: ["flaechennutzungsplaene", DRAWING, "bebauungsplaene", ...page.themes.map(({ id }) => id)],
  ...tree.state(),
});
const picture = new MapPicture(map, page, {
  pane: (name) => map.createPane(name, map.getPane("pictures")) && name,
  mark: token("--mark"),
});
const asking = new Asking(map, { board, page, picture: () => picture, renderer: renderers.selection, narrow: NARROW });
const lists = new ThemeLists(document.getElementById("theme-lists"), { ogc: page.ogc, view: () => map.getBounds() });
new DrawingLegend(document.getElementById("drawing-legend"), map, picture.drawing);
const basemaps = new Map(page.basemaps.map((basemap) => [basemap.id, tiles(basemap)]));
let boundaries = null;

function tiles({ kind, url, layers: names, attribution, max_zoom: maxZoom }) {
  const options = { maxZoom: map.getMaxZoom(), maxNativeZoom: maxZoom, detectRetina: true };
  const layer = kind === "wms" ? L.tileLayer.wms(url, { ...options, layers: names }) : L.tileLayer(url, options);
  return { layer, attribution };
}

async function loadBoundaries() {
  if (boundaries) return;
  try {
    boundaries = await drawBoundaries(map, page.ogc, renderers.gemeinden);
  } catch {
    tellMap();
  }
}

// What is in view.

let request = null;
let found = { plans: [], count: 0 };
let listing = "loading"; // loading, ready, failed

async function list() {
  request?.abort();
  request = new AbortController();
  listing = "loading";
  tellView();
  const { signal } = request;
  const collections = ["bebauungsplaene", "flaechennutzungsplaene"].filter((id) => state.on.has(id));
  try {
    found = await plansInView(page.ogc, collections, map.getBounds(), { states: [...state.statuses], stand: state.stand, signal });
    listing = "ready";
  } catch (error) {
    if (error.name === "AbortError") return;
    listing = "failed";
  }
  tellView();
  tellMap();
}

function tellView() {
  board.showInView(found.plans, { state: listing, count: found.count });
}

/** A sentence over the map, which screen readers hear too; it goes with the next move. */
function tellNote(...parts) {
  note.replaceChildren(...parts);
  note.hidden = parts.length === 0;
}

function tellMap() {
  if (picture.failed || listing === "failed" || !boundaries) {
    if (listing === "loading" || (!boundaries && listing !== "failed" && !picture.failed)) return;
    const again = document.createElement("button");
    again.type = "button";
    again.textContent = say("Noch einmal", "Try again");
    again.addEventListener("click", retry);
    tellNote(say("Ein Teil der Karte fehlt: Die Daten lassen sich gerade nicht abrufen. ", "A part of the map is missing: the data cannot be had at the moment. "), again);
  } else {
    tellNote();
  }
  document.getElementById("drawing-hint").textContent = drawingHint();
}

function retry() {
  loadBoundaries();
  picture.retry();
  list();
}

function drawingHint() {
  const zoom = Math.round(map.getZoom());
  if (zoom < FP_FROM) return say("Erscheint, wenn Sie weit genug heranzoomen.", "Appears when you zoom in far enough.");
  if (zoom < BP_FROM) return say("Flächennutzungspläne; weiter innen Bebauungspläne.", "Land-use plans; zoom in for local development plans.");
  if (state.on.has("flaechennutzungsplaene")) return say("Bebauungspläne über Flächennutzungsplänen.", "Local development plans over land-use plans.");
  return say("Bebauungspläne; weiter außen Flächennutzungspläne.", "Local development plans; zoom out for land-use plans.");
}

function shownThemes() {
  const zoom = map.getZoom();
  return page.themes.filter(({ id, minZoom, maxZoom }) => state.on.has(id) && minZoom <= zoom && zoom <= maxZoom);
}

function showLists() {
  lists.show(shownThemes());
}

function show() {
  picture.show(state);
  const [basemap] = tree.on("basemap");
  for (const [id, { layer }] of basemaps) id === basemap ? layer.addTo(map) : layer.remove();
  map.getPane("gemeinden").style.opacity = basemap ? "0" : "1";
  document.getElementById("outlines-note").hidden = Boolean(basemap);
  document.getElementById("attribution").textContent = basemaps.get(basemap)?.attribution ?? "";
  document.getElementById("opacity").disabled = !state.on.has(DRAWING);
}

// Switches and events.

function bindOpacity(input, told) {
  const apply = () => {
    state.setOpacity(DRAWING, input.value / 100);
    input.setAttribute("aria-valuetext", `${input.value} %`);
    told.textContent = `${input.value} %`;
  };
  input.addEventListener("input", apply);
  apply();
}

function bindButtons() {
  document.getElementById("zoom-in").addEventListener("click", () => map.zoomIn());
  document.getElementById("zoom-out").addEventListener("click", () => map.zoomOut());
  document.getElementById("zoom-home").addEventListener("click", goHome);
  container.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && event.target === container) asking.at(map.getCenter());
  });
}

// What changes while the map is open.
const liveNote = new LiveNote(document.getElementById("live"));
new Live(page.live).addEventListener("change", async ({ detail: changed }) => {
  const anew = shownThemes().filter(({ id }) => changed.has(id));
  await picture.renew(anew.map(({ id }) => id));
  if (anew.length) liveNote.tell(anew.map(({ title }) => title));
});

picture.addEventListener("change", tellMap);
tree.addEventListener("change", () => {
  Object.assign(state, tree.state());
  show();
  list();
  showLists();
});
state.addEventListener("change", show);
search.addEventListener("choose", ({ detail: hit }) => asking.goTo(hit));
board.addEventListener("select", ({ detail: plan }) => asking.plan(plan));
board.addEventListener("hover", ({ detail: plan }) => asking.hover(plan));
board.addEventListener("close", () => asking.markPlace(null));
lists.addEventListener("select", ({ detail: { theme, feature } }) => asking.place(theme, feature));
// On a phone there is room for one of the two.
board.addEventListener("open", () => NARROW.matches && tree.root.removeAttribute("open"));
tree.root.addEventListener("toggle", () => NARROW.matches && tree.root.open && board.open(false));
map.on("click contextmenu", ({ latlng }) => asking.at(latlng)); // a long press is a context menu
map.on("moveend", () => {
  tellMap();
  list();
  showLists();
});
bindButtons();
if (!bindHash(map)) goHome();
bindScale(map, document.getElementById("scale"));
bindCoordinates(map, document.getElementById("coordinates"));
bindNames(map, (latlng) => asking.nameAt(latlng));
bindFullScreen(document.getElementById("full-screen"), document.querySelector(".map-layout"));
bindPosition(
  document.getElementById("position"),
  (latlng) => asking.goTo({ lat: latlng.lat, lon: latlng.lng, zoom: 17, title: say("Ihren Standort", "your position") }),
  (text) => tellNote(text),
);
bindOpacity(document.getElementById("opacity"), document.getElementById("opacity-told"));
loadBoundaries();
show();
list();
showLists();
new ResizeObserver(() => {
  // On whole pixels: between two of them the edges of the tiles show as fine lines.
  const { top } = container.parentElement.getBoundingClientRect();
  container.style.marginTop = `${Math.ceil(top) - top}px`;
  map.invalidateSize({ pan: false });
}).observe(container);

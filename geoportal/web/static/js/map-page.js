// The map page: puts map, board and theme tree together.

import { Announcer } from "./announcer.js";
import { Asking } from "./asking.js";
import { Board } from "./board.js";
import { drawBoundaries } from "./boundaries.js";
import { Combobox } from "./combobox.js";
import { BARE, Comparison } from "./comparison.js";
import { DrawingLegend } from "./drawing-legend.js";
import { prepare, token } from "./drawing.js";
import { Live } from "./live.js";
import { LiveNote } from "./live-note.js";
import { LayerOrder } from "./layer-order.js";
import { bindHash } from "./location-hash.js";
import { bindBeside, bindOpacity, bindShare, bindStand } from "./map-controls.js";
import { DRAWING, MapPicture } from "./map-picture.js";
import { MapNote } from "./map-note.js";
import { MapState } from "./map-state.js";
import { Measure } from "./measure.js";
import { plansInView } from "./in-view.js";
import { patient } from "./patient-tiles.js";
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
const renderers = prepare(map, ["gemeinden", "pictures", "beside", "selection", "labels"]);
const announcer = new Announcer(document.getElementById("announcer"));
const board = new Board(document.getElementById("tafel"), page, announcer);
const search = new Combobox(document.querySelector(".search"), announcer);
const tree = new ThemeTree(document.querySelector(".themes"));
const note = new MapNote(document.getElementById("map-note"), { retry, leave: () => container.focus({ preventScroll: true }) });

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
const comparison = new Comparison(map, page, {
  state,
  panes: { left: map.getPane("pictures"), right: map.getPane("beside") },
  root: document.getElementById("swipe"),
  basemap: (id, pane) => tiles(page.basemaps.find((each) => each.id === id), pane),
});
const asking = new Asking(map, { board, announcer, page, state, picture: (latlng) => comparison.pictureAt(latlng) ?? picture, renderer: renderers.selection, narrow: NARROW });
const lists = new ThemeLists(document.getElementById("theme-lists"), { ogc: page.ogc, view: () => map.getBounds() });
new DrawingLegend(document.getElementById("drawing-legend"), map, picture.drawing);
const measure = new Measure(map, {
  button: document.getElementById("measure"),
  root: document.getElementById("measuring"),
  renderer: renderers.selection,
  colour: token("--mark"),
  announcer,
});
new LayerOrder(document.getElementById("layer-order"), state, { titles: titles(), announcer });
let boundaries = "loading"; // loading, there, failed

let basemap = null; // {id, layer} of the one that is shown

function titles() {
  const own = { [DRAWING]: say("Planzeichnung", "Plan drawing") };
  return Object.fromEntries([...Object.values(page.plans), ...page.themes].map(({ id, title }) => [id, title]).concat(Object.entries(own)));
}

/** A basemap as a layer in a pane; undefined for none. */
function tiles(chosen, pane) {
  if (!chosen) return undefined;
  const { kind, url, layers: names, max_zoom: maxNativeZoom } = chosen;
  const options = { maxZoom: map.getMaxZoom(), maxNativeZoom, detectRetina: true, ...(pane ? { pane } : {}) };
  if (kind === "wms") return L.tileLayer.wms(url, { ...options, layers: names });
  return url.startsWith("/") ? patient(L.tileLayer(url, options)) : L.tileLayer(url, options);
}

async function loadBoundaries() {
  if (boundaries === "there") return;
  try {
    await drawBoundaries(map, page.ogc, renderers.gemeinden);
    boundaries = "there";
  } catch {
    boundaries = "failed";
  }
  tellMap();
}

// What is in view.

let request = null;
let cache = "default"; // that of fetch(): once plans have changed, what the browser has kept counts no more
let found = { plans: [], count: 0 };
let listing = "loading"; // loading, ready, failed

/** The view and what is switched on often change in one go, also at the beginning: then the list is asked for once. */
let isDue = false;
function list() {
  if (!isDue) queueMicrotask(askForList);
  isDue = true;
}

async function askForList() {
  isDue = false;
  request?.abort();
  request = new AbortController();
  listing = "loading";
  tellView();
  const { signal } = request;
  const collections = Object.keys(page.plans).filter((id) => state.on.has(id));
  try {
    found = await plansInView(page.ogc, collections, map.getBounds(), { states: [...state.statuses], stand: state.stand, signal, cache });
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

function tellMap() {
  document.getElementById("drawing-hint").textContent = drawingHint();
  note.showMissing(pictures().some(({ failed }) => failed) || listing === "failed" || boundaries === "failed");
}

/** That of the whole map, and that on the right while two days are compared. */
function pictures() {
  return [picture, ...comparison.pictures];
}

function retry() {
  loadBoundaries();
  for (const each of pictures()) each.retry();
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
  comparison.show();
  const chosen = page.basemaps.find(({ id }) => id === state.basemap);
  if (basemap?.id !== chosen?.id) {
    basemap?.layer.remove();
    basemap = chosen ? { id: chosen.id, layer: tiles(chosen).addTo(map) } : null;
  }
  map.getPane("gemeinden").style.opacity = chosen ? "0" : "1";
  document.getElementById("outlines-note").hidden = Boolean(chosen);
  document.getElementById("attribution").textContent = chosen?.attribution ?? "";
}

/** All that follows from the state. The list is asked for only when something changed that it tells of. */
let listed = "";
function follow() {
  tree.show(state);
  note.tell(null);
  show();
  showLists();
  const asks = [[...state.on].filter((id) => id in page.plans), [...state.statuses], state.stand].join(";");
  if (asks !== listed) list();
  listed = asks;
}

// Switches and events.

/** A click, a tap, or the Enter key in the middle. */
function meant(latlng) {
  if (measure.active) measure.add(latlng);
  else asking.click(latlng);
}

function bindButtons() {
  document.getElementById("measure").addEventListener("click", () => note.tell(null));
  document.getElementById("zoom-in").addEventListener("click", () => map.zoomIn());
  document.getElementById("zoom-out").addEventListener("click", () => map.zoomOut());
  document.getElementById("zoom-home").addEventListener("click", goHome);
  container.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && event.target === container) meant(map.getCenter());
  });
}

// What changes while the map is open.
const liveNote = new LiveNote(document.getElementById("live"), announcer);
new Live(page.live).addEventListener("change", async ({ detail: changed }) => {
  lists.renew(changed);
  if (Object.keys(page.plans).some((id) => changed.has(id))) {
    cache = "no-cache";
    list();
  }
  // of all that changed, also what comes into view only later
  await Promise.all(pictures().map((each) => each.renew([...changed])));
  const anew = [...Object.values(page.plans).filter(({ id }) => state.on.has(id)), ...shownThemes()].filter(({ id }) => changed.has(id));
  if (anew.length) liveNote.tell(anew.map(({ title }) => title));
});

picture.addEventListener("change", tellMap);
comparison.addEventListener("change", tellMap);
tree.addEventListener("change", () => state.set(tree.state()));
state.addEventListener("change", follow);
search.addEventListener("choose", ({ detail: hit }) => asking.goTo(hit));
board.addEventListener("select", ({ detail: plan }) => asking.plan(plan));
board.addEventListener("hover", ({ detail: plan }) => asking.hover(plan));
board.addEventListener("close", () => asking.leave());
lists.addEventListener("select", ({ detail: { theme, feature } }) => asking.place(theme, feature));
// On a phone there is room for one of the two.
board.addEventListener("open", () => NARROW.matches && tree.root.removeAttribute("open"));
tree.root.addEventListener("toggle", () => NARROW.matches && tree.root.open && board.open(false));
map.on("click contextmenu", ({ latlng }) => meant(latlng)); // a long press is a context menu
map.on("moveend", () => {
  note.tell(null);
  tellMap();
  list();
  showLists();
});
bindButtons();
document.getElementById("as-usual").addEventListener("click", () => state.reset());
bindOpacity(tree.root, state);
bindStand(state, { today: page.today, note: document.getElementById("stand-note") });
bindBeside(state, { today: page.today });
bindShare(document.getElementById("share"), (text) => note.tell(text));
const known = { today: page.today, statuses: Object.keys(page.status), basemaps: page.basemaps.map(({ id }) => id), bare: BARE };
if (!bindHash(map, state, known)) goHome();
bindScale(map, document.getElementById("scale"));
bindCoordinates(map, document.getElementById("coordinates"));
bindNames(map, (latlng) => asking.nameAt(latlng));
bindFullScreen(document.getElementById("full-screen"), document.querySelector(".map-layout"));
bindPosition(
  document.getElementById("position"),
  (latlng) => {
    if (home.pad(0.1).contains(latlng)) asking.goTo({ lat: latlng.lat, lon: latlng.lng, zoom: 17, title: say("Ihren Standort", "your position") });
    else note.tell(say("Ihr Standort liegt außerhalb dieses Gebiets.", "Your position is outside of this area."));
  },
  (text) => note.tell(text),
);
loadBoundaries();
follow();
if (state.plan) asking.planOfAddress();
new ResizeObserver(() => {
  // On whole pixels: between two of them the edges of the tiles show as fine lines.
  const { top } = container.parentElement.getBoundingClientRect();
  container.style.marginTop = `${Math.ceil(top) - top}px`;
  map.invalidateSize({ pan: false });
}).observe(container);

// The view and what it shows in the address, short and readable: #14/50.79701/8.92474&stand=2026-03-01&aus=schulen
// What is as usual is left out, so that a link stays good when layers come or go.

const DIGITS = 5; // about a metre
const ISO_DAY = /^\d{4}-\d{2}-\d{2}$/;
const PLAN_ID = /^[0-9a-f-]{36}$/;

function formatHash({ lat, lng }, zoom) {
  return `#${Math.round(zoom * 100) / 100}/${lat.toFixed(DIGITS)}/${lng.toFixed(DIGITS)}`;
}

/** {center: [lat, lon], zoom}, or null when the text is not of that kind. */
export function parseHash(hash) {
  const parts = hash.replace(/^#/, "").split("&")[0].split("/").map(Number);
  if (parts.length !== 3 || !parts.every(Number.isFinite)) return null;
  const [zoom, lat, lon] = parts;
  if (zoom < 0 || zoom > 24 || Math.abs(lat) > 85 || Math.abs(lon) > 180) return null;
  return { center: [lat, lon], zoom };
}

/** What of a MapState is not as usual, as "&name=value" texts; "" when all is. */
function formatState(state) {
  const { usual, on, statuses, order, opacities } = state;
  const extra = (some, others) => [...some].filter((each) => !others.has(each));
  const told = {
    an: extra(on, usual.on),
    aus: extra(usual.on, on),
    recht: same([...statuses].sort(), [...usual.statuses].sort()) ? [] : [...statuses],
    folge: same(order, usual.order) ? [] : order.filter((id) => on.has(id)),
    deckkraft: [...opacities].map(([id, opacity]) => `${id}:${Math.round(opacity * 100)}`),
    karte: state.basemap ? [state.basemap] : [],
    stand: state.stand ? [state.stand] : [],
    neben: state.beside ? [state.beside] : [],
    plan: state.plan ? [state.plan] : [],
  };
  if (statuses.size === 0) told.recht = ["keiner"];
  return Object.entries(told)
    .filter(([, values]) => values.length)
    .map(([name, values]) => `&${name}=${values.map(encoded).join(",")}`)
    .join("");
}

/**
 * The reverse: the values for a MapState. `known` are {today (an ISO day), statuses, basemaps (ids), bare (the word for a
 * map without plans)}. A link may be old, cut, or made up: what is not known is left out, and as usual.
 */
function parseState(hash, usual, { today, statuses, basemaps, bare }) {
  const told = new Map(
    hash
      .split("&")
      .slice(1)
      .map((part) => part.split("="))
      .map(([name, values = ""]) => [name, values.split(",").map(decoded).filter(Boolean)]),
  );
  const layers = (name) => (told.get(name) ?? []).filter((id) => usual.order.includes(id));
  const on = new Set(usual.on);
  for (const id of layers("an")) on.add(id);
  for (const id of layers("aus")) on.delete(id);
  const shown = layers("folge");
  const places = usual.order.flatMap((id, place) => (shown.includes(id) ? [place] : []));
  const order = [...usual.order];
  shown.forEach((id, index) => (order[places[index]] = id)); // what is not named keeps its place
  const percent = (told.get("deckkraft") ?? []).map((each) => each.split(":")).filter(([id]) => usual.order.includes(id));
  const first = (name) => told.get(name)?.[0] ?? "";
  const [stand, karte, neben, plan] = ["stand", "karte", "neben", "plan"].map(first);
  const isPast = (day) => isDay(day) && day < today;
  const recht = (told.get("recht") ?? []).filter((each) => each === "keiner" || statuses.includes(each));
  return {
    on,
    order,
    statuses: recht.length ? new Set(recht.filter((each) => each !== "keiner")) : new Set(usual.statuses),
    opacities: new Map(percent.map(([id, value]) => [id, Math.min(1, Math.max(0.1, Number(value) / 100 || 1))])),
    basemap: basemaps.includes(karte) ? karte : "",
    stand: isPast(stand) ? stand : null,
    beside: isPast(neben) || neben === today || neben === bare || basemaps.includes(neben) ? neben : "",
    plan: PLAN_ID.test(plan) ? plan : null,
  };
}

/** Keeps map, state and address in step, all ways; `known` is that of parseState. Returns true when the address gave the first view. */
export function bindHash(map, state, known) {
  let following = false;
  const follow = () => {
    const view = parseHash(window.location.hash);
    if (!view) return false;
    const shown = parseState(window.location.hash, state.usual, known);
    following = true;
    map.setView(view.center, view.zoom, { animate: false });
    state.set(shown);
    following = false;
    tell();
    return true;
  };
  const tell = () => {
    if (following) return; // half of it is still as it was
    const hash = formatHash(map.getCenter(), map.getZoom()) + formatState(state);
    // replaceState: panning must not fill the browser's history
    if (hash !== window.location.hash) window.history.replaceState(window.history.state, "", hash);
  };
  const given = follow();
  map.on("moveend", tell);
  state.addEventListener("change", tell);
  window.addEventListener("hashchange", follow);
  return given;
}

/** Whether a text is a day that there is: 2026-02-30 is none. */
function isDay(text) {
  const time = ISO_DAY.test(text) ? Date.parse(text) : NaN;
  return !Number.isNaN(time) && new Date(time).toISOString().startsWith(text);
}

const encoded = (text) => encodeURIComponent(text).replaceAll("%3A", ":");

const same = (one, other) => one.length === other.length && one.every((each, index) => each === other[index]);

function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return "";
  }
}

// The view in the address: #zoom/lat/lon, as in #14/50.79701/8.92474.

const DIGITS = 5; // about a metre

export function formatHash({ lat, lng }, zoom) {
  return `#${Math.round(zoom * 100) / 100}/${lat.toFixed(DIGITS)}/${lng.toFixed(DIGITS)}`;
}

/** {center: [lat, lon], zoom}, or null when the text is not of that kind. */
export function parseHash(hash) {
  const parts = hash.replace(/^#/, "").split("/").map(Number);
  if (parts.length !== 3 || !parts.every(Number.isFinite)) return null;
  const [zoom, lat, lon] = parts;
  if (zoom < 0 || zoom > 24 || Math.abs(lat) > 85 || Math.abs(lon) > 180) return null;
  return { center: [lat, lon], zoom };
}

/** Keeps map and address in step, both ways. Returns true when the address gave the first view. */
export function bindHash(map) {
  const follow = () => {
    const view = parseHash(window.location.hash);
    if (view) map.setView(view.center, view.zoom, { animate: false });
    return view !== null;
  };
  const given = follow();
  map.on("moveend", () => {
    const hash = formatHash(map.getCenter(), map.getZoom());
    // replaceState: panning must not fill the browser's history
    if (hash !== window.location.hash) window.history.replaceState(null, "", hash);
  });
  window.addEventListener("hashchange", follow);
  return given;
}

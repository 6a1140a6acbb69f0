// Coordinates in ETRS89 / UTM, as offices here write them.

const A = 6378137; // GRS80
const F = 1 / 298.257222101;
const N = F / (2 - F);
const RADIUS = (A / (1 + N)) * (1 + N ** 2 / 4 + N ** 4 / 64);
const E = (2 * Math.sqrt(N)) / (1 + N);
const SCALE = 0.9996;
// Krüger's series to the third order: better than a millimetre within the zone
const ALPHA = [
  N / 2 - (2 / 3) * N ** 2 + (5 / 16) * N ** 3,
  (13 / 48) * N ** 2 - (3 / 5) * N ** 3,
  (61 / 240) * N ** 3,
];
const radians = (degrees) => (degrees * Math.PI) / 180;

/** Degrees -> {east, north} in metres, in a zone (32: 6° to 12° E). */
export function utm({ lat, lng }, zone) {
  const sine = Math.sin(radians(lat));
  const t = Math.sinh(Math.atanh(sine) - E * Math.atanh(E * sine));
  const lambda = radians(lng - (6 * zone - 183));
  const xi = Math.atan2(t, Math.cos(lambda));
  const eta = Math.atanh(Math.sin(lambda) / Math.hypot(1, t));
  const sum = (term) => ALPHA.reduce((total, alpha, index) => total + alpha * term(2 * (index + 1)), 0);
  return {
    east: 500000 + SCALE * RADIUS * (eta + sum((k) => Math.cos(k * xi) * Math.sinh(k * eta))),
    north: SCALE * RADIUS * (xi + sum((k) => Math.sin(k * xi) * Math.cosh(k * eta))),
  };
}

/** Metres along a line of places, on the ellipsoid. */
export function lengthOf(places) {
  const points = inOneZone(places);
  return points.slice(1).reduce((sum, point, index) => sum + distance(points[index], point), 0);
}

/** Square metres within a ring of places, on the ellipsoid. */
export function areaOf(places) {
  const points = inOneZone(places);
  const [first] = points;
  const twice = points.reduce((sum, { east, north }, index) => {
    const next = points[(index + 1) % points.length];
    return sum + (east - first.east) * (next.north - first.north) - (next.east - first.east) * (north - first.north);
  }, 0);
  const middle = points.reduce((sum, { east }) => sum + east, 0) / points.length;
  return Math.abs(twice) / 2 / enlarged(middle) ** 2;
}

/** All in the zone of the first: what is measured is small beside a zone. */
function inOneZone(places) {
  const [{ lng }] = places;
  return places.map((place) => utm(place, Math.floor((lng + 180) / 6) + 1));
}

function distance(a, b) {
  return Math.hypot(b.east - a.east, b.north - a.north) / enlarged((a.east + b.east) / 2);
}

/** How much longer the projection shows a short line than it is: 0.9996 in the middle, more to the east and west. */
function enlarged(east) {
  const away = (east - 500000) / SCALE;
  return SCALE * (1 + away ** 2 / (2 * RADIUS ** 2));
}

const grouped = new Intl.NumberFormat("de-DE", { maximumFractionDigits: 0 });

/** '32 U 483.877 5.627.865', as on the pages; of Germany, the band T lies south of 48° N, U north of it. */
export function utmText(latlng, zone) {
  const { east, north } = utm(latlng, zone);
  return `${zone} ${latlng.lat < 48 ? "T" : "U"} ${grouped.format(east)} ${grouped.format(north)}`;
}

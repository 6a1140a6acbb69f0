// The features of one layer of a vector tile, ready to be drawn and to be found by a place.
// Coordinates are 4096 units to a side, x to the east, y to the south, whatever those of the tile are.

export const EXTENT = 4096;
const POINT = 1;
const POLYGON = 3;

const UUID = /^([0-9a-f]{8})-([0-9a-f]{4})-/;

/** The number that what has this UUID has in a tile (docs/tiles.md); null for another id. */
export function numberOf(id) {
  const [, ...digits] = UUID.exec(id) ?? [];
  return digits.length ? Number.parseInt(digits.join(""), 16) : null;
}

/** `layer` as @mapbox/vector-tile reads it; `key` is the property for which the number of a feature stands. */
export function featuresOf(layer, key) {
  const scale = EXTENT / layer.extent;
  const found = [];
  for (let index = 0; index < layer.length; index += 1) {
    const feature = layer.feature(index);
    const rings = feature.loadGeometry();
    if (rings.length) found.push(read(feature, rings, { key, scale }));
  }
  return found;
}

function read({ id, type, properties }, rings, { key, scale }) {
  const box = { west: Infinity, north: Infinity, east: -Infinity, south: -Infinity };
  for (const ring of rings) {
    for (const point of ring) {
      const x = (point.x *= scale);
      const y = (point.y *= scale);
      if (x < box.west) box.west = x;
      if (x > box.east) box.east = x;
      if (y < box.north) box.north = y;
      if (y > box.south) box.south = y;
    }
  }
  if (id !== undefined && key && properties.id === undefined) properties[key] ??= id;
  return {
    id: properties.id ?? id,
    properties,
    count: properties.point_count ?? 1,
    isPoint: type === POINT,
    isArea: type === POLYGON,
    rings,
    box,
    extent: Math.max(box.east - box.west, box.south - box.north),
  };
}

/** Adds a feature's lines to a path. */
export function trace(path, { rings, isArea }) {
  for (const ring of rings) {
    path.moveTo(ring[0].x, ring[0].y);
    for (let index = 1; index < ring.length; index += 1) path.lineTo(ring[index].x, ring[index].y);
    if (isArea) path.closePath();
  }
}

/** How far a place is from a feature; 0 within an area. Infinity where its box is farther than `most`. */
export function distance(feature, { x, y }, most) {
  const { west, east, north, south } = feature.box;
  if (x < west - most || x > east + most || y < north - most || y > south + most) return Infinity;
  let least = Infinity;
  let inside = false;
  for (const ring of feature.rings) {
    if (feature.isPoint) {
      for (const point of ring) least = Math.min(least, Math.hypot(point.x - x, point.y - y));
      continue;
    }
    for (let index = 1; index < ring.length; index += 1) {
      const [a, b] = [ring[index - 1], ring[index]];
      if (a.y > y !== b.y > y && x < ((b.x - a.x) * (y - a.y)) / (b.y - a.y) + a.x) inside = !inside;
      least = Math.min(least, toSegment(x, y, a, b));
    }
  }
  return feature.isArea && inside ? 0 : least;
}

function toSegment(x, y, a, b) {
  const [dx, dy] = [b.x - a.x, b.y - a.y];
  const length = dx * dx + dy * dy;
  const share = length ? Math.min(1, Math.max(0, ((x - a.x) * dx + (y - a.y) * dy) / length)) : 0;
  return Math.hypot(a.x + share * dx - x, a.y + share * dy - y);
}

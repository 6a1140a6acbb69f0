// Outlines and points on canvases, a tile each, and what lies at a place of them.

import { isTiny } from "./symbols.js";
import { distance, EXTENT, numberOf, trace } from "./tile-features.js";

const { L } = window;
const SIDE = 512; // CSS pixels of a tile; its data are those of the zoom before, whose tiles have 256
const UNITS = EXTENT / SIDE;
const BUSY = 8; // milliseconds of a frame that drawing may take
const BELOW = 9; // pixels between a point's sign and the middle of a text below it
const MARGIN = 16; // pixels beyond a tile of which it has the features too

/**
 * Its layers, from the ground up, are {id, symbols, opacity, hidden (numbers of rules), from, to (zooms)}.
 * Fires "settled" when all tiles in view have come, or have failed to.
 */
export class VectorLayer extends L.GridLayer {
  /** `mark` is the colour of what is looked at. */
  constructor(source, { mark, ...options }) {
    super({ tileSize: SIDE, keepBuffer: 1, updateWhenZooming: false, noWrap: true, ...options });
    Object.assign(this, { source, mark, layers: [], marked: null });
    this.tiles = new Map(); // canvas -> {coords, canvas, features, broken, asked, answered (numbers of fillings)}
    this.queue = new Set();
    this.on("tileunload", ({ tile }) => this.#unload(tile));
  }

  getEvents() {
    const own = { zoomend: () => this.redrawAll() };
    const { zoomend, ...events } = super.getEvents();
    return { ...events, zoomend: (event) => [zoomend?.call(this, event), own.zoomend()] };
  }

  setLayers(layers) {
    this.layers = layers;
    this.retry();
  }

  /** Asks for what is missing; resolves when it has come, or has failed to. */
  retry() {
    return Promise.allSettled([...this.tiles.values()].map((tile) => this.#fill(tile)));
  }

  /** Draws one feature in the colour of what is looked at: {id, collection}, or {id} of any; null for none. */
  setMarked(marked) {
    const changed = [this.marked, marked].filter(Boolean);
    this.marked = marked;
    for (const tile of this.tiles.values()) if (changed.some((each) => find(tile.features, each))) this.#later(tile);
  }

  redrawAll() {
    for (const tile of this.tiles.values()) this.#later(tile);
  }

  get isBroken() {
    return [...this.tiles.values()].some(({ broken }) => broken);
  }

  /** What is drawn within so many pixels of a place: [{layer, feature, latlng}], the uppermost and nearest first. */
  hits(latlng, tolerance) {
    if (this._tileZoom === undefined) return [];
    const scale = this.#scale(this._tileZoom);
    const place = this._map.project(latlng, this._tileZoom);
    const found = new Map();
    for (const { coords, features } of this.tiles.values()) {
      if (coords.z !== this._tileZoom) continue;
      const local = place.subtract(L.point(coords.x * SIDE, coords.y * SIDE));
      if (Math.min(local.x, local.y) < -MARGIN || Math.max(local.x, local.y) > SIDE + MARGIN) continue;
      const at = local.multiplyBy(UNITS);
      for (const [height, layer] of this.#shown().entries()) {
        for (const feature of features[layer.id] ?? []) {
          const rule = layer.symbols.ruleOf(feature.properties);
          if (layer.hidden.has(rule)) continue;
          const sign = feature.isPoint ? layer.symbols.radius(rule, feature) : 0;
          const most = ((tolerance + sign) / scale) * UNITS;
          const far = distance(feature, at, most);
          if (far > most) continue;
          const middle = feature.isPoint ? this.#latlng(coords, feature.rings[0][0]) : latlng;
          const key = `${layer.id}/${feature.id ?? middle}`;
          if (!(found.get(key)?.far <= far)) found.set(key, { layer, feature, latlng: middle, height, far });
        }
      }
    }
    return [...found.values()].sort((a, b) => b.height - a.height || a.far - b.far);
  }

  /**
   * The features in view of the layers that `among` has, but for groups: [{layer, feature, latlng, below}], the uppermost
   * first. `below` are the pixels from there to under a point's sign, 0 in the middle of what is no point.
   */
  inView(among) {
    if (this._tileZoom === undefined) return [];
    const bounds = this._map.getBounds();
    const tiles = [...this.tiles.values()].filter(({ coords }) => coords.z === this._tileZoom);
    const layers = this.#shown().reverse().filter(({ id }) => among.has(id));
    return layers.flatMap((layer) =>
      tiles.flatMap(({ coords, features }) =>
        (features[layer.id] ?? []).flatMap((feature) => {
          const rule = layer.symbols.ruleOf(feature.properties);
          if (feature.count > 1 || rule < 0 || layer.hidden.has(rule)) return [];
          const latlng = this.#latlng(coords, middleOf(feature));
          const below = feature.isPoint ? layer.symbols.radius(rule, feature) + BELOW : 0;
          return bounds.contains(latlng) ? [{ layer, feature, latlng, below }] : [];
        }),
      ),
    );
  }

  createTile(coords, done) {
    const canvas = document.createElement("canvas");
    canvas.width = canvas.height = 0;
    const tile = { coords, canvas, features: {}, broken: false, asked: 0, answered: 0 };
    this.tiles.set(canvas, tile);
    this.#fill(tile).then(
      () => done(null, canvas),
      (error) => done(error, canvas),
    );
    return canvas;
  }

  #unload(canvas) {
    const tile = this.tiles.get(canvas);
    this.tiles.delete(canvas);
    this.queue.delete(tile);
    canvas.width = canvas.height = 0; // Safari keeps the memory of canvases for long
    if (!tile) return;
    if (tile.asked !== tile.answered) this.source.drop(ofSource(tile.coords), this.#wanted(tile));
    tile.asked += 1; // what still comes for it comes too late
  }

  /** The ids of the layers that a tile may have to show. */
  #wanted({ coords: { z } }) {
    return this.layers.filter(({ from, to }) => from <= z + 0.5 && z - 0.5 <= to).map(({ id }) => id);
  }

  /** A filling that comes after a later one was asked for is of another day, or of other layers: it is not shown. */
  async #fill(tile) {
    const wanted = this.#wanted(tile);
    const before = this.isBroken;
    const turn = (tile.asked += 1);
    const isLate = () => turn !== tile.asked;
    try {
      const features = wanted.length ? await this.source.load(ofSource(tile.coords), wanted) : {};
      if (isLate()) return;
      Object.assign(tile, { features, broken: false });
      this.#later(tile);
    } catch (error) {
      if (!isLate()) tile.broken = error.name !== "AbortError";
      throw error;
    } finally {
      tile.answered = Math.max(tile.answered, turn);
      const waits = [...this.tiles.values()].some(({ asked, answered }) => asked !== answered);
      if (!waits || this.isBroken !== before) this.fire("settled");
    }
  }

  #later(tile) {
    if (this.queue.size === 0) requestAnimationFrame(() => this.#work());
    this.queue.add(tile);
  }

  #work() {
    const start = performance.now();
    for (const tile of this.queue) {
      this.queue.delete(tile);
      if (this._map) this.#draw(tile);
      if (performance.now() - start > BUSY) break;
    }
    if (this.queue.size) requestAnimationFrame(() => this.#work());
  }

  #draw({ coords, canvas, features }) {
    const layers = this.#shown().filter(({ id }) => features[id]?.length);
    const ratio = Math.min(window.devicePixelRatio || 1, 3);
    const side = layers.length ? Math.round(SIDE * this.#scale(coords.z) * ratio) : 0;
    canvas.width = canvas.height = side;
    if (!side) return;
    const context = canvas.getContext("2d");
    const size = side / EXTENT; // device pixels of a unit
    for (const layer of layers) {
      context.opacity = layer.opacity;
      const paths = new Map();
      const points = [];
      const tiny = [];
      for (const feature of features[layer.id]) {
        const rule = layer.symbols.ruleOf(feature.properties);
        if (rule < 0 || layer.hidden.has(rule)) continue;
        if (feature.isPoint) points.push([rule, feature]);
        else if (feature.isArea && isTiny((feature.extent * size) / ratio)) tiny.push([rule, feature.box]);
        else trace(pathOf(paths, rule, feature.isArea), feature);
      }
      context.setTransform(size, 0, 0, size, 0, 0);
      for (const { rule, areas, path } of [...paths.values()].sort((a, b) => b.rule - a.rule)) {
        layer.symbols.drawPath(context, rule, path, { unit: 1 / size, ratio, areas });
      }
      context.setTransform(1, 0, 0, 1, 0, 0);
      for (const [rule, { west, east, north, south }] of tiny) {
        layer.symbols.drawTiny(context, rule, ((west + east) / 2) * size, ((north + south) / 2) * size, ratio);
      }
      for (const [rule, feature] of points) {
        for (const [{ x, y }] of feature.rings) {
          if (feature.count > 1) layer.symbols.drawGroup(context, feature.count, x * size, y * size, ratio);
          else layer.symbols.drawPoint(context, rule, feature, x * size, y * size, ratio);
        }
      }
    }
    this.#mark(context, features, size, ratio);
  }

  #mark(context, features, size, ratio) {
    const found = this.marked && find(features, this.marked);
    if (!found) return;
    context.globalAlpha = 1;
    context.strokeStyle = this.mark;
    context.setTransform(size, 0, 0, size, 0, 0);
    context.lineWidth = (4 * ratio) / size;
    const path = new Path2D();
    if (found.isPoint || isTiny((found.extent * size) / ratio)) {
      const { west, east, north, south } = found.box;
      path.arc((west + east) / 2, (north + south) / 2, (11 * ratio) / size, 0, 2 * Math.PI);
    } else {
      trace(path, found);
    }
    context.stroke(path);
  }

  /** The layers that the present zoom shows. */
  #shown() {
    const zoom = this._map.getZoom();
    return this.layers.filter(({ from, to }) => from <= zoom && zoom <= to);
  }

  /** How many times larger than it is a tile of a zoom is shown. */
  #scale(zoom) {
    return this._map.getZoomScale(this._map.getZoom(), zoom);
  }

  #latlng({ x, y, z }, point) {
    return this._map.unproject(L.point(x * SIDE + point.x / UNITS, y * SIDE + point.y / UNITS), z);
  }
}

function find(features, { id, collection }) {
  const among = collection ? [features[collection] ?? []] : Object.values(features);
  const number = numberOf(id);
  return among.flat().find((feature) => feature.id === id || feature.id === number);
}

function middleOf({ isArea, box: { west, east, north, south }, rings: [ring] }) {
  return isArea ? { x: (west + east) / 2, y: (north + south) / 2 } : ring[Math.floor(ring.length / 2)];
}

const ofSource = ({ x, y, z }) => ({ x, y, z: z - 1 });

function pathOf(paths, rule, areas) {
  const key = `${rule}/${areas}`;
  if (!paths.has(key)) paths.set(key, { rule, areas, path: new Path2D() });
  return paths.get(key).path;
}

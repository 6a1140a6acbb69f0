// Vector tiles of several collections: each tile is asked for once, with all the collections that are still missing.

import { VectorTile } from "../vendor/modules/vector-tile.js";
import { PbfReader } from "../vendor/modules/pbf.js";
import { featuresOf } from "./tile-features.js";

const KEPT = 200; // tiles, the least used go first
const NEAR = 11; // zoom of a tile from which on plans are few enough to tell more than how each is drawn

export class TileSource {
  /**
   * `layers` by id, as of themes.py: {rules, key, tiles (what is asked of their features)}. Those of `dated` can be had as
   * of a day; of them is told from far out only what the rules ask for, and the number that their id begins with.
   */
  constructor(ogc, { dated = [], layers = {} } = {}) {
    Object.assign(this, { ogc, dated, layers, stand: null });
    this.tiles = new Map(); // "z/y/x" -> Map(collection -> promise of features)
    this.changed = new Set(); // collections of which the browser may still hold former tiles
    this.requests = new Set(); // {key, collections, controller} of what is on its way
  }

  /** {collection: features} for a tile. Rejects when a part does not come; what came is kept. */
  async load({ x, y, z }, collections) {
    const key = `${z}/${y}/${x}`;
    const tile = this.tiles.get(key) ?? new Map();
    this.tiles.delete(key);
    this.tiles.set(key, tile); // the newest at the end
    if (this.tiles.size > KEPT) this.tiles.delete(this.tiles.keys().next().value);
    const missing = collections.filter((name) => !tile.has(name));
    if (missing.length) {
      const whole = this.#fetch(key, missing);
      for (const name of missing) {
        const part = whole.then((layers) => layers[name] ?? []);
        part.catch(() => tile.get(name) === part && tile.delete(name));
        tile.set(name, part);
      }
    }
    const parts = await Promise.all(collections.map((name) => tile.get(name)));
    return Object.fromEntries(collections.map((name, index) => [name, parts[index]]));
  }

  /** An ISO day as of which plans are wanted; null: now. */
  setStand(stand) {
    if (stand === this.stand) return;
    this.stand = stand;
    this.tiles.clear();
    for (const { controller } of this.requests) controller.abort();
  }

  /** Gives up what is on its way for a tile with nothing but these collections, at which nobody looks any more. */
  drop({ x, y, z }, collections) {
    const key = `${z}/${y}/${x}`;
    for (const request of this.requests) {
      if (request.key !== key || !request.collections.every((name) => collections.includes(name))) continue;
      request.controller.abort();
      for (const name of request.collections) this.tiles.get(key)?.delete(name); // who comes back asks anew
    }
  }

  /** After data of collections have changed: what browser and page still have of them counts no more. */
  renew(collections) {
    for (const tile of this.tiles.values()) for (const name of collections) tile.delete(name);
    for (const name of collections) this.changed.add(name);
  }

  #fields(collection, zoom) {
    const { tiles = [], rules = [] } = this.layers[collection] ?? {};
    const qualified = (name) => `${collection}.${name}`;
    if (zoom >= NEAR || !this.dated.includes(collection)) return tiles.map(qualified);
    return tiles.filter((name) => rules.some(({ when }) => name in when)).map(qualified);
  }

  async #fetch(key, collections) {
    const properties = collections.flatMap((name) => this.#fields(name, Number.parseInt(key, 10)));
    const query = new URLSearchParams({ f: "mvt", pixels: 512, clusters: true, collections, properties });
    if (this.stand && collections.some((name) => this.dated.includes(name))) query.set("stand", this.stand);
    const request = { key, collections, controller: new AbortController() };
    this.requests.add(request);
    try {
      return await this.#read(`${this.ogc}/tiles/WebMercatorQuad/${key}?${query}`, {
        signal: request.controller.signal,
        cache: collections.some((name) => this.changed.has(name)) ? "no-cache" : "default",
      });
    } finally {
      this.requests.delete(request);
    }
  }

  async #read(url, options) {
    const response = await fetch(url, options);
    if (!response.ok) {
      await response.body?.cancel(); // unread, it would hold its connection
      throw new Error(`${url}: ${response.status}`);
    }
    const { layers } = new VectorTile(new PbfReader(new Uint8Array(await response.arrayBuffer())));
    return Object.fromEntries(Object.values(layers).map((layer) => [layer.name, featuresOf(layer, this.layers[layer.name]?.key)]));
  }
}

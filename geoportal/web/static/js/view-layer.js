// A collection drawn for the part of the world in view. Old requests are given up when the view moves on.

import { items } from "./features.js";

const MARGIN = 0.25; // of the view on each side, so that a small move needs no request

export class ViewLayer extends EventTarget {
  /** `draw(features)` makes a Leaflet layer. Fires "change". */
  constructor(map, { ogc, collection, minZoom = 0, visible = true, draw }) {
    super();
    Object.assign(this, { map, ogc, collection, minZoom, draw });
    this.features = [];
    this.more = false;
    this.state = "idle"; // idle, loading, ready, failed
    this.shown = visible;
    this.loadedBox = null;
    this.request = null;
    this.drawing = null;
    map.on("moveend", () => this.refresh());
  }

  get inRange() {
    return this.map.getZoom() >= this.minZoom;
  }

  setVisible(visible) {
    if (visible === this.shown) return;
    this.shown = visible;
    this.refresh();
  }

  /** Asks again although nothing moved, as after a failure; `anew`: the data have changed. */
  retry({ anew = false } = {}) {
    this.loadedBox = null;
    return this.refresh({ anew });
  }

  async refresh({ anew = false } = {}) {
    if (!this.shown || !this.inRange) {
      this.request?.abort();
      this.#replace(null);
      this.#become("idle");
      return;
    }
    const view = this.map.getBounds();
    if (this.loadedBox?.contains(view)) {
      if (!this.drawing) this.redraw();
      if (this.state !== "loading") this.#become("ready");
      return;
    }
    this.request?.abort();
    const request = new AbortController();
    this.request = request;
    this.#become("loading");
    const box = view.pad(MARGIN);
    try {
      const found = await items(this.ogc, this.collection, { box, signal: request.signal, anew });
      this.features = found.features;
      this.more = found.more;
      // What was cut off may lie inside a smaller view, so that must be asked for anew.
      this.loadedBox = found.more ? null : box;
      this.redraw();
      this.#become("ready");
    } catch (error) {
      if (error.name === "AbortError") return;
      this.loadedBox = null;
      this.#become("failed");
    }
  }

  redraw() {
    this.#replace(this.features.length ? this.draw(this.features) : null);
  }

  #replace(drawing) {
    // The new one first: the map never stands empty in between.
    drawing?.addTo(this.map);
    this.drawing?.remove();
    this.drawing = drawing;
  }

  #become(state) {
    this.state = state;
    this.dispatchEvent(new Event("change"));
  }
}

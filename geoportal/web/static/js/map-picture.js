// One picture of the plans and themes: the drawing after PlanZV, and outlines and points over or under it.
// The map has one of it; while two are compared, it has two in panes of their own.

import { PlanDrawing } from "./plan-drawing.js";
import { Symbols } from "./symbols.js";
import { ThemeLabels } from "./theme-labels.js";
import { TileSource } from "./tile-source.js";
import { VectorLayer } from "./vector-layer.js";

export const DRAWING = "planzeichnung";
const DRAWN = ["bebauungsplaene", "flaechennutzungsplaene", "planinhalte"]; // of these the drawing is made

export class MapPicture extends EventTarget {
  /** `page` is the page's data block, `pane(name)` makes a pane, the lowest first. Fires "change". */
  constructor(map, page, { pane, mark }) {
    super();
    Object.assign(this, { map, page });
    const layers = Object.fromEntries([...Object.values(page.plans), ...page.themes].map((layer) => [layer.id, layer]));
    this.source = new TileSource(page.ogc, { dated: Object.keys(page.plans), layers });
    const redraw = () => [this.below, this.above].forEach((each) => each.redrawAll());
    this.symbols = new Map(Object.entries(layers).map(([id, layer]) => [id, new Symbols(layer, redraw)]));
    this.below = new VectorLayer(this.source, { mark, pane: pane("below") });
    this.drawing = new PlanDrawing(map, { ogc: page.ogc, pane: pane("contents"), statuses: Object.keys(page.status) });
    this.above = new VectorLayer(this.source, { mark, pane: pane("above") });
    this.drawing.addEventListener("change", () => this.#changed());
    const labelled = page.themes.filter(({ label }) => label).map(({ id, label }) => [id, label]);
    this.labels = new ThemeLabels(map, new Map(labelled), pane("texts"));
    this.write = () => this.labels.write([this.above, this.below].filter((layer) => map.hasLayer(layer)));
    map.on("moveend", this.write);
    for (const layer of [this.below, this.above]) layer.on("settled", () => [this.write(), this.#changed()]);
  }

  /** `state` is a MapState. */
  show(state) {
    const { order, on, statuses, stand } = state;
    this.source.setStand(stand);
    this.drawing.show({ on: on.has(DRAWING), statuses, stand, withFp: on.has("flaechennutzungsplaene") });
    this.drawing.setOpacity(state.opacity(DRAWING));
    const drawnAt = order.indexOf(DRAWING);
    this.#fill(this.below, order.slice(0, drawnAt), state);
    this.#fill(this.above, order.slice(drawnAt + 1), state);
    this.write();
  }

  hits(latlng, tolerance) {
    return [this.above, this.below].flatMap((layer) => layer.hits(latlng, tolerance));
  }

  setMarked(marked) {
    for (const layer of [this.above, this.below]) layer.setMarked(marked);
  }

  get failed() {
    return this.drawing.failed || this.above.isBroken || this.below.isBroken;
  }

  retry() {
    this.drawing.retry();
    for (const layer of [this.above, this.below]) layer.retry();
  }

  /** After data of collections have changed; resolves when they are drawn, or could not be had. */
  renew(collections) {
    this.source.renew(collections);
    const drawn = DRAWN.some((id) => collections.includes(id)) ? [this.drawing.renew()] : [];
    return Promise.all([...drawn, ...[this.above, this.below].map((layer) => layer.retry())]);
  }

  remove() {
    this.drawing.show({ on: false, statuses: new Set(), withFp: false });
    for (const layer of [this.above, this.below]) layer.remove();
    this.map.off("moveend", this.write);
    this.labels.remove();
  }

  #fill(layer, ids, state) {
    const shown = ids.filter((id) => state.on.has(id)).map((id) => this.#layer(id, state));
    layer.setLayers(shown);
    if (shown.length === 0) layer.remove();
    else if (!this.map.hasLayer(layer)) layer.addTo(this.map);
  }

  #layer(id, state) {
    const symbols = this.symbols.get(id);
    const theme = this.page.themes.find((each) => each.id === id);
    const hides = ({ when }) => !theme && when.status !== undefined && !state.statuses.has(when.status);
    const hidden = new Set(symbols.rules.flatMap((rule, number) => (hides(rule) ? [number] : [])));
    return { id, symbols, hidden, opacity: state.opacity(id), from: theme?.minZoom ?? 0, to: theme?.maxZoom ?? 24 };
  }

  #changed() {
    this.dispatchEvent(new Event("change"));
  }
}

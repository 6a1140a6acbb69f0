// The plans as the map service paints them after PlanZV: Flächennutzungspläne, and nearer in Bebauungspläne instead.

const { L } = window;

const FP = "flaechennutzungsplaene";
const BP = "bebauungsplaene";
export const FP_FROM = 12; // zoom; farther out, the first view of the whole area needs no tile
export const BP_FROM = 15;
const CLOSEST = 19; // the last zoom of the map
// On a fine screen, the tiles of the next zoom at half their size. (Leaflet's own option would take the last zoom away.)
const SHARP = L.Browser.retina ? { tileSize: 128, zoomOffset: 1 } : {};

export class PlanDrawing extends EventTarget {
  /** `statuses` are all there are. Fires "change" when another thing is drawn, a tile does not come, or comes again. */
  constructor(map, { ogc, pane, statuses }) {
    super();
    Object.assign(this, { map, ogc, pane });
    this.current = statuses.filter((status) => status !== "archiviert");
    this.layers = new Map();
    this.missing = new Set(); // tiles that did not come
  }

  /** Draws plans of these states; `withFp`: Flächennutzungspläne also where Bebauungspläne are drawn, below
   *  them; `stand`: an ISO day as of which, or null for now.
   */
  show({ on, statuses, withFp, stand = null }) {
    const wanted = on ? this.#wanted(statuses, withFp, stand) : [];
    const keys = new Set(wanted.map(({ key }) => key));
    for (const [key, { layer }] of this.layers) {
      if (keys.has(key)) continue;
      layer.remove();
      this.layers.delete(key);
    }
    for (const each of wanted) {
      if (!this.layers.has(each.key)) this.layers.set(each.key, { ...each, layer: this.#tiles(each).addTo(this.map) });
    }
    this.dispatchEvent(new Event("change"));
  }

  /** What is drawn at the present zoom: [{collection, status}]; status null: all that may still matter. */
  get drawn() {
    const zoom = Math.round(this.map.getZoom()); // as Leaflet chooses the zoom of its tiles
    return [...this.layers.values()].filter(({ from, to }) => from <= zoom && zoom <= to);
  }

  get failed() {
    return this.missing.size > 0;
  }

  retry() {
    for (const { layer } of this.layers.values()) layer.redraw();
  }

  /** After plans have changed: draws anew, and not from what the browser has kept of the tiles in view. */
  async renew() {
    const shown = [...this.layers.values()].flatMap(({ layer }) => Object.values(layer._tiles).map(({ el }) => el.src));
    await Promise.allSettled(shown.filter(Boolean).map(async (src) => (await fetch(src, { cache: "no-cache" })).arrayBuffer()));
    this.retry();
  }

  /** Of the whole drawing, 0 to 1: where two plans lie over each other, the lower one does not show through. */
  setOpacity(opacity) {
    this.map.getPane(this.pane).style.opacity = String(opacity);
  }

  #wanted(statuses, withFp, stand) {
    // Not told a state, the service draws all that are not past, in one picture; of a state alone, only that one.
    const whole = this.current.every((status) => statuses.has(status));
    const asked = whole ? [null, ...[...statuses].filter((status) => !this.current.includes(status))] : [...statuses];
    const zooms = [
      { collection: FP, from: FP_FROM, to: withFp ? CLOSEST : BP_FROM - 1 },
      { collection: BP, from: BP_FROM, to: CLOSEST },
    ];
    return zooms.flatMap((each) => asked.map((status) => ({ ...each, status, stand, key: Object.values({ ...each, status, stand }).join() })));
  }

  #tiles({ collection, status, stand, from, to }) {
    const chosen = (status ? `&status=${encodeURIComponent(status)}` : "") + (stand ? `&stand=${stand}` : "");
    const url = `${this.ogc}/collections/${collection}/styles/planzv/map/tiles/WebMercatorQuad/{z}/{y}/{x}?f=webp${chosen}`;
    const zIndex = (collection === BP ? 2 : 0) + (status === "archiviert" ? 0 : 1); // what is past, below
    const layer = L.tileLayer(url, { pane: this.pane, minZoom: from, maxZoom: to, zIndex, ...SHARP });
    layer.on("tileerror", ({ tile }) => this.#note(() => this.missing.add(tile)));
    layer.on("tileunload", ({ tile }) => this.missing.has(tile) && this.#note(() => this.missing.delete(tile)));
    return layer;
  }

  #note(change) {
    const before = this.failed;
    change();
    if (before !== this.failed) this.dispatchEvent(new Event("change"));
  }
}

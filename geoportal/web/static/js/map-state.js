// What the map shows, apart from its section: which layers, in which order, how opaque, which legal states, as of which day.

export class MapState extends EventTarget {
  /** `order` are all layers from the ground up, `on` and `statuses` what is shown at first. Fires "change". */
  constructor({ order, on, statuses }) {
    super();
    this.usual = { order: [...order], on: new Set(on), statuses: new Set(statuses) };
    this.reset();
  }

  /** All as at the beginning. */
  reset() {
    this.order = [...this.usual.order];
    this.on = new Set(this.usual.on);
    this.statuses = new Set(this.usual.statuses);
    this.opacities = new Map(); // id -> 0.1 to 1, only where it is not 1
    this.basemap = ""; // "" for outlines only
    this.stand = null; // an ISO day; null: today
    this.beside = ""; // what it is compared with: a day, a basemap, "ohne"; "" for nothing
    this.plan = null; // the plan that is told about
    this.#changed();
  }

  opacity(id) {
    return this.opacities.get(id) ?? 1;
  }

  set(values) {
    Object.assign(this, values);
    this.#changed();
  }

  setOpacity(id, opacity) {
    if (opacity === 1) this.opacities.delete(id);
    else this.opacities.set(id, opacity);
    this.#changed();
  }

  /** Moves a layer up (1) or down (-1) among those that are shown. Returns whether it could. */
  move(id, step) {
    const shown = this.order.filter((each) => this.on.has(each));
    const other = shown[shown.indexOf(id) + step];
    if (other === undefined) return false;
    const [from, to] = [this.order.indexOf(id), this.order.indexOf(other)];
    this.order.splice(from, 1);
    this.order.splice(to, 0, id);
    this.#changed();
    return true;
  }

  #changed() {
    this.dispatchEvent(new Event("change"));
  }
}

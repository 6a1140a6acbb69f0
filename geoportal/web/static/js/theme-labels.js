// What the manifests of themes want written beside their objects: below a point, and in the middle of what is no point.

import { element } from "./dom.js";
import { showWhatFits } from "./labels.js";

const { L } = window;
const MOST = 150; // texts of a view; more of them nobody reads
const CROWD = 128; // pixels of the squares whose objects take turns, so that no corner of the view gets all texts
const OTHERS = ".map-label--gemeinde";

export class ThemeLabels {
  /** `fields` is a Map from the ids of themes to the fields that are written. */
  constructor(map, fields, pane) {
    Object.assign(this, { map, fields, pane });
    this.group = L.layerGroup().addTo(map);
    this.written = new Map(); // key -> tooltip
  }

  /** Writes beside what these VectorLayers show, the uppermost first, and nothing else any more. */
  write(layers) {
    const before = this.written;
    this.written = new Map();
    for (const { key, text, latlng, below } of this.#wanted(layers)) {
      this.written.set(key, (before.get(key) ?? this.#tooltip(text, below)).setLatLng(latlng));
    }
    for (const [key, tooltip] of before) if (!this.written.has(key)) this.group.removeLayer(tooltip);
    if (this.written.size === 0) return;
    for (const tooltip of this.written.values()) this.group.addLayer(tooltip);
    const around = [...this.map.getContainer().querySelectorAll(OTHERS)];
    showWhatFits([...this.written.values()], { around });
  }

  remove() {
    this.group.remove();
  }

  /** [{key, text, latlng, below}] */
  #wanted(layers) {
    const found = new Map();
    const crowds = new Map();
    for (const { layer, feature, latlng, below } of layers.flatMap((each) => each.inView(this.fields))) {
      const text = feature.properties[this.fields.get(layer.id)];
      if (text === undefined || text === "") continue;
      const key = `${layer.id}/${feature.id}/${text}`;
      if (found.has(key)) continue; // a feature that lies in several tiles
      const crowd = String(this.map.project(latlng).divideBy(CROWD).floor());
      const turn = crowds.get(crowd) ?? 0;
      crowds.set(crowd, turn + 1);
      found.set(key, { key, text: String(text), latlng, below, turn });
    }
    return [...found.values()].sort((a, b) => a.turn - b.turn).slice(0, MOST);
  }

  #tooltip(text, below) {
    const content = element("span", {}, text);
    return L.tooltip({
      permanent: true,
      direction: "center",
      offset: [0, below],
      pane: this.pane,
      className: "map-label map-label--theme",
      content,
    });
  }
}

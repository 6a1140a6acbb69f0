// What the manifests of themes want written beside their objects: below a point, and in the middle of what is no point.

import { element } from "./dom.js";
import { showWhatFits } from "./labels.js";

const { L } = window;
const MOST = 150; // texts of a view; more of them nobody reads
const OTHERS = ".map-label--gemeinde:not([hidden])";

export class ThemeLabels {
  /** `fields` is a Map from the ids of themes to the fields that are written. */
  constructor(map, fields, pane) {
    Object.assign(this, { map, fields, pane });
    this.group = L.layerGroup();
    this.written = new Map(); // key -> tooltip
  }

  /** Writes beside what these VectorLayers show, the uppermost first, and nothing else any more. */
  write(layers) {
    const before = this.written;
    this.written = new Map();
    for (const { layer, feature, latlng, below } of layers.flatMap((each) => each.inView(this.fields))) {
      if (this.written.size >= MOST) break;
      const text = feature.properties[this.fields.get(layer.id)];
      if (text === undefined || text === "") continue;
      const key = `${layer.id}/${feature.id}/${text}`;
      if (this.written.has(key)) continue; // a feature that lies in several tiles
      this.written.set(key, before.get(key) ?? this.#tooltip(String(text), below));
      this.written.get(key).setLatLng(latlng);
    }
    for (const [key, tooltip] of before) if (!this.written.has(key)) this.group.removeLayer(tooltip);
    for (const tooltip of this.written.values()) this.group.addLayer(tooltip);
    if (!this.map.hasLayer(this.group)) this.group.addTo(this.map);
    const around = [...this.map.getContainer().querySelectorAll(OTHERS)];
    showWhatFits([...this.written.values()], { around });
  }

  remove() {
    this.group.remove();
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

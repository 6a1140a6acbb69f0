// The key to the drawing of the plans: the symbols that occur in the present view, asked for only while it is unfolded.

import { element } from "./dom.js";
import { fetchJson } from "./features.js";
import { say } from "./words.js";

export class DrawingLegend {
  /** `root` is a <details> with a list and a paragraph for what there is to say; `drawing` is a PlanDrawing. */
  constructor(root, map, drawing) {
    Object.assign(this, { root, map, drawing });
    this.list = root.querySelector("ul");
    this.note = root.querySelector("p");
    this.request = null;
    this.asked = "";
    root.addEventListener("toggle", () => this.refresh());
    drawing.addEventListener("change", () => this.refresh());
    map.on("moveend", () => this.refresh());
  }

  async refresh() {
    if (!this.root.open) return;
    const addresses = this.drawing.drawn.map((each) => this.#address(each));
    if (this.asked === addresses.join()) return;
    this.asked = addresses.join();
    this.request?.abort();
    this.request = new AbortController();
    const { signal } = this.request;
    try {
      const legends = await Promise.all(addresses.map((address) => fetchJson(address, signal)));
      this.#show(legends.flatMap(({ entries }) => entries));
    } catch (error) {
      if (error.name === "AbortError") return;
      this.asked = "";
      this.list.replaceChildren();
      this.#tell(say("Die Zeichenerklärung lässt sich gerade nicht abrufen.", "The key cannot be had at the moment."));
    }
  }

  #address({ collection, status, stand }) {
    const query = new URLSearchParams({
      f: "json",
      lang: document.documentElement.lang,
      bbox: this.map.getBounds().toBBoxString(),
      ...(status ? { status } : {}),
      ...(stand ? { stand } : {}),
    });
    return `${this.drawing.ogc}/collections/${collection}/styles/planzv/legend?${query}`;
  }

  #show(entries) {
    const once = new Map(entries.map((entry) => [entry.id, entry]));
    this.list.replaceChildren(...[...once.values()].map(row));
    this.#tell(
      once.size
        ? say("Was im Ausschnitt vorkommt, nach der Planzeichenverordnung.", "What occurs in this view, after the Planzeichenverordnung.")
        : say("Im Ausschnitt ist nichts gezeichnet.", "Nothing is drawn in this view."),
    );
  }

  #tell(text) {
    if (this.note.textContent !== text) this.note.textContent = text; // it is heard whenever it is written
  }
}

/** As a picture of its own the symbol stays a picture, whatever stands in it. */
function row({ title, symbol }) {
  const src = `data:image/svg+xml,${encodeURIComponent(symbol)}`;
  return element("li", {}, element("img", { src, alt: "", width: 40, height: 20 }), title);
}

// The layers that are shown, the uppermost first, each with buttons that move it: for pointer and keyboard alike.

import { element } from "./dom.js";
import { say } from "./words.js";

export class LayerOrder {
  /** `root` is a <details> with an <ol>; `titles` by id. */
  constructor(root, state, { titles, announcer }) {
    Object.assign(this, { list: root.querySelector("ol"), state, titles, announcer });
    state.addEventListener("change", () => this.show());
    this.show();
  }

  show() {
    const shown = this.state.order.filter((id) => this.state.on.has(id)).reverse();
    if (this.told === shown.join()) return;
    this.told = shown.join();
    this.list.replaceChildren(...shown.map((id, place) => this.#row(id, place, shown.length)));
  }

  #row(id, place, number) {
    const title = this.titles[id];
    const button = (sign, step, name, off) =>
      element("button", { type: "button", class: "order__move", "aria-label": `${title}: ${name}`, "aria-disabled": off ? "true" : null, "data-step": step, onclick: () => this.#move(id, step) }, sign);
    return element(
      "li",
      { "data-layer": id },
      element("span", {}, title),
      button("↑", 1, say("nach oben", "up"), place === 0),
      button("↓", -1, say("nach unten", "down"), place === number - 1),
    );
  }

  #move(id, step) {
    if (!this.state.move(id, step)) return;
    const rows = [...this.list.children];
    const row = rows.find(({ dataset }) => dataset.layer === id);
    row.querySelector(`[data-step="${step}"]`).focus();
    const place = rows.indexOf(row) + 1;
    this.announcer.say(say(`${this.titles[id]}: Platz ${place} von ${rows.length}`, `${this.titles[id]}: place ${place} of ${rows.length}`));
  }
}

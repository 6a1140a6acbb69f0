// The things of themes in view, as lists beside the map: each list is fetched only while it is unfolded.

import { element } from "./dom.js";
import { rowsInView } from "./in-view.js";
import { nameOf } from "./place-card.js";
import { counted, say } from "./words.js";

export class ThemeLists extends EventTarget {
  /** Fires "select" {theme, feature}; `view()` gives the box that is in view. */
  constructor(root, { ogc, view }) {
    super();
    Object.assign(this, { root, ogc, view });
    this.lists = new Map();
  }

  /** The themes that the map shows now. Lists of others go. */
  show(themes) {
    this.root.hidden = themes.length === 0;
    const wanted = new Set(themes.map(({ id }) => id));
    for (const [id, { details }] of this.lists) {
      if (wanted.has(id)) continue;
      details.remove();
      this.lists.delete(id);
    }
    for (const theme of themes) if (!this.lists.has(theme.id)) this.#add(theme);
    for (const list of this.lists.values()) this.#refresh(list);
  }

  #add(theme) {
    const body = element("div", {});
    const details = element("details", { class: "theme-list" }, element("summary", {}, theme.title), body);
    const list = { theme, body, details, asked: "", request: null, rows: new Map() };
    details.addEventListener("toggle", () => this.#refresh(list));
    this.lists.set(theme.id, list);
    this.root.append(details);
  }

  async #refresh(list) {
    const box = this.view();
    if (!list.details.open || list.asked === box.toBBoxString()) return;
    list.asked = box.toBBoxString();
    list.request?.abort();
    list.request = new AbortController();
    const { theme, body } = list;
    const fields = new Set(theme.headline?.match(/(?<=\{)\w+(?=\})/g) ?? theme.popup.slice(0, 1));
    try {
      const { features, count } = await rowsInView(this.ogc, theme.id, box, { fields: [...fields], signal: list.request.signal });
      body.replaceChildren(element("p", { class: "count" }, total(features.length, count)), this.#rows(list, features));
    } catch (error) {
      if (error.name === "AbortError") return;
      list.asked = "";
      body.replaceChildren(element("p", {}, say("Die Liste lässt sich gerade nicht abrufen.", "The list cannot be had at the moment.")));
    }
  }

  #rows(list, features) {
    const select = (feature) => () => this.dispatchEvent(new CustomEvent("select", { detail: { theme: list.theme, feature } }));
    const row = (feature) =>
      element("li", {}, element("button", { type: "button", class: "view-list__plan", onclick: select(feature) }, nameOf(list.theme, feature.properties)));
    const before = list.rows;
    list.rows = new Map(features.map((feature) => [feature.id, before.get(feature.id) ?? row(feature)]));
    return element("ul", { class: "view-list" }, [...list.rows.values()]);
  }
}

function total(listed, count) {
  if (count === 0) return say("Nichts davon liegt im Ausschnitt.", "None of them lies in view.");
  if (count === null || count > listed) {
    const all = count === null ? say("mehr", "more") : counted(count, "", "").trim();
    return say(`Die ersten ${listed}; im Ausschnitt sind es ${all}.`, `The first ${listed}; in view there are ${all}.`);
  }
  return say(`${count} im Ausschnitt`, `${count} in view`);
}

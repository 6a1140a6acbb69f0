// The things of themes in view, as lists beside the map: each list is fetched only while it is unfolded.

import { element, replaceRows } from "./dom.js";
import { rowsInView } from "./in-view.js";
import { nameFields, nameOf } from "./place-card.js";
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

  /** After data of collections have changed: what was listed of them counts no more, nor what the browser has kept. */
  renew(collections) {
    for (const list of this.lists.values()) {
      if (!collections.has(list.theme.id)) continue;
      Object.assign(list, { asked: "", cache: "no-cache" });
      this.#refresh(list);
    }
  }

  #add(theme) {
    const [told, rows] = [element("p", { class: "count" }), element("ul", { class: "view-list" })];
    const details = element("details", { class: "theme-list" }, element("summary", {}, theme.title), told, rows);
    const list = { theme, told, list: rows, details, asked: "", cache: "default", request: null, rows: new Map() };
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
    const { theme, cache, request: { signal } } = list;
    try {
      const { features, count } = await rowsInView(this.ogc, theme.id, box, { fields: nameFields(theme), signal, cache });
      this.#fill(list, total(features.length, count), features);
    } catch (error) {
      if (error.name === "AbortError") return;
      list.asked = "";
      this.#fill(list, say("Die Liste lässt sich gerade nicht abrufen.", "The list cannot be had at the moment."), []);
    }
  }

  #fill(list, said, features) {
    const select = (feature) => () => this.dispatchEvent(new CustomEvent("select", { detail: { theme: list.theme, feature } }));
    const row = (feature) =>
      element("li", { "data-id": feature.id }, element("button", { type: "button", class: "view-list__plan", onclick: select(feature) }, nameOf(list.theme, feature.properties)));
    const before = list.rows;
    const keyOf = ({ id, properties }) => JSON.stringify([id, nameOf(list.theme, properties)]);
    list.rows = new Map(features.map((feature) => [keyOf(feature), before.get(keyOf(feature)) ?? row(feature)]));
    list.told.textContent = said;
    list.list.hidden = features.length === 0;
    replaceRows(list.list, list.rows);
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

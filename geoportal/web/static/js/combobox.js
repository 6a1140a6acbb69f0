// The search box as a combobox (WAI-ARIA APG, list autocomplete): suggestions while one types, all of it by keyboard.
// Without this script the box is a form that leads to the page of hits.

import { element } from "./dom.js";
import { fetchJson } from "./features.js";
import { counted, say } from "./words.js";

const WAIT = 180; // milliseconds of quiet before the server is asked
const LEAST = 2; // characters

export class Combobox extends EventTarget {
  /** `form` holds the box; fires "choose" {hit}. */
  constructor(form, announcer) {
    super();
    this.form = form;
    this.input = form.querySelector("input[type=search]");
    this.announcer = announcer;
    this.hits = [];
    this.active = -1;
    this.list = element("ul", { role: "listbox", id: "suggestions", class: "suggestions", "aria-label": say("Vorschläge", "Suggestions") });
    this.list.hidden = true;
    this.input.parentElement.append(this.list);
    for (const [name, value] of Object.entries({
      role: "combobox",
      "aria-autocomplete": "list",
      "aria-controls": "suggestions",
      "aria-expanded": "false",
    })) {
      this.input.setAttribute(name, value);
    }
    this.input.addEventListener("input", () => this.#later());
    this.input.addEventListener("keydown", (event) => this.#key(event));
    this.input.addEventListener("blur", () => this.#close());
    form.addEventListener("submit", (event) => this.#submit(event));
  }

  #later() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.#ask(), WAIT);
  }

  async #ask() {
    this.request?.abort();
    const question = this.input.value.trim();
    if (question.length < LEAST) return this.#show([], false);
    const request = new AbortController();
    this.request = request;
    try {
      const url = new URL(this.form.action);
      url.search = new URLSearchParams([...new FormData(this.form), ["f", "json"]]);
      const { hits } = await fetchJson(url, request.signal);
      this.asked = question;
      this.#show(hits, true);
    } catch (error) {
      if (error.name === "AbortError") return;
      this.#show([], true, say("Die Suche antwortet gerade nicht.", "The search does not answer at the moment."));
    }
  }

  /** `none`: what is said where nothing was found. */
  #show(hits, tell, none = say("Kein Treffer", "Nothing found")) {
    this.hits = hits;
    this.active = -1;
    this.input.removeAttribute("aria-activedescendant");
    this.list.replaceChildren(...hits.map((hit, index) => this.#option(hit, index)));
    if (tell && hits.length === 0) {
      this.list.append(element("li", { role: "option", "aria-disabled": "true", "aria-selected": "false", class: "suggestion suggestion--none" }, none));
    }
    const open = tell && document.activeElement === this.input;
    this.list.hidden = !open;
    this.input.setAttribute("aria-expanded", String(open));
    if (open) this.announcer.say(hits.length ? counted(hits.length, say("Vorschlag", "suggestion"), say("Vorschläge", "suggestions")) : none);
  }

  #option(hit, index) {
    const detail = [hit.label, hit.detail === hit.label ? "" : hit.detail].filter(Boolean).join(" · ");
    return element(
      "li",
      {
        role: "option",
        id: `suggestion-${index}`,
        class: "suggestion",
        "aria-selected": "false",
        // before the blur of the box would close the list
        onmousedown: (event) => event.preventDefault(),
        onclick: () => this.#choose(index),
      },
      element("span", { class: "suggestion__title" }, hit.title),
      element("span", { class: "suggestion__detail" }, detail),
    );
  }

  #key(event) {
    const open = !this.list.hidden;
    if (event.key === "Escape" && open) {
      this.#close();
    } else if ((event.key === "ArrowDown" || event.key === "ArrowUp") && this.hits.length) {
      if (!open) this.#show(this.hits, true);
      const step = event.key === "ArrowDown" ? 1 : -1;
      const count = this.hits.length + 1; // with the box itself, so that one comes back to what one wrote
      this.#mark(((this.active + 1 + step + count) % count) - 1);
    } else {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
  }

  #mark(index) {
    this.active = index;
    [...this.list.children].forEach((option, at) => option.setAttribute("aria-selected", String(at === index)));
    if (index < 0) return this.input.removeAttribute("aria-activedescendant");
    this.input.setAttribute("aria-activedescendant", `suggestion-${index}`);
    this.list.children[index].scrollIntoView({ block: "nearest" });
  }

  async #submit(event) {
    const question = this.input.value.trim();
    if (question.length < LEAST) return;
    event.preventDefault();
    clearTimeout(this.timer);
    if (this.asked !== question) await this.#ask();
    if (this.hits.length) this.#choose(Math.max(this.active, 0));
    else this.form.submit(); // the page of hits helps on
  }

  #choose(index) {
    const hit = this.hits[index];
    this.input.value = hit.title;
    this.asked = null;
    this.#close();
    this.dispatchEvent(new CustomEvent("choose", { detail: hit }));
  }

  #close() {
    clearTimeout(this.timer);
    this.list.hidden = true;
    this.active = -1;
    this.input.removeAttribute("aria-activedescendant");
    this.input.setAttribute("aria-expanded", "false");
  }
}

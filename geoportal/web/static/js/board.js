// The board beside the map (a sheet below it on a phone): the plans in view, or the answer for one place.

import { element, replaceRows } from "./dom.js";
import { counted, daysLeft, germanDate, pageUrl, planart, say } from "./words.js";

const KINDS = {
  bebauungsplaene: say("Bebauungsplan", "Local development plan"),
  flaechennutzungsplaene: say("Flächennutzungsplan", "Land-use plan"),
};

// On a phone the focus in a field brings up the keyboard, over the very list that somebody wants back.
const TOUCHED = window.matchMedia("(pointer: coarse)");
const callsKeyboard = (node) => TOUCHED.matches && node.matches("input");

export class Board extends EventTarget {
  /** Fires "select" {plan}, "hover" {plan or null}, "open" and "close". `page` is the page's data block. */
  constructor(root, page, announcer) {
    super();
    this.page = page;
    this.announcer = announcer;
    this.root = root;
    this.handle = root.querySelector(".board__handle");
    this.handleText = root.querySelector(".board__handle-text");
    this.answer = root.querySelector("#answer");
    this.inView = root.querySelector("#in-view");
    this.count = root.querySelector("#in-view-count");
    this.list = root.querySelector("#in-view-list");
    this.rows = new Map();
    this.handle.addEventListener("click", () => this.open(!this.isOpen));
    root.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && this.hasAnswer) this.close();
    });
  }

  get isOpen() {
    return this.handle.getAttribute("aria-expanded") === "true";
  }

  get hasAnswer() {
    return !this.answer.hidden;
  }

  open(open) {
    this.handle.setAttribute("aria-expanded", String(open));
    this.root.toggleAttribute("data-open", open);
    if (open) this.dispatchEvent(new Event("open"));
  }

  /** The plans in view, as a list that does all that the map does. `count` null: more than can be counted. */
  showInView(plans, { state, count }) {
    const heading = sentence(plans.length, state, count);
    this.root.setAttribute("aria-busy", String(state === "loading"));
    this.count.textContent = heading;
    if (state !== "loading" && !this.hasAnswer) this.announcer.sayState("in view", heading);
    this.handleText.textContent = heading;
    if (state === "loading") return; // the old list stays until the new one is there
    this.list.hidden = plans.length === 0;
    const before = this.rows;
    // a row stays as long as it says the same: on another day, or after a change, the same plan may be something else
    this.rows = new Map(plans.map((plan) => [keyOf(plan), before.get(keyOf(plan)) ?? this.#row(plan)]));
    const rest = count === null || count > plans.length ? [element("li", { class: "view-list__rest" }, say("Zoomen Sie heran, um die übrigen zu sehen.", "Zoom in to see the others."))] : [];
    replaceRows(this.list, this.rows, rest);
  }

  showLoading() {
    this.#showAnswer(say("Einen Augenblick …", "One moment …"), []);
  }

  /** `plans`: what the map itself knows to lie there, with the pages that may have been kept. */
  showFailure(retry, plans = []) {
    const again = element("button", { type: "button", class: "button button--quiet", onclick: retry }, say("Noch einmal", "Try again"));
    this.#showAnswer(say("Keine Antwort", "No answer"), [
      element("p", {}, say("Die Daten lassen sich gerade nicht abrufen. Bitte versuchen Sie es gleich noch einmal.", "The data cannot be had at the moment. Please try again shortly.")),
      again,
      ...(plans.length ? [element("p", { class: "board__several" }, say("Laut Karte liegt hier:", "According to the map there is here:")), element("ul", {}, plans.map((plan) => this.#link(plan)))] : []),
    ]);
  }

  #link({ id, properties: { name, status } }) {
    const { pathname, search } = pageUrl(this.page.planPage + encodeURIComponent(id));
    return element("li", {}, element("a", { href: pathname + search }, name), ` (${this.page.status[status].label})`);
  }

  /** `page` is the server's answer; its title becomes that of the panel. `places` are cards of what the map shows there. */
  showAnswer({ page, places }) {
    const title = page.querySelector("h1");
    title.remove();
    for (const card of page.querySelectorAll("[data-plan]")) {
      card.addEventListener("mouseenter", () => this.#fire("hover", { id: card.dataset.plan }));
      card.addEventListener("mouseleave", () => this.#fire("hover", null));
    }
    const several = places.length > 1 ? element("p", { class: "board__several" }, chooser(places.length)) : null;
    this.#showAnswer(title.textContent, [several, ...places, page].filter(Boolean));
    const plans = page.querySelectorAll(".card[data-plan]").length;
    const also = places.length ? `, ${counted(places.length, say("Ort", "place"), say("Orte", "places"))}` : "";
    this.announcer.say(`${title.textContent} ${counted(plans, say("Plan", "plan"), say("Pläne", "plans"))}${also}`);
  }

  /** One thing of a theme, as chosen from a list. */
  showPlace(title, card) {
    this.#showAnswer(title, [card]);
  }

  /** One plan, as chosen from the list. */
  showPlan(plan) {
    this.#showAnswer(say("Ausgewählter Plan", "Chosen plan"), [this.#card(plan)]);
  }

  close() {
    const hadFocus = this.root.contains(document.activeElement); // else somebody is busy elsewhere, as in the search
    this.answer.hidden = true;
    this.inView.hidden = false;
    this.dispatchEvent(new Event("close"));
    this.root.removeAttribute("data-answer");
    if (hadFocus) (this.returnTo?.isConnected && !callsKeyboard(this.returnTo) ? this.returnTo : this.count).focus();
  }

  #showAnswer(text, parts) {
    if (this.answer.hidden) this.returnTo = document.activeElement;
    const heading = element("h2", { tabindex: "-1", class: "answer__heading" }, text);
    const back = element("button", { type: "button", class: "answer__back", onclick: () => this.close() }, say("Zurück", "Back"));
    this.answer.replaceChildren(element("div", { class: "answer__bar" }, heading, back), ...parts);
    this.answer.hidden = false;
    this.inView.hidden = true;
    this.root.setAttribute("data-answer", "");
    this.open(true);
    this.root.querySelector(".board__content").scrollTop = 0;
    heading.focus({ preventScroll: true });
  }

  #row(plan) {
    const { name, gemeinde, status } = plan.properties;
    const tell = (hovered) => () => this.#fire("hover", hovered);
    return element(
      "li",
      { "data-id": plan.id },
      element(
        "button",
        {
          type: "button",
          class: `view-list__plan view-list__plan--${status}`,
          onclick: () => this.#fire("select", plan),
          onmouseenter: tell(plan),
          onmouseleave: tell(null),
          onfocus: tell(plan),
          onblur: tell(null),
        },
        element("span", { class: "view-list__name" }, name),
        element("span", { class: "view-list__facts" }, `${gemeinde ?? ""} · ${this.page.status[status].label}`),
      ),
    );
  }

  #card(plan) {
    const { properties, id, collection, documents = [], stand } = plan;
    const { status, auslegung_start_datum: start, auslegung_end_datum: end } = properties;
    const { today } = this.page;
    const running = start && end && start <= today && today <= end;
    const { pathname, search } = pageUrl(this.page.planPage + encodeURIComponent(id), { stand });
    const address = pathname + search;
    const tell = (hovered) => () => this.#fire("hover", hovered);
    return element(
      "article",
      { class: `card card--${status}`, onmouseenter: tell(plan), onmouseleave: tell(null) },
      element("p", { class: "card__kind" }, KINDS[collection]),
      element("h3", {}, element("a", { href: address }, properties.name)),
      element("p", {}, element("span", { class: `badge badge--${status}` }, this.page.status[status].label)),
      running
        ? element("p", { class: "note note--now" }, `${say("Jetzt mitreden bis", "Have your say until")} ${germanDate(end)} (${daysLeft(end, today)})`)
        : null,
      facts([
        [say("Nummer", "Number"), properties.nummer],
        [say("Gemeinde", "Municipality"), [properties.gemeinde, properties.ortsteil].filter(Boolean).join(", ")],
        [say("Planart", "Kind"), planart(properties.planart_text)],
        [say("Rechtsstand", "Legal state"), properties.rechtsstand_text],
        [say("Gültig seit", "Valid since"), properties.gueltig_von && germanDate(properties.gueltig_von)],
        [say("Gültig bis", "Valid until"), properties.gueltig_bis && germanDate(properties.gueltig_bis)],
        [say("Auslegung ab", "On display from"), start > today && germanDate(start)],
      ]),
      documents.length ? element("ul", { class: "documents" }, documents.map(documentRow)) : null,
      element("p", {}, more(address, properties.name)),
    );
  }

  #fire(name, plan) {
    this.dispatchEvent(new CustomEvent(name, { detail: plan }));
  }
}

const keyOf = ({ id, properties: { name, gemeinde, status } }) => JSON.stringify([id, name, gemeinde, status]);

const chooser = (count) => say(`Hier liegen ${count} Orte dicht beieinander:`, `There are ${count} places close together:`);

function sentence(listed, state, count) {
  const plans = counted(count ?? listed, say("Plan", "plan"), say("Pläne", "plans"));
  if (state === "failed") return listed ? `${plans}, ${say("vielleicht nicht alle", "perhaps not all")}` : say("Pläne nicht abrufbar", "Plans cannot be had");
  if (state === "loading" && listed === 0) return say("Pläne werden geladen …", "Loading plans …");
  if (count === 0) return say("Keine Pläne im Ausschnitt", "No plans in view");
  return `${count === null ? say("Mehr als ", "More than ") : ""}${plans} ${say("im Ausschnitt", "in view")}`;
}

function more(address, name) {
  const text = say("Alles zu diesem Plan", "All about this plan");
  return element("a", { class: "more", href: address, "aria-label": `${text}: ${name}` }, text);
}

function documentRow({ title, href, detail, external }) {
  const rel = external ? "external noopener noreferrer" : null;
  const shown = href ? element("a", { href, rel }, title) : element("span", {}, title);
  return element("li", {}, shown, " ", element("span", { class: "documents__detail" }, detail));
}

const facts = (rows) =>
  element(
    "dl",
    { class: "facts" },
    rows
      .filter(([, value]) => value)
      .map(([term, value]) => element("div", {}, element("dt", {}, term), element("dd", {}, value))),
  );

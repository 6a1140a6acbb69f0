// A thing of a theme in the panel: its name, and unfolded its own card, as the server draws it.

import { cardOf } from "./answer.js";
import { element } from "./dom.js";
import { say } from "./words.js";

/** "Leuchte {nummer}" with the properties of a feature; without a pattern, what the first field of the popup says. */
export function nameOf({ headline, popup, title }, properties) {
  const name = headline
    ? headline.replace(/\{(\w+)\}/g, (_, field) => properties[field] ?? "").trim()
    : properties[popup[0]];
  return String(name || title);
}

/** The properties of which nameOf() makes it. */
export const nameFields = ({ headline, popup }) => [...new Set(headline?.match(/(?<=\{)\w+(?=\})/g) ?? popup.slice(0, 1))];

/** `theme` as of themes.py, `feature` with id and properties; `open` unfolds it; `shown(feature)` is called whenever it is.
 *  `details` is the address of all cards.
 */
export function placeCard(theme, feature, { details, open = false, shown = () => undefined }) {
  const body = element("div", { class: "card__body" });
  const card = element(
    "details",
    { class: "card card--place", open, name: "places" },
    element("summary", {}, element("span", { class: "card__kind" }, theme.title), element("strong", {}, nameOf(theme, feature.properties))),
    body,
  );
  const fill = async () => {
    shown(feature);
    if (body.childNodes.length) return;
    body.append(element("p", {}, say("Einen Augenblick …", "One moment …")));
    try {
      body.replaceChildren(withoutTitle(await cardOf(details, theme.id, feature.id)));
    } catch {
      body.replaceChildren(element("p", {}, say("Die Angaben lassen sich gerade nicht abrufen.", "The details cannot be had at the moment.")));
      card.addEventListener("toggle", () => body.replaceChildren(), { once: true }); // unfolded again, it tries again
    }
  };
  card.addEventListener("toggle", () => card.open && fill());
  if (open) fill();
  return card;
}

/** Name and theme stand above already; what were sections of a page are parts of a card. */
function withoutTitle(card) {
  for (const told of card.querySelectorAll("h1, .plan-head__kind")) told.remove();
  for (const heading of card.querySelectorAll("h2")) {
    heading.replaceWith(element("h4", { id: heading.id || null }, heading.textContent));
  }
  return card;
}

// The sentences over the map: what became of a button, until the map is moved, and that a part of the map is missing, while it is.

import { element } from "./dom.js";
import { say } from "./words.js";

export class MapNote {
  /**
   * `root` has the role "status" and is there all the time, so that its paragraph is heard when it comes. `retry()` asks
   * again for what is missing; `leave()` takes the focus when the button for it goes.
   */
  constructor(root, { retry, leave }) {
    this.box = root.querySelector("p");
    this.leave = leave;
    this.told = element("span", { hidden: true });
    this.missing = element(
      "span",
      { hidden: true },
      say("Ein Teil der Karte fehlt: Die Daten lassen sich gerade nicht abrufen. ", "A part of the map is missing: the data cannot be had at the moment. "),
      element("button", { type: "button", onclick: retry }, say("Noch einmal", "Try again")),
    );
    this.box.append(this.told, " ", this.missing);
  }

  /** `text` null: nothing any more. */
  tell(text) {
    this.told.textContent = text;
    this.told.hidden = !text;
    this.#show();
  }

  showMissing(isMissing) {
    if (this.missing.hidden !== isMissing) return;
    const hadFocus = this.missing.contains(document.activeElement);
    this.missing.hidden = !isMissing;
    this.#show();
    if (hadFocus) this.leave();
  }

  #show() {
    this.box.hidden = this.told.hidden && this.missing.hidden;
  }
}

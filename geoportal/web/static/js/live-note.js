// Says in the theme tree that the map keeps itself up to date; politely, and to whoever listens at most once a minute.

import { say } from "./words.js";

const SPEAK_EVERY = 60_000; // milliseconds
const clock = new Intl.DateTimeFormat("de-DE", { timeStyle: "short" });

export class LiveNote {
  /** `root` holds the line that is seen and, in a role "status", the one that is heard. */
  constructor(root) {
    this.seen = root.querySelector("[data-seen]");
    this.heard = root.querySelector("[role=status]");
    this.spoke = -Infinity;
    this.root = root;
  }

  /** `titles`: of the layers that were just drawn anew. */
  tell(titles) {
    const at = clock.format(new Date());
    const text = say(`${titles.join(", ")}: aktualisiert um ${at} Uhr`, `${titles.join(", ")}: updated at ${at}`);
    this.root.hidden = false;
    this.seen.textContent = text;
    if (Date.now() - this.spoke < SPEAK_EVERY) return;
    this.spoke = Date.now();
    this.heard.textContent = text;
  }
}

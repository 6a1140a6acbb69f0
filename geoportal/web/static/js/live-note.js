// Says in the theme tree that the map keeps itself up to date; politely, and to whoever listens at most once a minute.

import { say } from "./words.js";

const SPEAK_EVERY = 60_000; // milliseconds
const clock = new Intl.DateTimeFormat("de-DE", { timeStyle: "short" });

export class LiveNote {
  /** `line` is the one in the theme tree. */
  constructor(line, announcer) {
    Object.assign(this, { line, announcer, spoke: -Infinity });
  }

  /** `titles`: of the layers that were just drawn anew. */
  tell(titles) {
    const at = clock.format(new Date());
    const text = say(`${titles.join(", ")}: aktualisiert um ${at} Uhr`, `${titles.join(", ")}: updated at ${at}`);
    this.line.hidden = false;
    this.line.textContent = text;
    if (Date.now() - this.spoke < SPEAK_EVERY) return;
    this.spoke = Date.now();
    this.announcer.say(text);
  }
}

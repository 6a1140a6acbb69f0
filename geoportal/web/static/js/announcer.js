// What screen readers hear of a page: one sentence after the other, and none takes away the one before it.

import { element } from "./dom.js";

const KEPT = 4; // sentences: the last ones stay, for readers that are not yet so far

export class Announcer {
  /** `root` has the role "status" and aria-atomic="false": of what is there, only what comes is spoken. */
  constructor(root) {
    Object.assign(this, { root, states: new Map() });
  }

  /** What became of something that the reader did; also the same again, when it was done again. */
  say(text) {
    this.root.append(element("p", {}, text));
    while (this.root.children.length > KEPT) this.root.firstElementChild.remove();
  }

  /** How something is that changes by itself: spoken only when it is not as it was told last. */
  sayState(name, text) {
    if (this.states.get(name) === text) return;
    this.states.set(name, text);
    this.say(text);
  }
}

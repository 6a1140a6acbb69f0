// Hears of data that change while the map is open. A stream of events where the server gives one, else it asks.

const ASK_EVERY = 30_000; // milliseconds
const KNOWN_TO_ALL = 1_200; // each process of the server looks for changes once a second: none gives former data any more
const SPREAD = 2_000; // not all open maps ask for the same data in the same instant

/** Fires "change" with the set of changed collections as its detail. Rests while nobody sees the page. */
export class Live extends EventTarget {
  constructor(address) {
    super();
    this.address = address;
    this.last = null; // the id of the last event that was heard
    this.source = null;
    this.timer = null;
    document.addEventListener("visibilitychange", () => (document.hidden ? this.#rest() : this.#listen()));
    window.addEventListener("pagehide", () => this.#rest());
    window.addEventListener("pageshow", () => document.hidden || this.#listen());
    if (!document.hidden) this.#listen();
  }

  #listen() {
    if (this.source || this.timer) return;
    const source = new EventSource(this.#since(this.address));
    this.source = source;
    source.addEventListener("changed", ({ lastEventId, data }) => this.#heard(lastEventId, JSON.parse(data)));
    source.addEventListener("error", () => {
      // a broken line is tried again by the browser; a closed one was refused, and then we ask
      if (source.readyState !== EventSource.CLOSED) return;
      this.source = null;
      this.#ask();
    });
  }

  async #ask() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.#ask(), ASK_EVERY + Math.random() * SPREAD);
    try {
      const response = await fetch(this.#since(`${this.address}.json`), { cache: "no-store" });
      if (!response.ok) return;
      const { id, changed } = await response.json();
      this.#heard(id, changed);
    } catch {
      // away for now; the map says so itself as soon as it needs data
    }
  }

  #heard(id, changed) {
    this.last = id;
    if (changed.length === 0) return;
    const tell = () => this.dispatchEvent(new CustomEvent("change", { detail: new Set(changed) }));
    setTimeout(tell, KNOWN_TO_ALL + Math.random() * SPREAD);
  }

  #rest() {
    this.source?.close();
    clearTimeout(this.timer);
    this.source = this.timer = null;
  }

  #since(address) {
    return this.last ? `${address}?seit=${encodeURIComponent(this.last)}` : address;
  }
}

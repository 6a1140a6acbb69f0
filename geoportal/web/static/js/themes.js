// The theme tree: plain check boxes whose state the map follows.

const SWITCHES = new Set(["status", "layer", "theme", "basemap"]);

export class ThemeTree extends EventTarget {
  /** Fires "change" after every switch. */
  constructor(root) {
    super();
    this.root = root;
    this.form = root.querySelector("form");
    this.form.addEventListener("change", ({ target }) => SWITCHES.has(target.name) && this.dispatchEvent(new Event("change")));
    this.form.addEventListener("submit", (event) => event.preventDefault());
    root.addEventListener("keydown", (event) => {
      if (event.key === "Escape") this.close();
    });
  }

  /** What of a MapState the switches say. Bebauungspläne have no switch of their own: their legal states are it. */
  state() {
    const on = new Set(["bebauungsplaene", ...this.on("layer"), ...this.on("theme")]);
    return { on, statuses: this.on("status"), basemap: [...this.on("basemap")][0] ?? "" };
  }

  /** The reverse. */
  show({ on, statuses, basemap }) {
    const shown = { status: statuses, layer: on, theme: on, basemap: new Set([basemap]) };
    for (const input of this.form.elements) if (SWITCHES.has(input.name)) input.checked = shown[input.name].has(input.value);
  }

  /** The switched-on values of one name: "status", "layer", "theme", "basemap". */
  on(name) {
    return new Set(new FormData(this.form).getAll(name));
  }

  close() {
    this.root.open = false;
    this.root.querySelector("summary").focus();
  }
}

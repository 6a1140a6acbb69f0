// The theme tree: plain check boxes whose state the map follows.

export class ThemeTree extends EventTarget {
  /** Fires "change" after every switch. */
  constructor(root) {
    super();
    this.root = root;
    this.form = root.querySelector("form");
    this.form.addEventListener("change", () => this.dispatchEvent(new Event("change")));
    this.form.addEventListener("submit", (event) => event.preventDefault());
    root.addEventListener("keydown", (event) => {
      if (event.key === "Escape") this.close();
    });
  }

  /** What of a MapState the switches say: {on, statuses}. Bebauungspläne are on while any of their legal states is. */
  state() {
    const statuses = this.on("status");
    return { on: new Set([...(statuses.size ? ["bebauungsplaene"] : []), ...this.on("layer"), ...this.on("theme")]), statuses };
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

// Two pictures beside each other, parted by a line that a slider moves: what is chosen on the left, what it is held against on the right.

import { MapPicture } from "./map-picture.js";
import { token } from "./drawing.js";
import { germanDate, say } from "./words.js";

const { L } = window;
const ISO_DAY = /^\d{4}-\d{2}-\d{2}$/;
const TITLE_GAP = 10; // pixels
export const BARE = "ohne"; // the map without the plans
const NOTHING = { hits: () => [] };

export class Comparison extends EventTarget {
  /** Fires "change" as its picture does. `panes` are {left, right}, which hold the pictures; `root` has the slider, the line and the two titles. */
  constructor(map, page, { state, panes, root, basemap }) {
    super();
    Object.assign(this, { map, page, state, panes, root, basemap });
    this.slider = root.querySelector("input");
    this.line = root.querySelector(".swipe__line");
    [this.leftTitle, this.rightTitle] = root.querySelectorAll(".swipe__title");
    this.shown = "";
    this.slider.addEventListener("input", () => this.#clip());
    map.on("move zoomend resize", () => this.#clip());
  }

  /** Follows the state: `state.beside` is a day, the id of a basemap, BARE, or "" for no comparison. */
  show() {
    const { beside, stand } = this.state;
    if (this.shown !== beside) {
      this.#end();
      this.shown = beside;
      if (beside && beside !== BARE) this.#begin(beside);
      this.root.hidden = !beside;
    }
    this.leftTitle.textContent = stand ? germanDate(stand) : say("Heute", "Today");
    if (this.picture) this.picture.show(Object.assign(Object.create(this.state), { stand: beside }));
    this.#clip();
  }

  /** The MapPictures of its own: one while two days are compared. */
  get pictures() {
    return this.picture ? [this.picture] : [];
  }

  /** What has the hits of a place, if it lies on the right; null for the left. */
  pictureAt(latlng) {
    const isRight = latlng && this.shown && this.map.latLngToContainerPoint(latlng).x > this.#x();
    return isRight ? (this.picture ?? NOTHING) : null;
  }

  #begin(beside) {
    if (ISO_DAY.test(beside)) {
      const pane = (name) => this.map.getPane(`${name}-beside`) ?? this.map.createPane(`${name}-beside`, this.panes.right);
      this.picture = new MapPicture(this.map, this.page, { pane: (name) => pane(name) && `${name}-beside`, mark: token("--mark") });
      this.picture.addEventListener("change", () => this.dispatchEvent(new Event("change")));
      this.rightTitle.textContent = germanDate(beside);
    } else {
      this.background = this.basemap(beside, "beside");
      this.background?.addTo(this.map);
    }
  }

  #end() {
    this.picture?.remove();
    this.background?.remove();
    this.picture = this.background = null;
    this.rightTitle.textContent = this.#title();
  }

  #title() {
    const basemap = this.page.basemaps.find(({ id }) => id === this.state.beside);
    return basemap?.title ?? say("Ohne Pläne", "Without plans");
  }

  #x() {
    return (this.slider.value / 100) * this.map.getSize().x;
  }

  #clip() {
    const [left, right] = [this.panes.left.style, this.panes.right.style];
    if (!this.shown) {
      left.clipPath = right.clipPath = "";
      return;
    }
    const x = this.#x();
    const size = this.map.getSize();
    const part = (from, to) => {
      const [a, b] = [L.point(from, 0), L.point(to, size.y)].map((point) => this.map.containerPointToLayerPoint(point));
      return `polygon(${a.x}px ${a.y}px, ${b.x}px ${a.y}px, ${b.x}px ${b.y}px, ${a.x}px ${b.y}px)`;
    };
    left.clipPath = part(0, x);
    right.clipPath = part(x, size.x);
    this.line.style.left = `${x}px`;
    this.leftTitle.style.right = `${size.x - x + TITLE_GAP}px`; // beside the line: at the edges, other things float
    this.rightTitle.style.left = `${x + TITLE_GAP}px`;
    this.slider.setAttribute("aria-valuetext", `${this.slider.value} %`);
  }
}

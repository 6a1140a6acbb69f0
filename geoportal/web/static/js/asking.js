// What was asked of the map, and where it is marked: a place, a plan of the list, a thing of a theme, a hit of the search.

import { answerOf, withDocuments } from "./answer.js";
import { element } from "./dom.js";
import { shapes, token } from "./drawing.js";
import { item } from "./features.js";
import { rowsInView } from "./in-view.js";
import { nameFields, nameOf, placeCard } from "./place-card.js";
import { counted, germanDate, pageUrl, say } from "./words.js";

const { L } = window;
const REACH = window.matchMedia("(pointer: coarse)").matches ? 14 : 6; // pixels between a click and what it means
const CLOSER = 2; // zooms into a group of points
const MOST = 30; // places at one spot

export class Asking {
  /** `picture(latlng)` is the MapPicture that shows a place; `narrow` tells whether the panel covers the map. */
  constructor(map, { board, announcer, page, state, picture, renderer, narrow }) {
    Object.assign(this, { map, board, announcer, page, state, picture, renderer, narrow });
    this.selection = L.layerGroup().addTo(map);
    this.request = null;
  }

  /** A click on the map: one on a group of points goes nearer, any other asks. */
  click(latlng) {
    const group = this.#themesAt(latlng).find(({ feature }) => feature.count > 1);
    if (group && this.map.getZoom() < this.map.getMaxZoom()) return this.#enter(group);
    return this.at(latlng);
  }

  /**
   * The answer for a place; `url` is that of its page where it has one, such as an address. `sought`: a thing of a theme
   * there, {theme, id}, that is told first, though the map may not have drawn it yet.
   */
  async at(latlng, url = this.#placeUrl(latlng), sought = null) {
    const places = sought ? [] : this.#themesAt(latlng);
    const signal = this.#ask();
    if (this.state.plan) this.state.set({ plan: null });
    this.markPlace(latlng);
    this.board.showLoading();
    this.#makeRoom(latlng);
    try {
      const things = sought ? this.#thing(sought, signal) : this.#eachOf(places, signal);
      const [page, found] = await Promise.all([answerOf(url, signal), things]);
      const cards = found.map(({ theme, feature }) =>
        placeCard(theme, feature, { details: this.page.details, open: found.length === 1, shown: ({ id }) => this.#mark(theme.id, id) }),
      );
      if (this.state.stand) page.querySelector("h1").after(element("p", { class: "note note--now" }, notThen(this.state.stand)));
      this.board.showAnswer({ page, places: cards });
      this.#makeRoom(latlng);
    } catch (error) {
      if (error.name !== "AbortError") this.board.showFailure(() => this.at(latlng, url, sought), this.#plansAt(latlng));
    }
  }

  /** A plan of the list. */
  async plan(row) {
    const signal = this.#ask();
    this.state.set({ plan: row.id });
    try {
      const [plan, { documents }] = await Promise.all([
        item(this.page.ogc, row.collection, row.id, { signal, stand: this.state.stand }),
        withDocuments(row, this.page.documents, signal),
      ]);
      this.#outline(plan);
      this.board.showPlan({ ...plan, collection: row.collection, documents, stand: this.state.stand });
    } catch (error) {
      if (error.name !== "AbortError") this.board.showFailure(() => this.plan(row), row.properties ? [row] : []);
    }
  }

  /** The plan that the address names, of whichever collection. */
  async planOfAddress() {
    const id = this.state.plan;
    for (const collection of Object.keys(this.page.plans)) {
      try {
        await item(this.page.ogc, collection, id, { stand: this.state.stand });
        return this.plan({ id, collection });
      } catch {
        // not of this collection, or not known
      }
    }
  }

  /** The panel is left: nothing is asked any more. */
  leave() {
    this.request?.abort();
    this.markPlace(null);
    if (this.state.plan) this.state.set({ plan: null });
  }

  /** A thing of a theme, as chosen from a list. */
  async place(theme, row) {
    const signal = this.#ask();
    try {
      const feature = await item(this.page.ogc, theme.id, row.id, { signal });
      this.#outline(feature);
      this.#mark(theme.id, row.id);
      this.board.showPlace(nameOf(theme, feature.properties), placeCard(theme, feature, { details: this.page.details, open: true }));
    } catch (error) {
      if (error.name !== "AbortError") this.board.showFailure(() => this.place(theme, row));
    }
  }

  /** A hit of the search: the map goes there, and where the place has an answer, it is told. */
  goTo({ lat, lon, zoom, title, kind, here, theme: name, key }) {
    const latlng = L.latLng(lat, lon);
    const theme = this.#theme(name);
    if (theme) this.state.set({ on: new Set([...this.state.on, name]) });
    this.map.setView(latlng, zoom, { animate: false });
    if (here || kind === "plan") return this.at(latlng, here ?? undefined, theme && { theme, id: key });
    if (this.board.hasAnswer) this.board.close();
    else this.leave();
    this.markPlace(latlng);
    this.announcer.say(say(`Die Karte zeigt ${title}.`, `The map shows ${title}.`));
    if (this.narrow.matches) this.board.open(false);
  }

  /** While the pointer moves over the map: what lies under it. Returns its name, or null. */
  nameAt(latlng) {
    const [hit] = this.picture(latlng).hits(latlng, REACH / 2);
    if (!hit) return null;
    const { layer, feature } = hit;
    const theme = this.#theme(layer.id);
    if (!theme) return feature.properties.name ?? null;
    return feature.count > 1 ? `${theme.title}: ${feature.count}` : nameOf(theme, feature.properties);
  }

  /** While pointer or keyboard rest on a plan of the board: {id}, or null for none. */
  hover(plan) {
    this.picture(null).setMarked(plan && { id: plan.id });
  }

  markPlace(latlng) {
    this.selection.clearLayers();
    this.picture(null).setMarked(null);
    if (!latlng) return;
    const ring = { renderer: this.renderer, pane: "selection", interactive: false, fill: false };
    L.circleMarker(latlng, { ...ring, radius: 9, color: "#fff", weight: 6 }).addTo(this.selection);
    L.circleMarker(latlng, { ...ring, radius: 9, color: token("--mark"), weight: 3 }).addTo(this.selection);
  }

  #ask() {
    this.request?.abort();
    this.request = new AbortController();
    return this.request.signal;
  }

  #theme(id) {
    return this.page.themes.find((theme) => theme.id === id);
  }

  #themesAt(latlng) {
    const hits = this.picture(latlng).hits(latlng, REACH);
    return hits.flatMap(({ layer, ...hit }) => (this.#theme(layer.id) ? [{ ...hit, theme: this.#theme(layer.id) }] : []));
  }

  #plansAt(latlng) {
    const hits = this.picture(latlng).hits(latlng, 0);
    return hits.flatMap(({ layer, feature }) => (layer.id in this.page.plans && feature.properties.name ? [feature] : []));
  }

  async #thing({ theme, id }, signal) {
    return [{ theme, feature: await item(this.page.ogc, theme.id, id, { signal }) }];
  }

  /** Those that stand for several, replaced by these: so near to each other that no zoom parts them. */
  async #eachOf(places, signal) {
    const parts = await Promise.all(
      places.map(async ({ theme, feature, latlng }) => {
        if (feature.count === 1) return [{ theme, feature }];
        const box = latlng.toBounds(10); // metres
        const { features } = await rowsInView(this.page.ogc, theme.id, box, { fields: nameFields(theme), signal });
        return features.map((each) => ({ theme, feature: each }));
      }),
    );
    return parts.flat().slice(0, MOST);
  }

  #enter({ theme, feature, latlng }) {
    this.map.setView(latlng, Math.min(this.map.getZoom() + CLOSER, this.map.getMaxZoom()));
    const things = counted(feature.count, theme.title, theme.title);
    this.announcer.say(say(`${things}: Die Karte ist herangezoomt.`, `${things}: the map has zoomed in.`));
  }

  #mark(collection, id) {
    this.picture(null).setMarked({ collection, id });
  }

  #outline(feature) {
    this.markPlace(null);
    const style = () => ({ color: token("--mark"), weight: 4, fill: false, radius: 9 });
    const drawn = shapes([feature], { renderer: this.renderer, pane: "selection", style }).addTo(this.selection);
    this.map.fitBounds(drawn.getBounds(), { maxZoom: 17, ...this.#room() });
  }

  #placeUrl({ lat, lng }) {
    return pageUrl(this.page.here, { lon: lng.toFixed(6), lat: lat.toFixed(6) });
  }

  /** What covers the map: on a phone the sheet lies over its foot, the legend's switch over its top. */
  #room() {
    const [top, bottom] = this.narrow.matches ? [140, 0.66 * this.map.getSize().y] : [40, 40];
    return { paddingTopLeft: [40, top], paddingBottomRight: [40, bottom] };
  }

  #makeRoom(latlng) {
    if (this.narrow.matches) this.map.panInside(latlng, this.#room());
  }
}

const notThen = (day) =>
  say(
    `Diese Auskunft gilt für heute. Die Karte zeigt die Pläne mit Stand vom ${germanDate(day)}.`,
    `This answer is for today. The map shows the plans as of ${germanDate(day)}.`,
  );

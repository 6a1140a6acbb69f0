// "What applies here?": the server's page for the place without its frame, and the features of themes beside it.

import { fetchJson, items } from "./features.js";

const MOST = 50;
const MOST_DETAILED = 5;
const POINT_REACH = 14; // pixels around the point

/** {page: the node of the answer, places: [{theme, feature, details?}]}; `url` is that of the answer. Rejects like items(). */
export async function ask(map, latlng, { url, ogc, details, themes, signal }) {
  const around = { box: boxAround(map, latlng, POINT_REACH), limit: MOST, signal };
  const [page, ...found] = await Promise.all([
    part(url, "#hier", signal),
    ...themes.map((theme) => items(ogc, theme.id, around)),
  ]);
  const places = found.flatMap(({ features }, index) => features.map((feature) => ({ theme: themes[index], feature })));
  return { page, places: await withDetails(places, details, signal) };
}

/** The answer for plans that are known already, as from the list. */
export async function withDocuments(plans, documents, signal) {
  if (plans.length === 0) return plans;
  const query = new URLSearchParams(plans.slice(0, MOST).map(({ id }) => ["plan", id]));
  const found = await fetchJson(`${documents}?${query}`, signal);
  return plans.map((plan) => ({ ...plan, documents: found[plan.id] ?? [] }));
}

export const named = (features, collection) => features.map((feature) => ({ ...feature, collection }));

/** The features' own cards, drawn by the server: what is told of each at this moment, and what its sensors told. */
function withDetails(places, address, signal) {
  return Promise.all(
    places.map(async (place, index) => {
      if (index >= MOST_DETAILED) return place;
      const url = new URL(`${address}${place.theme.id}/${encodeURIComponent(place.feature.id)}`, window.location.href);
      if (document.documentElement.lang === "en") url.searchParams.set("lang", "en");
      try {
        return { ...place, details: await part(url, "#objekt", signal) };
      } catch (error) {
        if (error.name === "AbortError") throw error;
        return place; // the features' fields are known without it
      }
    }),
  );
}

/** A node of another page of ours. The browser parses it as a document of its own, in which no script ever runs. */
function part(url, selector, signal) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    const fail = (name) => reject(Object.assign(new Error(`${url}: ${request.status}`), { name }));
    request.open("GET", url);
    request.responseType = "document";
    request.addEventListener("load", () => {
      const node = request.status === 200 ? request.response?.querySelector(selector) : null;
      if (node) resolve(document.adoptNode(node));
      else fail("ServiceError");
    });
    request.addEventListener("error", () => fail("ServiceError"));
    request.addEventListener("abort", () => fail("AbortError"));
    signal.addEventListener("abort", () => request.abort());
    request.send();
  });
}

function boxAround(map, latlng, pixels) {
  const centre = map.latLngToContainerPoint(latlng);
  return window.L.latLngBounds(
    map.containerPointToLatLng(centre.add([-pixels, pixels])),
    map.containerPointToLatLng(centre.add([pixels, -pixels])),
  );
}

// What lies in the view, as the server counts and orders it: the list that is equal to the map.

import { fetchJson } from "./features.js";

const MOST = 100; // rows of a list

/**
 * The first rows of a collection within a Leaflet LatLngBounds: {features, count}; without geometries. `count` is null
 * where the server does not count, and there are more. `states` are those of plans that are wanted; `stand` is a day,
 * `cache` that of fetch().
 * Rejects like items().
 */
export async function rowsInView(ogc, collection, box, { fields, order, states, stand, signal, cache }) {
  const query = new URLSearchParams({
    f: "json",
    limit: MOST,
    bbox: box.toBBoxString(),
    skipGeometry: true,
    properties: fields.join(),
    ...(order ? { sortby: order.join() } : {}),
    ...(states ? { filter: `status IN (${states.map((state) => `'${state}'`).join()})` } : {}),
    ...(stand ? { stand } : {}),
  });
  const { features, numberMatched, links } = await fetchJson(`${ogc}/collections/${collection}/items?${query}`, signal, cache);
  const whole = !links.some(({ rel }) => rel === "next");
  return { features: features.map((each) => ({ ...each, collection })), count: numberMatched ?? (whole ? features.length : null) };
}

/** Plans of several collections in one list: {plans, count (null: more than there are rows)}. */
export async function plansInView(ogc, collections, box, { states, stand, signal, cache }) {
  if (states.length === 0) return { plans: [], count: 0 };
  const fields = ["name", "gemeinde", "status"];
  const asked = { fields, order: ["gemeinde", "name"], states, stand, signal, cache };
  const found = await Promise.all(collections.map((collection) => rowsInView(ogc, collection, box, asked)));
  const counts = found.map(({ count }) => count);
  return {
    plans: found.flatMap(({ features }) => features),
    count: counts.includes(null) ? null : counts.reduce((sum, each) => sum + each, 0),
  };
}

// Reads features from the OGC API. The server's largest page is 1000 features.

const PAGE = 1000;

class ServiceError extends Error {}

/**
 * The features of a collection: {features, more}; `more` is true when the box holds more than one page.
 * `box` is a Leaflet LatLngBounds. Rejects with ServiceError, or with AbortError after an abort.
 */
export async function items(ogc, collection, { box, signal, limit = PAGE, ...filters } = {}) {
  const query = new URLSearchParams({ f: "json", limit, ...filters });
  if (box) query.set("bbox", box.toBBoxString());
  const answer = await fetchJson(`${ogc}/collections/${collection}/items?${query}`, signal);
  // not by numberMatched, which is left out where counting would take long
  return { features: answer.features, more: answer.links.some(({ rel }) => rel === "next") };
}

/** One feature by its id, as it was public on a day if `stand` is one; rejects like items(). */
export function item(ogc, collection, id, { signal, stand } = {}) {
  const then = stand ? `&stand=${stand}` : "";
  return fetchJson(`${ogc}/collections/${collection}/items/${encodeURIComponent(id)}?f=json${then}`, signal);
}

export async function fetchJson(url, signal, cache = "default") {
  let response;
  try {
    response = await fetch(url, { signal, cache, headers: { accept: "application/geo+json, application/json" } });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ServiceError("offline");
  }
  if (!response.ok) {
    await response.body?.cancel(); // unread, it would hold its connection
    throw new ServiceError(`status ${response.status}`);
  }
  return response.json();
}

// "What applies here?": everything published at a point, asked of the server, whatever the map happens to show.

import { fetchJson, items } from "./features.js";

const MOST = 50;
const REACH = { fine: 3, coarse: 10 }; // pixels around the point, for a mouse and for a finger
const POINT_REACH = 14;

// The binding plan before the preparatory one; of each, what applies now comes first.
const STATES = ["in_kraft", "in_aufstellung", "unbekannt", "archiviert"];

/** {plans: [feature with .collection and .documents], places: [{theme, feature}]}; rejects like items(). */
export async function ask(map, latlng, { ogc, documents, themes, signal }) {
  const reach = window.matchMedia("(pointer: coarse)").matches ? REACH.coarse : REACH.fine;
  const near = { box: boxAround(map, latlng, reach), limit: MOST, signal };
  const around = { box: boxAround(map, latlng, POINT_REACH), limit: MOST, signal };
  const [bp, fp, ...found] = await Promise.all([
    items(ogc, "bebauungsplaene", near),
    items(ogc, "flaechennutzungsplaene", near),
    ...themes.map((theme) => items(ogc, theme.id, around)),
  ]);
  const plans = [...named(bp.features, "bebauungsplaene"), ...named(fp.features, "flaechennutzungsplaene")];
  plans.sort((a, b) => compare(a.collection, b.collection) || state(a) - state(b));
  return {
    plans: await withDocuments(plans, documents, signal),
    places: found.flatMap(({ features }, index) => features.map((feature) => ({ theme: themes[index], feature }))),
  };
}

/** The same answer for plans that are known already, as from the list. */
export async function withDocuments(plans, documents, signal) {
  if (plans.length === 0) return plans;
  const query = new URLSearchParams(plans.slice(0, MOST).map(({ id }) => ["plan", id]));
  const found = await fetchJson(`${documents}?${query}`, signal);
  return plans.map((plan) => ({ ...plan, documents: found[plan.id] ?? [] }));
}

export const named = (features, collection) => features.map((feature) => ({ ...feature, collection }));

const compare = (a, b) => a.localeCompare(b);
const state = ({ properties }) => STATES.indexOf(properties.status);

function boxAround(map, latlng, pixels) {
  const centre = map.latLngToContainerPoint(latlng);
  return window.L.latLngBounds(
    map.containerPointToLatLng(centre.add([-pixels, pixels])),
    map.containerPointToLatLng(centre.add([pixels, -pixels])),
  );
}

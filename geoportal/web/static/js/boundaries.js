// The base map: outlines of the Gemeinden with their names.

import { shapes, token } from "./drawing.js";
import { items } from "./features.js";
import { label, showWhatFits } from "./labels.js";

const NAMES_UNTIL = 14; // zoom; nearer, the plans say where one is

export async function drawBoundaries(map, ogc, renderer) {
  const { features } = await items(ogc, "gemeinden");
  const layer = shapes(features, {
    renderer,
    pane: "gemeinden",
    style: ({ teilnehmer }) => ({
      color: token("--gemeinde-line"),
      weight: 1.2,
      fillColor: token(teilnehmer ? "--gemeinde-fill" : "--gemeinde-fill-other"),
      fillOpacity: 1,
    }),
  }).addTo(map);
  const named = (shape) => label(shape, shortName(shape.feature.properties), "map-label--gemeinde");
  const names = layer.getLayers().map(named);
  const adjust = () => showWhatFits(names, { none: map.getZoom() > NAMES_UNTIL });
  map.on("zoomend", adjust);
  adjust();
  return layer;
}

/** "Wetter (Hessen)" -> "Wetter": on a map of Hessen nobody asks which. */
const shortName = ({ name }) => name.replace(/ \(.*\)$/, "");

// The contents of one plan for the small map on its page, near to the colours of PlanZV: filled areas first, then what lies over them, lines and labels last.

import { shapes, token } from "./drawing.js";
import { label, showWhatFits } from "./labels.js";

const LABELS_FROM = 16; // zoom
const WHOLE_LABELS_FROM = 18; // farther out, only the kind (WA), without the measures
const MOST_LABELS = 150;

// From the ground up; a group that is not named here is drawn as "sonstiges".
const ORDER = [
  "wald_landwirtschaft",
  "gruen",
  "gewaesser",
  "verkehr",
  "baugebiet",
  "gemeinbedarf_spiel_sport",
  "versorgung",
  "sonstiges",
  "natur_ausgleich",
  "schutz_denkmal",
  "ueberbaubare_flaeche",
  "baulinie_baugrenze",
  "grenze",
];
const OVERLAYS = new Set(ORDER.slice(ORDER.indexOf("natur_ausgleich")));
const DASHES = { natur_ausgleich: "6 3", schutz_denkmal: "2 3", baulinie_baugrenze: "8 3 2 3", grenze: "10 4" };
// What PlanZV 1.1 to 1.4 tells apart by colour, known by the first word of the label: WA, MI, GE, SO.
const BAUGEBIETE = { W: "-wohnen", M: "-mischen", G: "-gewerbe", S: "-sonder" };
const MEASURES = new Set(["GRZ", "GFZ"]); // a label without a kind begins with one of these
// Asked for alone: the whole objects are ten times as large.
export const CONTENTS_PROPERTIES = "gruppe,beschriftung,status";

export function drawContents(features, { renderer, zoom }) {
  const drawn = features
    .filter(({ properties }) => properties.gruppe !== "praesentation")
    .sort((a, b) => rank(a.properties) - rank(b.properties));
  const layer = shapes(drawn, { renderer, pane: "contents", style });
  if (zoom >= LABELS_FROM) addLabels(layer, zoom);
  return layer;
}

function style({ gruppe, beschriftung }) {
  const known = ORDER.includes(gruppe) ? gruppe : "sonstiges";
  const colour = token(`--gruppe-${known}${known === "baugebiet" ? kindOf(beschriftung) : ""}`);
  const overlay = OVERLAYS.has(known);
  return {
    color: overlay ? colour : token("--contents-line"),
    weight: overlay ? 1.8 : 0.7,
    dashArray: DASHES[known] ?? null,
    fillColor: colour,
    fillOpacity: overlay ? 0.07 : 0.75,
  };
}

function kindOf(beschriftung) {
  const [first] = beschriftung?.split(" ") ?? [""];
  return (MEASURES.has(first) ? null : BAUGEBIETE[first[0]]) ?? "";
}

const rank = ({ gruppe }) => ORDER.indexOf(gruppe);

function addLabels(layer, zoom) {
  const labels = [];
  layer.eachLayer((shape) => {
    const { beschriftung, gruppe } = shape.feature.properties;
    if (!beschriftung || gruppe !== "baugebiet" || !shape.getCenter || labels.length === MOST_LABELS) return;
    const [kind, ...measures] = beschriftung.split(" ");
    const text = zoom >= WHOLE_LABELS_FROM ? `${kind}\n${measures.join(" ")}` : kind;
    labels.push(label(shape, text, "map-label--contents"));
  });
  layer.on("add", () => showWhatFits(labels));
}

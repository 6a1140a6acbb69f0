// How the map says things in German.

const longDate = new Intl.DateTimeFormat("de-DE", { dateStyle: "long", timeZone: "UTC" });
const number = new Intl.NumberFormat("de-DE");
const DAY = 86_400_000;

/** "2026-03-01" -> "1. März 2026" */
export const germanDate = (iso) => longDate.format(new Date(iso));

export const counted = (n, one, many) => `${number.format(n)} ${n === 1 ? one : many}`;

/** From one ISO day to another: "endet heute", "noch 1 Tag", "noch 12 Tage". */
export function daysLeft(end, today) {
  const days = Math.round((new Date(end) - new Date(today)) / DAY);
  return days === 0 ? "endet heute" : `noch ${counted(days, "Tag", "Tage")}`;
}

/** The official labels shorten the words that citizens know. */
export const planart = (label) => label?.replace("BPlan", "Bebauungsplan").replace("FPlan", "Flächennutzungsplan");

/** The value of a field as its manifest describes it: {type, codes}. */
export function fieldValue(value, { type, codes }) {
  if (codes[value] !== undefined) return codes[value];
  if (type === "date" || type === "datetime") return germanDate(value);
  if (type === "boolean") return value ? "ja" : "nein";
  return typeof value === "number" ? number.format(value) : String(value);
}

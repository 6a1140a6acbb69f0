// How the map says things, in the language of its page.

const english = document.documentElement.lang === "en";
const locale = english ? "en-GB" : "de-DE";
const longDate = new Intl.DateTimeFormat(locale, { dateStyle: "long", timeZone: "UTC" });
const number = new Intl.NumberFormat(locale);
const DAY = 86_400_000;

/** The one of two sentences that the reader asked for. */
export const say = (german, inEnglish) => (english ? inEnglish : german);

/** "2026-03-01" -> "1. März 2026" */
export const germanDate = (iso) => longDate.format(new Date(iso));

/** The address of a page of ours in the language of this one; parameters that are null are left out. */
export function pageUrl(path, parameters = {}) {
  const url = new URL(path, window.location.href);
  for (const [name, value] of Object.entries({ ...parameters, lang: english ? "en" : null })) {
    if (value !== null && value !== undefined) url.searchParams.set(name, value);
  }
  return url;
}

/** 1.26 -> "1,3", 2 -> "2" */
export const tenths = (value) => number.format(Math.round(value * 10) / 10);

export const counted = (n, one, many) => `${number.format(n)} ${n === 1 ? one : many}`;

/** From one ISO day to another: "endet heute", "noch 1 Tag", "noch 12 Tage". */
export function daysLeft(end, today) {
  const days = Math.round((new Date(end) - new Date(today)) / DAY);
  if (days === 0) return say("endet heute", "ends today");
  return say(`noch ${counted(days, "Tag", "Tage")}`, `${counted(days, "day", "days")} left`);
}

/** The official labels shorten the words that citizens know. */
export const planart = (label) => label?.replace("BPlan", "Bebauungsplan").replace("FPlan", "Flächennutzungsplan");

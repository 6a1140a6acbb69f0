// How far the check of a delivery is: told by the server, and the page anew when it is done.

const place = document.getElementById("progress");
const bar = place.querySelector("progress");
const said = document.getElementById("progress-said");
const WORDS = { waiting: "Wartet auf die Prüfung", reading: "Wird gelesen und geprüft", saving: "Wird gespeichert", done: "Fertig" };
const source = new EventSource(place.dataset.source);

source.addEventListener("message", ({ data }) => {
  const { state, step, percent } = JSON.parse(data);
  bar.value = percent;
  said.textContent = WORDS[step] ?? "";
  if (state !== "received" && state !== "checking") {
    source.close();
    location.reload();
  }
});
// Too many listeners, or a proxy that does not like them: then the page is asked anew now and then.
source.addEventListener("error", () => {
  if (source.readyState === EventSource.CLOSED) setTimeout(() => location.reload(), 5000);
});

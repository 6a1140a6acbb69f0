// Says on the page that a part of it comes from what was kept on this device, and of which day the oldest part is.

const english = document.documentElement.lang === "en";
const note = document.querySelector(".kept") ?? made();
let oldest = note.dataset.kept; // a page that was kept says of which day it is

navigator.serviceWorker?.addEventListener("message", ({ data }) => {
  if (!data?.kept || oldest <= data.kept) return;
  oldest = data.kept;
  const day = new Date(oldest).toLocaleString(english ? "en-GB" : "de-DE", { dateStyle: "long", timeStyle: "short" });
  note.textContent = english
    ? `Without a network: parts of this page are of ${day}. Something else may apply by now.`
    : `Ohne Netz: Teile dieser Seite sind vom ${day} Uhr. Inzwischen kann anderes gelten.`;
});

/** Empty, it is not seen; but it is there before there is something to say, so that screen readers hear it. */
function made() {
  const node = document.createElement("p");
  node.className = "kept";
  node.setAttribute("role", "status");
  document.body.prepend(node);
  return node;
}

// Says on the page that a part of it comes from what was kept on this device, and of which day the oldest part is.

const english = document.documentElement.lang === "en";
let oldest = null;

navigator.serviceWorker?.addEventListener("message", ({ data }) => {
  // a page that is kept itself says so already, and is the older one
  if (!data?.kept || document.querySelector(".kept[data-kept]") || (oldest && oldest <= data.kept)) return;
  oldest = data.kept;
  const day = new Date(oldest).toLocaleString(english ? "en-GB" : "de-DE", { dateStyle: "long", timeStyle: "short" });
  note().textContent = english
    ? `Without a network: parts of this page are of ${day}. Something else may apply by now.`
    : `Ohne Netz: Teile dieser Seite sind vom ${day} Uhr. Inzwischen kann anderes gelten.`;
});

function note() {
  const there = document.querySelector(".kept");
  if (there) return there;
  const made = document.createElement("p");
  made.className = "kept";
  made.setAttribute("role", "status");
  document.body.prepend(made);
  return made;
}

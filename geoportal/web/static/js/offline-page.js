// Switches the keeping of pages on this device on and off; the service worker does the keeping.

const WORKER = "/service-worker.js";
const STORE = /^geoportal-/;
const KEEPING = "geoportal-keeping"; // the worker holds this lock, shared, while it files an answer

const english = document.documentElement.lang === "en";
const panel = document.querySelector("#offline-switch");
const told = document.querySelector("#offline-told");
const on = document.querySelector("#offline-on");
const off = document.querySelector("#offline-off");
const list = document.querySelector("#offline-kept");

if ("serviceWorker" in navigator && "caches" in window) {
  panel.hidden = false;
  on.addEventListener("click", switchOn);
  off.addEventListener("click", switchOff);
  show();
} else {
  document.querySelector("#offline-impossible").hidden = false;
}

async function switchOn() {
  on.disabled = true;
  try {
    await navigator.serviceWorker.register(WORKER, { scope: "/" });
    await navigator.serviceWorker.ready;
    await show();
    off.focus(); // the button that was pressed has gone
  } catch {
    told.textContent = english ? "Your browser did not allow it." : "Ihr Browser hat es nicht erlaubt.";
  }
  on.disabled = false;
}

async function switchOff() {
  const registered = await navigator.serviceWorker.getRegistration("/");
  await registered?.unregister();
  // not beside the worker, which makes a store anew that goes while it files an answer
  await navigator.locks.request(KEEPING, async () => {
    for (const name of await caches.keys()) if (STORE.test(name)) await caches.delete(name);
  });
  await show();
  on.focus();
}

async function show() {
  const isOn = Boolean(await navigator.serviceWorker.getRegistration("/"));
  on.hidden = isOn;
  off.hidden = !isOn;
  const pages = isOn ? await kept() : [];
  told.textContent = isOn
    ? english ? `Switched on. Pages on this device: ${pages.length}.` : `Eingeschaltet. Seiten auf diesem Gerät: ${pages.length}.`
    : english ? "Switched off. Nothing is kept on this device." : "Ausgeschaltet. Auf diesem Gerät ist nichts gespeichert.";
  list.replaceChildren(...pages.map(entry));
}

/** The pages, the last seen first. */
async function kept() {
  const pages = [];
  for (const name of await caches.keys()) {
    if (!STORE.test(name)) continue;
    const store = await caches.open(name);
    for (const request of await store.keys()) {
      const { pathname, search } = new URL(request.url);
      if (!/^\/(plaene|hier|plan\/[^/]+|gemeinde\/.*|gemeinden\/|beteiligung\/.*|themen\/|thema\/.*)?$/.test(pathname)) continue;
      const response = await store.match(request);
      if (!/^text\/html/.test(response.headers.get("Content-Type") ?? "")) continue;
      const title = /<title>([^<]*)<\/title>/.exec(await response.text());
      const plain = title?.[1].replace(/&#39;|&#34;|&quot;/g, "\u201d").replace(/&amp;/g, "&").replace(/&lt;/g, "<").replace(/&gt;/g, ">");
      pages.unshift({ href: pathname + search, title: plain ?? pathname, at: response.headers.get("X-Kept-At") });
    }
  }
  return pages;
}

function entry({ href, title, at }) {
  const item = document.createElement("li");
  const link = document.createElement("a");
  link.href = href;
  link.textContent = title;
  const day = new Date(at).toLocaleString(english ? "en-GB" : "de-DE", { dateStyle: "medium", timeStyle: "short" });
  item.append(link, ` (${day})`);
  return item;
}

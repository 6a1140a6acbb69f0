// What was seen stays readable without a network. The network is always asked first; only when it does not answer comes what
// was kept, and never without a word: pages get a note with the day of their state, other answers are told to their page.
// Runs only after a reader has switched it on (/offline/), and keeps nothing that is not public.

// By what they keep: so many answers each, that many tiles take no page away. Another name throws away what an older one kept.
const PAGES = { name: "geoportal-pages-3", most: 500 };
const TILES = { name: "geoportal-tiles-2", most: 900, pattern: /^\/(ogc\/.*tiles\/|hintergrund\/)/ };
const NOTHING = "/offline/"; // what stands in for a page that was never seen, in each language; it is never given up
const ENGLISH = "?lang=en";
const LARGEST = 3_000_000; // bytes of one
const KEEPING = "geoportal-keeping"; // shared by those who file an answer; who switches off asks for it alone

const KEPT = [
  /^\/$/,
  /^\/(plaene|hier|gemeinden\/|themen\/|beteiligung\/|dokumente\.json|offline\/|impressum\/|datenschutz\/|barrierefreiheit\/)$/,
  /^\/thema\//,
  /^\/beteiligung\/[0-9a-f-]{36}$/,
  /^\/plan\/[0-9a-f-]{36}(\/qr\.svg)?$/,
  /^\/gemeinde\/[0-9]{8}\//,
  /^\/static\//,
  /^\/hintergrund\//,
  /^\/ogc\/(collections\/|tiles\/|map)/,
];

self.addEventListener("install", (event) => {
  event.waitUntil((async () => {
    for (const { name } of [PAGES, TILES]) await caches.open(name);
    for (const address of [NOTHING, NOTHING + ENGLISH]) {
      const response = await fetch(address);
      if (!response.ok) throw new Error(`${address}: ${response.status}`);
      await keep(new Request(address), response);
    }
    await self.skipWaiting();
  })());
});

self.addEventListener("activate", (event) => {
  event.waitUntil((async () => {
    for (const name of await caches.keys()) if (![PAGES.name, TILES.name].includes(name)) await caches.delete(name);
    await self.clients.claim();
  })());
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  if (request.method !== "GET" || origin !== self.location.origin || request.headers.has("range")) return;
  if (KEPT.some((pattern) => pattern.test(pathname))) event.respondWith(answer(event));
  // of what is never kept, such as the search, it is said at least that there is no network
  else if (request.mode === "navigate") event.respondWith(fetch(request).catch(async () => (await nothing(request)) ?? Response.error()));
});

async function answer(event) {
  const { request } = event;
  let response;
  try {
    response = await fetch(request);
  } catch {
    return withoutNetwork(event);
  }
  // 204: a tile in which nothing lies, without which the map would seem to be broken
  if ([200, 204].includes(response.status) && response.type === "basic") event.waitUntil(keep(request, response.clone()));
  return response;
}

const storeOf = (request) => (TILES.pattern.test(new URL(request.url).pathname) ? TILES : PAGES);

async function keep(request, response) {
  if (/no-store|private/.test(response.headers.get("Cache-Control") ?? "")) return;
  if (/event-stream/.test(response.headers.get("Content-Type") ?? "")) return;
  const body = await response.blob();
  if (body.size > LARGEST) return;
  const headers = new Headers(response.headers);
  headers.set("X-Kept-At", new Date().toISOString());
  const kept = new Response(response.status === 204 ? null : body, { status: response.status, headers });
  await navigator.locks.request(KEEPING, { mode: "shared" }, () => file(request, kept));
}

async function file(request, kept) {
  const { name, most } = storeOf(request);
  if (!(await caches.has(name))) return; // switched off: pages that were open then still have this worker
  const store = await caches.open(name);
  await store.delete(request); // what is put anew stands last
  await store.put(request, kept);
  const keys = (await store.keys()).filter(({ url }) => new URL(url).pathname !== NOTHING);
  await Promise.all(keys.slice(0, Math.max(0, keys.length - most)).map((each) => store.delete(each)));
}

async function withoutNetwork(event) {
  const { request } = event;
  const isPage = request.mode === "navigate";
  const kept = await caches.match(request, { cacheName: storeOf(request).name });
  if (!kept) return (isPage && (await nothing(request))) || Response.error();
  const at = kept.headers.get("X-Kept-At");
  if (isPage) return noted(kept, at);
  const client = await self.clients.get(event.clientId);
  client?.postMessage({ kept: at });
  return kept;
}

/** In the language of the page that was wanted. */
function nothing({ url }) {
  const isEnglish = new URL(url).searchParams.get("lang") === "en";
  return caches.match(isEnglish ? NOTHING + ENGLISH : NOTHING, { cacheName: PAGES.name });
}

/** A page with a note before all else. */
async function noted(kept, at) {
  const text = await kept.text();
  const english = /<html lang="en">/.test(text);
  const day = new Date(at).toLocaleString(english ? "en-GB" : "de-DE", { dateStyle: "long", timeStyle: "short" });
  const said = english
    ? `Without a network: this is what was here on ${day}. Something else may apply by now.`
    : `Ohne Netz: So stand es hier am ${day} Uhr. Inzwischen kann anderes gelten.`;
  const note = `<p class="kept" role="status" data-kept="${at}">${said}</p>`;
  const body = /<body[^>]*>/.exec(text);
  const place = body ? body.index + body[0].length : 0;
  return new Response(text.slice(0, place) + note + text.slice(place), { headers: kept.headers });
}

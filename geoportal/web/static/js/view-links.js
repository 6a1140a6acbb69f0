// Links that take along what the map shows at this moment: its address, or all that a sheet of paper can show of it.

const DRAWING = "planzeichnung"; // of all plans, as one layer of the map
const [FP, BP] = ["flaechennutzungsplaene", "bebauungsplaene"];

for (const link of document.querySelectorAll("[data-with-view]")) {
  const plain = link.getAttribute("href");
  link.addEventListener("click", () => {
    const address = new URL(plain, window.location.href);
    if (link.dataset.withView === "#") address.hash = window.location.hash;
    else takeView(address);
    link.href = address.href;
  });
}

/** What the address of the map leaves out is as usual there, and on paper too. */
function takeView(address) {
  const { themes, basemaps, mostPrinted } = JSON.parse(document.getElementById("page-data").textContent);
  const [view, ...parts] = window.location.hash.slice(1).split("&");
  const told = new Map(parts.map((part) => part.split("=")).map(([name, values = ""]) => [name, decodeURIComponent(values).split(",")]));
  const values = (name) => told.get(name) ?? [];
  const take = (name, list) => list.length && address.searchParams.set(name, list.join(","));
  const [zoom, lat, lon] = view.split("/");
  if (lon !== undefined) address.searchParams.set("karte", `${zoom}/${lat}/${lon}`);
  take("stand", values("stand"));

  const isDrawn = isOn("layer", DRAWING);
  const hasPlans = !values("recht").includes("keiner");
  const plans = [FP, BP].filter((id) => hasPlans && (isDrawn || id === BP || isOn("layer", id)));
  const shown = themes.filter(({ id, minZoom, maxZoom }) => isOn("theme", id) && !(zoom < minZoom || maxZoom < zoom));
  const layers = [...plans, ...shown.map(({ id }) => id)].slice(0, mostPrinted);
  const onMap = (id) => (isDrawn && plans.includes(id) ? DRAWING : id);
  const order = values("folge");
  if (order.length) layers.sort((one, other) => order.indexOf(onMap(one)) - order.indexOf(onMap(other))); // stable: the finer plans stay above
  take("ebenen", layers);
  if (plans.length) take("recht", values("recht"));
  if (!isDrawn && plans.length) address.searchParams.set("zeichnung", "aus");
  const opacities = new Map(values("deckkraft").map((each) => each.split(":")));
  take("deckkraft", layers.filter((id) => opacities.has(onMap(id))).map((id) => `${id}:${opacities.get(onMap(id))}`));
  take("grund", values("karte").filter((each) => basemaps.some(({ id, url }) => id === each && url.startsWith("/hintergrund/"))));
}

const isOn = (kind, id) => document.querySelector(`input[name="${kind}"][value="${id}"]`).checked;

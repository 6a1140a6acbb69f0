// Links that take along what the map shows at this moment: its address, or its place and themes for the map on paper.

for (const link of document.querySelectorAll("[data-with-view]")) {
  const plain = link.getAttribute("href");
  link.addEventListener("click", () => {
    const address = new URL(plain, window.location.href);
    if (link.dataset.withView === "#") address.hash = window.location.hash;
    else {
      takePlace(address);
      takePicture(address);
    }
    link.href = address.href;
  });
}

/** The place, the day, and the themes that are shown at this zoom, as many as a sheet takes. */
function takePlace(address) {
  const [zoom, lat, lon] = window.location.hash.slice(1).split("&")[0].split("/");
  if (lon !== undefined) address.searchParams.set("karte", `${zoom}/${lat}/${lon}`);
  const day = /&stand=(\d{4}-\d{2}-\d{2})(&|$)/.exec(window.location.hash);
  if (day) address.searchParams.set("stand", day[1]); // a former day on the screen is one on paper
  const { themes, mostPrinted } = JSON.parse(document.getElementById("page-data").textContent);
  const on = new Set([...document.querySelectorAll('input[name="theme"]:checked')].map((box) => box.value));
  const shown = themes.filter(({ id, minZoom, maxZoom }) => on.has(id) && !(zoom < minZoom || maxZoom < zoom)).map(({ id }) => id);
  const layers = ["flaechennutzungsplaene", "bebauungsplaene", ...shown].slice(0, mostPrinted);
  if (shown.length) address.searchParams.set("ebenen", layers.join(","));
}

/** What else the map shows: opacities, legal states, the order of layers, and a background map of this server. */
function takePicture(address) {
  const parts = window.location.hash.split("&").slice(1).map((part) => part.split("="));
  const told = new Map(parts.map(([name, values = ""]) => [name, decodeURIComponent(values).split(",")]));
  const plans = ["flaechennutzungsplaene", "bebauungsplaene"]; // as the drawing shows them: what else is told of them is of outlines
  const layers = address.searchParams.get("ebenen")?.split(",") ?? plans;
  const order = told.get("folge") ?? [];
  const place = (id) => order.indexOf(plans.includes(id) ? "planzeichnung" : id);
  if (order.length) layers.sort((one, other) => place(one) - place(other)); // stable: the finer plans stay above
  const statuses = told.get("recht") ?? [];
  const hasPlans = !statuses.includes("keiner");
  const shown = hasPlans ? layers : layers.filter((id) => !plans.includes(id));
  if (shown.length && (order.length || !hasPlans)) address.searchParams.set("ebenen", shown.join(","));
  if (statuses.length && hasPlans) address.searchParams.set("recht", statuses.join(","));
  const opacities = (told.get("deckkraft") ?? []).map((each) => each.split(":"));
  const opaque = opacities.flatMap(([id, percent]) => {
    if (id === "planzeichnung") return plans.map((plan) => `${plan}:${percent}`);
    return plans.includes(id) || !layers.includes(id) ? [] : [`${id}:${percent}`];
  });
  if (opaque.length) address.searchParams.set("deckkraft", opaque.join(","));
  const { basemaps } = JSON.parse(document.getElementById("page-data").textContent);
  const ground = basemaps.find(({ id, url }) => id === told.get("karte")?.[0] && url.startsWith("/hintergrund/"));
  if (ground) address.searchParams.set("grund", ground.id);
}

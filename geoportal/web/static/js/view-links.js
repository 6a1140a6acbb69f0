// Links that take along what the map shows at this moment: its address, or its place and themes for the map on paper.

for (const link of document.querySelectorAll("[data-with-view]")) {
  const plain = link.getAttribute("href");
  link.addEventListener("click", () => {
    const address = new URL(plain, window.location.href);
    if (link.dataset.withView === "#") address.hash = window.location.hash;
    else takePlace(address);
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

// The link to the map on paper takes along what the map shows at this moment: its place, and the themes that are switched on.

for (const link of document.querySelectorAll("[data-with-view]")) {
  const plain = link.getAttribute("href");
  link.addEventListener("click", () => {
    const address = new URL(plain, window.location.href);
    const [zoom, lat, lon] = window.location.hash.slice(1).split("/");
    if (lon !== undefined) address.searchParams.set("karte", `${zoom}/${lat}/${lon.split("&")[0]}`);
    const themes = [...document.querySelectorAll('input[name="theme"]:checked')].map((box) => box.value);
    if (themes.length) address.searchParams.set("ebenen", ["flaechennutzungsplaene", "bebauungsplaene", ...themes].join(","));
    link.href = address.href;
  });
}

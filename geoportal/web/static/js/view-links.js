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

function takePlace(address) {
  const [zoom, lat, lon] = window.location.hash.slice(1).split("&")[0].split("/");
  if (lon !== undefined) address.searchParams.set("karte", `${zoom}/${lat}/${lon}`);
  const day = /&stand=(\d{4}-\d{2}-\d{2})(&|$)/.exec(window.location.hash);
  if (day) address.searchParams.set("stand", day[1]); // a former day on the screen is one on paper
  const themes = [...document.querySelectorAll('input[name="theme"]:checked')].map((box) => box.value);
  if (themes.length) address.searchParams.set("ebenen", ["flaechennutzungsplaene", "bebauungsplaene", ...themes].join(","));
}

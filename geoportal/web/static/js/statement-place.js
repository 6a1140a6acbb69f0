// Setting the place of a statement without sending the form; without this script, the picture sends it and comes back.

const SVG = "http://www.w3.org/2000/svg";

for (const place of document.querySelectorAll("[data-place]")) enhance(place);

function enhance(place) {
  const [west, south, side, pixels] = ["west", "south", "side", "pixels"].map((name) => Number(place.dataset[name]));
  const picture = place.querySelector("input[type=image]");
  const mark = place.querySelector("svg");
  const form = picture.form;
  const said = form.querySelector(".place__said");
  picture.addEventListener("click", (event) => {
    // Enter in a field presses the form's first button, which is the picture; only a pointer means a place
    if (event.detail === 0) return;
    event.preventDefault();
    const box = picture.getBoundingClientRect();
    const x = Math.min(pixels, Math.max(0, event.clientX - box.left));
    const y = Math.min(pixels, Math.max(0, event.clientY - box.top));
    form.elements.ost.value = (west + (x / pixels) * side).toFixed(1);
    form.elements.nord.value = (south + (1 - y / pixels) * side).toFixed(1);
    const circle = mark.querySelector("circle") ?? mark.appendChild(document.createElementNS(SVG, "circle"));
    circle.setAttribute("cx", x);
    circle.setAttribute("cy", y);
    circle.setAttribute("r", 9);
    said.textContent = document.documentElement.lang === "en" ? "The place is set." : "Die Stelle ist gesetzt.";
  });
}

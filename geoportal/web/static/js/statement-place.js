// Setting the place of a statement without sending the form; without this script, the picture sends it and comes back.

import { Announcer } from "./announcer.js";
import { say } from "./words.js";

const SVG = "http://www.w3.org/2000/svg";

for (const place of document.querySelectorAll("[data-place]")) enhance(place);

function enhance(place) {
  const [west, south, side, pixels] = ["west", "south", "side", "pixels"].map((name) => Number(place.dataset[name]));
  const picture = place.querySelector("input[type=image]");
  const mark = place.querySelector("svg");
  const { elements } = picture.form;
  const said = picture.form.querySelector(".place__said");
  const announcer = new Announcer(picture.form.querySelector(".place__heard"));
  const tell = (text) => {
    said.textContent = text;
    elements.ort_weg.hidden = !text;
  };
  picture.addEventListener("click", (event) => {
    // Enter in a field presses the form's first button, which is the picture; only a pointer means a place
    if (event.detail === 0) return;
    event.preventDefault();
    const box = picture.getBoundingClientRect();
    const x = Math.min(pixels, Math.max(0, event.clientX - box.left));
    const y = Math.min(pixels, Math.max(0, event.clientY - box.top));
    elements.ost.value = (west + (x / pixels) * side).toFixed(1);
    elements.nord.value = (south + (1 - y / pixels) * side).toFixed(1);
    const circle = document.createElementNS(SVG, "circle");
    for (const [name, value] of Object.entries({ cx: x, cy: y, r: 9 })) circle.setAttribute(name, value);
    const isMoved = Boolean(mark.firstElementChild);
    mark.replaceChildren(circle);
    tell(say("Die Stelle ist gesetzt.", "The place is set."));
    announcer.say(isMoved ? say("Die Stelle ist versetzt.", "The place has been moved.") : said.textContent);
  });
  elements.ort_weg.addEventListener("click", (event) => {
    event.preventDefault();
    elements.ost.value = elements.nord.value = "";
    mark.replaceChildren();
    elements.gegenstand.focus(); // the button goes
    tell("");
    announcer.say(say("Die Stelle ist weggenommen.", "The place is taken away."));
  });
}

// The small tools of the map: coordinates under the pointer, one's own position, the whole screen.

import { utmText } from "./utm.js";
import { say } from "./words.js";

/** The place under the pointer, or the middle of the map where there is none. */
export function bindCoordinates(map, node) {
  let place = map.getCenter();
  let drawn = true;
  const show = (latlng) => {
    place = latlng;
    if (!drawn) return;
    drawn = false;
    requestAnimationFrame(() => {
      drawn = true;
      node.textContent = `UTM ${utmText(place, Number(node.dataset.zone))}`;
    });
  };
  map.on("mousemove", ({ latlng }) => show(latlng));
  map.on("move", () => show(map.getCenter()));
  show(map.getCenter());
}

/** What lies under the pointer is named beside it; the Escape key puts the name away. */
export function bindNames(map, nameAt) {
  const tip = window.L.tooltip({ direction: "top", offset: [0, -10], className: "map-tip" });
  let waits = false;
  map.on("mousemove", ({ latlng }) => {
    if (waits || map.dragging.moving()) return; // a hand that moves the map asks for no names
    waits = true;
    requestAnimationFrame(() => {
      waits = false;
      const name = nameAt(latlng);
      map.getContainer().classList.toggle("map--over", name !== null);
      if (name === null) return tip.remove();
      tip.setContent(textNode(name)).setLatLng(latlng).addTo(map);
    });
  });
  map.on("mouseout movestart", () => tip.remove());
  document.addEventListener("keydown", ({ key }) => key === "Escape" && tip.remove());
}

function textNode(text) {
  const node = document.createElement("span");
  node.textContent = text;
  return node;
}

/** `found(latlng)` is called with the place; `tell(text)` when the device or its owner does not give it. */
export function bindPosition(button, found, tell) {
  button.hidden = !navigator.geolocation;
  button.addEventListener("click", () => {
    if (button.getAttribute("aria-disabled") === "true") return; // not disabled: it would lose the focus
    button.setAttribute("aria-disabled", "true");
    const done = (act) => (result) => {
      button.removeAttribute("aria-disabled");
      act(result);
    };
    navigator.geolocation.getCurrentPosition(
      done(({ coords }) => found(window.L.latLng(coords.latitude, coords.longitude))),
      done(({ code }) =>
        tell(
          code === 1
            ? say("Ihr Gerät gibt den Standort nicht frei. Sie können oben eine Adresse eingeben.", "Your device does not share its position. You can enter an address above.")
            : say("Ihr Standort ist gerade nicht zu bestimmen. Sie können oben eine Adresse eingeben.", "Your position cannot be found at the moment. You can enter an address above."),
        ),
      ),
      { enableHighAccuracy: true, timeout: 10_000, maximumAge: 60_000 },
    );
  });
}

export function bindFullScreen(button, node) {
  button.hidden = !document.fullscreenEnabled;
  button.addEventListener("click", () => {
    if (document.fullscreenElement) document.exitFullscreen();
    else node.requestFullscreen();
  });
  document.addEventListener("fullscreenchange", () =>
    button.setAttribute("aria-pressed", String(Boolean(document.fullscreenElement))),
  );
}

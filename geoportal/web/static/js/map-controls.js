// The controls of the theme tree that are no switches of layers: opacity, the day, what is compared. Both ways with the state.

import { germanDate, say } from "./words.js";

const DAY = 86_400_000;
const BESIDE_DAY = "stand"; // the choice of a day among what can be compared

const byId = (id) => document.getElementById(id);

/** Each slider of a layer's opacity. */
export function bindOpacity(root, state) {
  for (const row of root.querySelectorAll("[data-opacity]")) {
    const [input, told] = [row.querySelector("input"), row.querySelector(".opacity__told")];
    const id = row.dataset.opacity;
    const tell = () => {
      input.value = Math.round(state.opacity(id) * 100);
      input.disabled = !state.on.has(id);
      input.setAttribute("aria-valuetext", `${input.value} %`);
      told.textContent = `${input.value} %`;
    };
    input.addEventListener("input", () => state.setOpacity(id, input.value / 100));
    state.addEventListener("change", tell);
    tell();
  }
}

/** The day as of which plans are shown: a slider over the last two years, and a field for any day. */
export function bindStand(state, { today, note }) {
  const [slider, field, button] = ["stand-slider", "stand-day", "stand-today"].map(byId);
  const dayOf = (days) => new Date(Date.parse(today) + days * DAY).toISOString().slice(0, 10);
  const choose = (day) => state.set({ stand: day && day < today ? day : null });
  slider.addEventListener("input", () => {
    field.value = dayOf(Number(slider.value)); // seen at once; asked for when the slider rests
    slider.setAttribute("aria-valuetext", germanDate(field.value));
  });
  slider.addEventListener("change", () => choose(dayOf(Number(slider.value))));
  field.addEventListener("change", () => choose(field.value));
  button.addEventListener("click", () => state.stand && choose(null));
  const tell = () => {
    const day = state.stand ?? today;
    field.value = day;
    slider.value = Math.round((Date.parse(day) - Date.parse(today)) / DAY);
    slider.setAttribute("aria-valuetext", germanDate(day));
    button.setAttribute("aria-disabled", String(!state.stand)); // not disabled: it would lose the focus when it is pressed
    note.hidden = !state.stand;
    note.textContent = state.stand ? say(`Pläne mit Stand vom ${germanDate(day)}`, `Plans as of ${germanDate(day)}`) : "";
  };
  state.addEventListener("change", tell);
  tell();
}

/** What the map is held against. */
export function bindBeside(state, { today }) {
  const [select, row, field] = ["beside", "beside-row", "beside-day"].map(byId);
  const day = () => (field.value && field.value < today ? field.value : today);
  const choose = () => state.set({ beside: select.value === BESIDE_DAY ? day() : select.value });
  select.addEventListener("change", choose);
  field.addEventListener("change", choose);
  const tell = () => {
    const isDay = /^\d/.test(state.beside);
    select.value = isDay ? BESIDE_DAY : state.beside;
    if (isDay) field.value = state.beside;
    row.hidden = !isDay;
  };
  state.addEventListener("change", tell);
  tell();
}

/** Copies the address, which holds all that is seen; `tell(text)` says what came of it. */
export function bindShare(button, tell) {
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(window.location.href);
      tell(say("Der Link zu dieser Karte ist kopiert.", "The link to this map is copied."));
    } catch {
      tell(say("Bitte kopieren Sie den Link aus der Adresszeile.", "Please copy the link from the address bar."));
    }
  });
}

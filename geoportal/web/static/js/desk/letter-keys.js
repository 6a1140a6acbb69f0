// N and P, for who walks through a list with one hand. They can be turned off (WCAG 2.1.4): who dictates, or whose hand
// slips, would else be carried elsewhere by a letter.

const KEPT = "geoportal-letter-keys";
const TYPED_INTO = "input:not([type=range], [type=checkbox], [type=radio]), select, textarea";

// `actions` by letter; the checkbox says whether they are on, and is remembered on this device.
export function onLetters(checkbox, actions) {
  checkbox.checked = localStorage.getItem(KEPT) !== "off";
  checkbox.addEventListener("change", () => {
    if (checkbox.checked) localStorage.removeItem(KEPT);
    else localStorage.setItem(KEPT, "off");
  });
  document.addEventListener("keydown", (event) => {
    if (!checkbox.checked || event.ctrlKey || event.altKey || event.metaKey || event.target.closest(TYPED_INTO)) return;
    actions[event.key.toLowerCase()]?.();
  });
}

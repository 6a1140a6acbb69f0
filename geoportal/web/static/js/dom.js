// Builds nodes. Text stays text: nothing here, or anywhere else in the portal, turns a value into markup.

/** element("a", {href, class: "x"}, "text", node, null) -> the element; null and undefined leave nothing behind. */
export function element(name, attributes = {}, ...children) {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
    else node.setAttribute(key, value === true ? "" : value);
  }
  node.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return node;
}

/**
 * Puts rows, a Map by key each with the id of its thing in `data-id`, into a list; `rest` comes after them.
 * A node that is taken out and put back loses the focus: it goes to the row of the same thing, else to that in its place.
 */
export function replaceRows(list, rows, rest = []) {
  const focused = [...list.children].findIndex((row) => row.contains(document.activeElement));
  const id = list.children[focused]?.dataset.id;
  const now = [...rows.values()];
  list.replaceChildren(...now, ...rest);
  if (focused < 0) return;
  const next = now.find(({ dataset }) => dataset.id === id) ?? now[Math.min(focused, now.length - 1)];
  next?.querySelector("button").focus({ preventScroll: true });
}

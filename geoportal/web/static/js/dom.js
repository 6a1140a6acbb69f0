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

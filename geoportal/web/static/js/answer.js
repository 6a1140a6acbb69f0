// "What applies here?": the server's page for the place without its frame, and the documents of plans.

import { fetchJson } from "./features.js";
import { pageUrl } from "./words.js";

/** A plan that is known already, as from the list, with its documents. */
export async function withDocuments(plan, documents, signal) {
  const found = await fetchJson(`${documents}?${new URLSearchParams({ plan: plan.id })}`, signal);
  return { ...plan, documents: found[plan.id] ?? [] };
}

/** The answer for a place, as a node. */
export const answerOf = (url, signal) => part(url, "#hier", signal);

/** What is told of a thing of a theme at this moment, and what its sensors told: its own card, as a node. */
export const cardOf = (details, theme, id, signal) => part(pageUrl(`${details}${theme}/${encodeURIComponent(id)}`), "#objekt", signal);

/**
 * A node of another page of ours, without its id: several are shown at once. The browser parses the page as a document of its
 * own, in which no script ever runs.
 */
function part(url, selector, signal) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    const fail = (name) => reject(Object.assign(new Error(`${url}: ${request.status}`), { name }));
    request.open("GET", url);
    request.responseType = "document";
    request.addEventListener("load", () => {
      const node = request.status === 200 ? request.response?.querySelector(selector) : null;
      if (!node) return fail("ServiceError");
      node.removeAttribute("id");
      return resolve(document.adoptNode(node));
    });
    request.addEventListener("error", () => fail("ServiceError"));
    request.addEventListener("abort", () => fail("AbortError"));
    signal?.addEventListener("abort", () => request.abort());
    request.send();
  });
}

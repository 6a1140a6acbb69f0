// The page's policy (require-trusted-types-for 'script') refuses every text that would become markup. Leaflet 1.9 needs
// one when it loads: it probes for SVG with this very text. Everything else of ours is built from nodes. The only script
// that is loaded by its address is the one that keeps pages for the time without a network.
if (window.trustedTypes) {
  window.trustedTypes.createPolicy("default", {
    createHTML: (text) => (text === "<svg/>" ? text : null),
    createScriptURL: (url) => (url === "/service-worker.js" ? url : null),
  });
}

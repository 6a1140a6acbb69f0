// A scale bar: a round length that fits on the map.

const WIDEST = 110; // pixels

/** Metres per pixel -> {metres, pixels, text} of the longest round length that is not too wide. */
export function scaleBar(metresPerPixel) {
  const most = metresPerPixel * WIDEST;
  const power = 10 ** Math.floor(Math.log10(most));
  const metres = [5, 2, 1].find((step) => step * power <= most) * power;
  const text = metres < 1000 ? `${metres} m` : `${metres / 1000} km`;
  return { metres, pixels: Math.round(metres / metresPerPixel), text };
}

export function bindScale(map, node) {
  const update = () => {
    const size = map.getSize();
    const row = size.y / 2;
    const across = map.distance(map.containerPointToLatLng([0, row]), map.containerPointToLatLng([100, row])) / 100;
    const { pixels, text } = scaleBar(across);
    node.textContent = text;
    node.style.width = `${pixels}px`;
  };
  map.on("moveend resize", update);
  update();
}

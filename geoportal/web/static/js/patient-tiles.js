// Background tiles that this server fetches from a slow host: where too many wait already, a tile is told to come back.

const TRIES = 4;
const FIRST_MS = 2000; // doubled each time

/** The layer, whose tiles are asked for again while they are on the map. */
export function patient(layer) {
  const tries = new WeakMap();
  return layer.on("tileerror", ({ tile }) => {
    const done = tries.get(tile) ?? 0;
    const address = tile.getAttribute("src");
    if (done >= TRIES) return;
    tries.set(tile, done + 1);
    setTimeout(() => {
      if (tile.isConnected) tile.src = address;
    }, FIRST_MS * 2 ** done);
  });
}

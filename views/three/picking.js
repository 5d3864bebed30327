// Which cell is under the pointer: computed on the planes, never read from the picture. No DOM.
import { planeSize } from "./layout.js";

/**
 * The nearest drawn cell on a ray, else the nearest empty one, else null.
 * `tiles` have { layer, head, at, size, ghost }; cells below `least` count as empty.
 */
export function pick(field, tiles, { origin, direction }, least) {
  const { width, height } = planeSize(field);
  let solid = null;
  let empty = null;
  for (const tile of tiles) {
    if (tile.size < 0.5 || tile.ghost > 0.5) continue;
    const distance = (tile.at.z - origin.z) / direction.z;
    const u = (origin.x + direction.x * distance - tile.at.x) / width + 0.5;
    const v = 0.5 - (origin.y + direction.y * distance - tile.at.y) / height;
    if (!(distance > 0) || u < 0 || u >= 1 || v < 0 || v >= 1) continue;
    const hit = { layer: tile.layer, head: tile.head, query: Math.floor(v * field.T), key: Math.floor(u * field.S), distance };
    hit.weight = field.weight(hit.layer, hit.head, hit.query, hit.key);
    if (hit.weight >= least) {
      if (!solid || distance < solid.distance) solid = hit;
    } else if (!empty || distance < empty.distance) empty = hit;
  }
  return solid ?? empty;
}

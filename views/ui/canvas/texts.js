// Where the text of each wire stands: on its longest level run, clear of other wires and of other texts. Pure.
const LETTER = 6.9, // px, of the 11.5 px monospace text
  TALL = 16,
  ROOM = 6, // px of bare wire wanted on both sides of the text together
  STEP = 12; // px between two places that are tried

export const textWidth = (text) => text.length * LETTER + 8;

const runsOf = (points) => points.slice(1).map(([x, y], i) => ({ from: points[i], to: [x, y], level: Math.abs(points[i][1] - y) < 0.5 }));

/** The points of a wire, also of one that is a plain curve and level. */
function lineOf(wire, points) {
  if (points) return points;
  return Math.abs(wire.sy - wire.ty) < 0.5 ? [[wire.sx, wire.sy], [wire.tx, wire.ty]] : [];
}

function longestLevel(points) {
  let best = null;
  for (const { from, to, level } of runsOf(points)) {
    const length = Math.abs(to[0] - from[0]);
    if (level && (!best || length > best.length)) best = { left: Math.min(from[0], to[0]), y: from[1], length };
  }
  return best;
}

/** Places along a run for a text of `width`: the middle first, then ever farther from it. */
function* placesOn(run, width) {
  const middle = run.left + run.length / 2;
  const slack = (run.length - width - ROOM) / 2;
  for (let k = 0; k * STEP <= slack; k++) {
    yield middle + k * STEP;
    if (k) yield middle - k * STEP;
  }
}

/** All upright stretches, and the level ones with the order in which they are drawn: a later one would strike a text out. */
function stretchesOf(wires, routes) {
  const [uprights, levels] = [[], []];
  for (const [order, wire] of wires.entries()) {
    for (const { from: [x, y], to: [u, v], level } of runsOf(lineOf(wire, routes.get(wire.id)))) {
      if (level) levels.push({ order, y, left: Math.min(x, u), right: Math.max(x, u) });
      else uprights.push({ x, top: Math.min(y, v), bottom: Math.max(y, v) });
    }
  }
  return { uprights, levels };
}

/**
 * Place the texts.
 * @param wires  as for `layWires`, in the order they are drawn, each with its `text`
 * @param routes what `layWires` gave
 * @param boxes  [{x, y, w, h}]: nodes, which stand over wires
 * @returns Map of wire id to {x, y}, the middle of its text; a wire without room for it is not there
 */
export function placeTexts(wires, routes, boxes = []) {
  const { uprights, levels } = stretchesOf(wires, routes);
  const spots = new Map();
  const taken = [];
  for (const [order, wire] of wires.entries()) {
    if (!wire.text) continue;
    const run = longestLevel(lineOf(wire, routes.get(wire.id)));
    const width = textWidth(wire.text);
    if (!run) continue;
    const [top, bottom, half] = [run.y - TALL / 2, run.y + TALL / 2, width / 2];
    const crossing = uprights.filter((u) => u.top < bottom && u.bottom > top);
    const over = levels.filter((l) => l.order > order && l.y > top && l.y < bottom);
    const near = boxes.filter((b) => b.y < bottom && b.y + b.h > top);
    const beside = taken.filter((t) => Math.abs(t.y - run.y) < TALL);
    for (const x of placesOn(run, width)) {
      if (crossing.some((u) => Math.abs(u.x - x) < half + 2)) continue;
      if (near.some((b) => b.x < x + half && b.x + b.w > x - half)) continue;
      if (over.some((l) => l.left < x + half && l.right > x - half)) continue;
      if (beside.some((t) => Math.abs(t.x - x) < half + t.half + 4)) continue;
      spots.set(wire.id, { x, y: run.y });
      taken.push({ x, y: run.y, half });
      break;
    }
  }
  return spots;
}

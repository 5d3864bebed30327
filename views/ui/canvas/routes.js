// Routes of wires around nodes. Pure: boxes and wires in, points out.
//
// A wire whose straight way is free stays a plain curve. Any other runs in right angles: out of its node, up or down to
// a free lane above, below or between the rows, along it, and into its target. Short ones are laid first and so lie
// inside longer ones; two wires never share a lane unless they come from the same port.
const STUB = 22, // how far a wire goes before its first corner
  SLOT = 8, // between two upright stretches
  LANE = 14, // between two lanes
  GAP = 22, // between a lane and the row under it
  AIR = 6; // the least room between a wire and a node

const overlap = (a0, a1, b0, b1) => a0 < b1 && b0 < a1;

/** Boxes ordered by x, so that a range is found without looking at all of them. */
function tableOf(boxes) {
  const sorted = [...boxes].sort((a, b) => a.x - b.x);
  const widest = sorted.reduce((most, box) => Math.max(most, box.w), 0);
  const first = (x) => {
    let [low, high] = [0, sorted.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (sorted[middle].x < x) low = middle + 1;
      else high = middle;
    }
    return low;
  };
  return {
    // calls `visit` with each box that overlaps x0..x1, until it returns true
    some(x0, x1, visit) {
      for (let i = first(x0 - widest); i < sorted.length && sorted[i].x < x1; i++) {
        if (sorted[i].x + sorted[i].w > x0 && visit(sorted[i])) return true;
      }
      return false;
    },
  };
}

const hits = (table, x0, x1, y0, y1, skip) =>
  table.some(x0, x1, (box) => !skip?.has(box.id) && overlap(y0, y1, box.y, box.y + box.h));

/** Whether the plain curve between the ends of `wire` touches no other node. */
function isPlain(wire, table) {
  const { sx, sy, tx, ty } = wire;
  if (tx - sx < 8) return false;
  if (tx - sx > 200 && Math.abs(ty - sy) > 4) return false;
  const skip = new Set([wire.source, wire.target]);
  const reach = Math.max(16, (tx - sx) / 2);
  for (let i = 0; i <= 8; i++) {
    const [t, u] = [i / 8, 1 - i / 8];
    const x = u * u * u * sx + 3 * u * u * t * (sx + reach) + 3 * u * t * t * (tx - reach) + t * t * t * tx;
    const y = sy + (ty - sy) * (3 * u * t * t + t * t * t);
    const next = (tx - sx) / 16;
    if (hits(table, x - next, x + next, y - 3, y + 3, skip)) return false;
  }
  return true;
}

/** Stretches that are taken already, by direction. */
class Taken {
  constructor() {
    this.level = [];
    this.upright = [];
  }

  clashes(list, at, from, to, net, room) {
    return list.some((s) => s.net !== net && Math.abs(s.at - at) < room && overlap(s.from, s.to, from, to));
  }

  shares(at, from, to, net) {
    return this.level.some((s) => s.net === net && Math.abs(s.at - at) < 1 && overlap(s.from, s.to, from, to));
  }

  add(points, net) {
    for (let i = 1; i < points.length; i++) {
      const [[x0, y0], [x1, y1]] = [points[i - 1], points[i]];
      if (y0 === y1) this.level.push({ at: y0, from: Math.min(x0, x1), to: Math.max(x0, x1), net });
      else this.upright.push({ at: x0, from: Math.min(y0, y1), to: Math.max(y0, y1), net });
    }
  }
}

/** An x near `start`, going by `step`, where an upright stretch from y0 to y1 is free; null when there is none. */
function slot(start, step, y0, y1, net, table, taken) {
  const [low, high] = [Math.min(y0, y1), Math.max(y0, y1)];
  for (let k = 0; k < 6; k++) {
    const x = start + k * step;
    if (hits(table, x - AIR, x + AIR, low, high)) {
      if (k > 2) return null;
      continue;
    }
    if (!taken.clashes(taken.upright, x, low, high, net, SLOT - 1)) return x;
  }
  return null;
}

/** Out, one upright stretch, in: for forward wires with free air along their own rows. */
function zigzag(wire, table, taken) {
  const { sx, sy, tx, ty, net } = wire;
  if (tx - sx < 2 * STUB) return null;
  for (const [start, step] of [
    [tx - STUB, -SLOT],
    [sx + STUB, SLOT],
  ]) {
    const x = slot(start, step, sy, ty, net, table, taken);
    if (x === null) continue;
    const skip = new Set([wire.source, wire.target]);
    if (hits(table, sx, x, sy - AIR, sy + AIR, skip) || hits(table, x, tx, ty - AIR, ty + AIR, skip)) continue;
    if (taken.clashes(taken.level, sy, sx, x, net, 6) || taken.clashes(taken.level, ty, x, tx, net, 6)) continue;
    return [[sx, sy], [x, sy], [x, ty], [tx, ty]];
  }
  return null;
}

/** The free heights between x0 and x1, as [top, bottom], from above all boxes to below all. */
function gapsOf(table, x0, x1) {
  const spans = [];
  table.some(x0 - AIR, x1 + AIR, (box) => {
    spans.push([box.y, box.y + box.h]);
    return false;
  });
  spans.sort((a, b) => a[0] - b[0]);
  const gaps = [];
  let end = -Infinity;
  for (const [top, bottom] of spans) {
    if (top - end >= 2 * AIR + 2) gaps.push([end, top]);
    end = Math.max(end, bottom);
  }
  gaps.push([end, Infinity]);
  return gaps;
}

/** Heights worth trying inside a gap, best first. */
function heightsOf([top, bottom]) {
  const heights = [];
  const open = bottom - top;
  for (let k = 0; k < 8; k++) {
    if (open > 5 * GAP) {
      if (bottom !== Infinity) heights.push(bottom - GAP - k * LANE);
      if (top !== -Infinity) heights.push(top + GAP + k * LANE);
    } else {
      const step = Math.min(LANE, (open - 2 * AIR) / 4);
      heights.push((top + bottom) / 2 + (k % 2 ? 1 : -1) * Math.ceil(k / 2) * step);
    }
  }
  return heights.filter((y) => y - top >= AIR && bottom - y >= AIR && Number.isFinite(y));
}

/** Every lane that a wire could take, the cheapest first. Lanes above win over lanes below. */
function lanesFor(wire, x1, x2, table, taken) {
  const [left, right] = [Math.min(x1, x2), Math.max(x1, x2)];
  const options = [];
  for (const gap of gapsOf(table, left, right)) {
    for (const y of heightsOf(gap)) {
      if (taken.clashes(taken.level, y, left, right, wire.net, LANE - 3)) continue;
      const way = Math.abs(y - wire.sy) + Math.abs(y - wire.ty);
      const below = y > Math.max(wire.sy, wire.ty) ? 70 : 0;
      options.push({ y, cost: way + below - (taken.shares(y, left, right, wire.net) ? 30 : 0) });
    }
  }
  return options.sort((a, b) => a.cost - b.cost);
}

function lane(wire, table, taken) {
  const { sx, sy, tx, ty, net } = wire;
  const stub = tx > sx ? Math.min(STUB, Math.max(8, (tx - sx) / 3)) : STUB;
  const options = lanesFor(wire, sx + stub, tx - stub, table, taken);
  for (const { y } of options.slice(0, 12)) {
    const x1 = slot(sx + stub, SLOT, sy, y, net, table, taken);
    const x2 = slot(tx - stub, -SLOT, y, ty, net, table, taken);
    if (x1 !== null && x2 !== null) return [[sx, sy], [x1, sy], [x1, y], [x2, y], [x2, ty], [tx, ty]];
  }
  if (!options.length) return null;
  const { y } = options[0];
  return [[sx, sy], [sx + stub, sy], [sx + stub, y], [tx - stub, y], [tx - stub, ty], [tx, ty]];
}

const span = (wire) => Math.abs(wire.tx - wire.sx) + Math.abs(wire.ty - wire.sy);

/**
 * Lay every wire.
 * @param boxes [{id, x, y, w, h}]
 * @param wires [{id, net, source, target, sx, sy, tx, ty}]: `net` names the port it comes from
 * @returns Map of wire id to its points, or to null where a plain curve will do
 */
export function layWires(boxes, wires) {
  const [table, taken, routes, bent] = [tableOf(boxes), new Taken(), new Map(), []];
  for (const wire of wires) {
    if (isPlain(wire, table)) {
      routes.set(wire.id, null);
      if (Math.abs(wire.sy - wire.ty) < 0.5) taken.add([[wire.sx, wire.sy], [wire.tx, wire.sy]], wire.net);
    } else bent.push(wire);
  }
  bent.sort((a, b) => span(a) - span(b) || (a.id < b.id ? -1 : 1));
  for (const wire of bent) {
    const points = zigzag(wire, table, taken) ?? lane(wire, table, taken);
    if (points) taken.add(points, wire.net);
    routes.set(wire.id, points);
  }
  return routes;
}

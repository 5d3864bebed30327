// Routes of wires around nodes. Pure: boxes and wires in, points out.
//
// A wire whose straight way is free stays a plain curve. Any other runs in right angles: out of its node, up or down to
// a free lane above, below or between the rows, along it, and into its target. Short ones are laid first and so lie
// inside longer ones; two wires never share a lane unless they come from the same port. Where nothing is free, a wire
// still runs in right angles, by the way that is least in the way of others.
import { LANE, Taken, hits, overlap, tableOf } from "./stretches.js";

const STUB = 22, // how far a wire goes before its first corner
  SLOT = 8, // between two upright stretches
  GAP = 22, // between a lane and the row under it
  AIR = 6, // the least room between a wire and a node
  LONG = 160, // a curve longer than this, or steeper than STEEP, is drawn in right angles
  STEEP = 36,
  KIN = 20, // how far an upright stretch moves to lie on another of its own port
  NEAREST = 5, // gaps between rows that are tried
  BELOW = 140, // a lane below both ends is worse by this
  FINE = 4, // px between two places that are tried where nothing is free
  ROUND = 60, // px that such a way runs above its ends at worst
  BLOCKED = 3000; // a stretch through a block is worse by this

/** Whether the plain curve between the ends of `wire` touches no other node. */
function isPlain(wire, table) {
  const { sx, sy, tx, ty } = wire;
  if (tx - sx < (ty === sy ? -2 * AIR : 8) || Math.abs(ty - sy) > STEEP) return false; // level ports may touch
  if (tx - sx > LONG && Math.abs(ty - sy) > 4) return false;
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

/** An x near `start`, going by `step`, where an upright stretch from y0 to y1 is free; null when there is none. */
function slot(start, step, y0, y1, net, table, taken) {
  const [low, high] = [Math.min(y0, y1), Math.max(y0, y1)];
  const joined = taken.upright.own(net, low - 1, high + 1).find((x) => Math.abs(x - start) < KIN);
  for (let k = joined === undefined ? 0 : -1; k < 6; k++) {
    const x = k < 0 ? joined : start + k * step;
    if (hits(table, x - AIR, x + AIR, low, high)) {
      if (k > 2) return null;
      continue;
    }
    if (!taken.upright.clash(x, low, high, net, SLOT - 1)) return x;
  }
  return null;
}

/** Out, one upright stretch, in: for forward wires with free air along their own rows. */
function zigzag(wire, table, taken) {
  const { sx, sy, tx, ty, net } = wire;
  if (tx - sx < 2 * AIR) return null;
  const stub = Math.min(STUB, (tx - sx) / 2);
  for (const [start, step] of [
    [tx - stub, -SLOT],
    [sx + stub, SLOT],
  ]) {
    const x = slot(start, step, sy, ty, net, table, taken);
    if (x === null || x < sx + AIR || x > tx - AIR) continue;
    const skip = new Set([wire.source, wire.target]);
    if (hits(table, sx, x, sy - AIR, sy + AIR, skip) || hits(table, x, tx, ty - AIR, ty + AIR, skip)) continue;
    if (taken.level.clash(sy, sx, x, net, 6) || taken.level.clash(ty, x, tx, net, 6)) continue;
    return [[sx, sy], [x, sy], [x, ty], [tx, ty]];
  }
  return null;
}

/** The free heights between x0 and x1 as [top, bottom]: the few that lie nearest to y0 and y1. */
function gapsOf(table, x0, x1, y0, y1) {
  const gaps = [];
  const detour = ([top, bottom]) => Math.max(0, y1 - bottom, y0 - bottom) + Math.max(0, top - y0, top - y1);
  let end = -Infinity;
  for (const box of table.byY) {
    if (!overlap(x0 - AIR, x1 + AIR, box.x, box.x + box.w)) continue;
    if (box.y - end >= 2 * AIR + 2) gaps.push([end, box.y]);
    end = Math.max(end, box.y + box.h);
  }
  gaps.push([end, Infinity]);
  return gaps.sort((a, b) => detour(a) - detour(b)).slice(0, NEAREST);
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

/** Heights of lanes for a wire, the cheapest first: little detour, above rather than below, beside its own kin. */
function lanesFor(wire, left, right, table, taken) {
  const { sy, ty, net } = wire;
  const own = taken.level.own(net, left, right);
  const options = [];
  for (const gap of gapsOf(table, left, right, sy, ty)) {
    for (const y of heightsOf(gap)) {
      const below = y > Math.max(sy, ty) ? BELOW : 0;
      const kin = own.some((at) => Math.abs(at - y) < 1) ? -30 : 0;
      options.push({ y, cost: Math.abs(y - sy) + Math.abs(y - ty) + below + kin });
    }
  }
  return options.sort((a, b) => a.cost - b.cost).map(({ y }) => y);
}

function lane(wire, table, taken) {
  const { sx, sy, tx, ty, net } = wire;
  const stub = tx > sx ? Math.min(STUB, Math.max(8, (tx - sx) / 3)) : STUB;
  const [left, right] = [Math.min(sx + stub, tx - stub), Math.max(sx + stub, tx - stub)];
  let tries = 0;
  for (const y of lanesFor(wire, left, right, table, taken)) {
    if (taken.level.clash(y, left, right, net, LANE - 3)) continue;
    const x1 = slot(sx + stub, SLOT, sy, y, net, table, taken);
    const x2 = x1 === null ? null : slot(tx - stub, -SLOT, y, ty, net, table, taken);
    if (x2 !== null) return [[sx, sy], [x1, sy], [x1, y], [x2, y], [x2, ty], [tx, ty]];
    if (++tries > 12) break;
  }
  return null;
}

/** How bad a way is: its length, the blocks it runs through, and how much of it lies on other wires. */
function badness(points, wire, table, taken) {
  const own = new Set([wire.source, wire.target]);
  const last = points.length - 1;
  return points.slice(1).reduce((sum, [x, y], i) => {
    const [u, v] = points[i];
    const [x0, x1, y0, y1] = [Math.min(x, u), Math.max(x, u), Math.min(y, v), Math.max(y, v)];
    const through = hits(table, x0 - 2, x1 + 2, y0 - 2, y1 + 2, i === 0 || i === last - 1 ? own : null);
    const crowding = y === v ? taken.level.crowding(y, x0, x1, wire.net) : taken.upright.crowding(x, y0, y1, wire.net);
    return sum + (x1 - x0) + (y1 - y0) + crowding + (through ? BLOCKED : 0);
  }, 0);
}

/** The best of `options` for one place of a way. */
function best(options, wayBy, judge) {
  let [least, found] = [Infinity, options[0]];
  for (const option of options) {
    const bad = judge(wayBy(option));
    if (bad < least) [least, found] = [bad, option];
  }
  return found;
}

const fine = (from, to) => Array.from({ length: Math.max(1, Math.floor((to - from) / FINE) + 1) }, (_, i) => from + i * FINE);

/** A way in right angles where none is free: the least bad upright stretch, or lane with its two upright stretches. */
function leastBad(wire, table, taken) {
  const { sx, sy, tx, ty } = wire;
  const judge = (points) => badness(points, wire, table, taken);
  const stub = tx > sx ? Math.min(STUB, Math.max(AIR, (tx - sx) / 3)) : STUB;
  const around = ([x1, y, x2]) => [[sx, sy], [x1, sy], [x1, y], [x2, y], [x2, ty], [tx, ty]];
  const [left, right] = [Math.min(sx, tx - stub), Math.max(sx + stub, tx)];
  const heights = gapsOf(table, left, right, sy, ty).flatMap(([top, bottom]) =>
    fine(Math.max(top + FINE, Math.min(sy, ty) - 10 * LANE), Math.min(bottom - FINE, Math.max(sy, ty) + 10 * LANE)),
  );
  const y = best([...heights, Math.min(sy, ty) - ROUND], (at) => around([sx + stub, at, tx - stub]), judge);
  const x1 = best(fine(sx + AIR, sx + 2 * STUB), (at) => around([at, y, tx - stub]), judge);
  const x2 = best(fine(tx - 2 * STUB, tx - AIR), (at) => around([x1, y, at]), judge);
  const way = around([x1, y, x2]);
  if (tx - sx < 2 * AIR) return way;
  const bent = (x) => [[sx, sy], [x, sy], [x, ty], [tx, ty]];
  const straight = bent(best(fine(sx + AIR, Math.min(tx - AIR, sx + 50 * FINE)), bent, judge));
  return judge(straight) <= judge(way) ? straight : way;
}

const span = (wire) => Math.abs(wire.tx - wire.sx) + Math.abs(wire.ty - wire.sy);

/** Short wires first, so that they lie inside; those of one port together, the longest first, so that others join it. */
function inOrder(wires) {
  const least = new Map();
  for (const wire of wires) least.set(wire.net, Math.min(span(wire), least.get(wire.net) ?? Infinity));
  const named = (a, b) => (a < b ? -1 : Number(a > b));
  const byNet = (a, b) => least.get(a.net) - least.get(b.net) || named(a.net, b.net);
  return wires.sort((a, b) => byNet(a, b) || span(b) - span(a) || named(a.id, b.id));
}

/** Whether a route of before still stands: the same ends, and no box of `changed` in its way. */
function stands(wire, points, changed) {
  if (points === undefined) return false;
  if (points === null) return isPlain(wire, changed);
  const [[x0, y0], [x1, y1]] = [points[0], points.at(-1)];
  if (x0 !== wire.sx || y0 !== wire.sy || x1 !== wire.tx || y1 !== wire.ty) return false;
  return points.slice(1).every(([x, y], i) => {
    const [u, v] = points[i];
    const [top, bottom] = [Math.min(y, v) - 1, Math.max(y, v) + 1];
    return !hits(changed, Math.min(x, u) - 1, Math.max(x, u) + 1, top, bottom);
  });
}

/**
 * Lay wires.
 * @param boxes [{id, x, y, w, h}]
 * @param wires [{id, net, source, target, sx, sy, tx, ty}]: `net` names the port it comes from
 * @param before {routes, changed}: routes to keep where the boxes `changed` do not disturb them; none lays all anew
 * @returns Map of wire id to its points, or to null where a plain curve will do
 */
export function layWires(boxes, wires, before = null) {
  const [table, taken, routes, bent] = [tableOf(boxes), new Taken(), new Map(), []];
  const changed = before && tableOf(before.changed);
  const keep = (wire, points) => {
    routes.set(wire.id, points);
    if (points) taken.add(points, wire.net);
    else if (Math.abs(wire.sy - wire.ty) < 0.5) taken.level.add(wire.sy, wire.sx, wire.tx, wire.net);
  };
  for (const wire of wires) {
    const old = before?.routes.get(wire.id);
    if (before && stands(wire, old, changed)) keep(wire, old);
    else if (isPlain(wire, table)) keep(wire, null);
    else bent.push(wire);
  }
  inOrder(bent);
  for (const wire of bent) {
    keep(wire, zigzag(wire, table, taken) ?? lane(wire, table, taken) ?? leastBad(wire, table, taken));
  }
  return routes;
}

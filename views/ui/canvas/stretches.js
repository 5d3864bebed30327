// What stands in the way of wires: boxes by their place, and the stretches that other wires have taken. Pure.
export const LANE = 14, // between two lanes
  CLOSE = 7; // px between two wires, under which they are hard to tell apart

export const overlap = (a0, a1, b0, b1) => a0 < b1 && b0 < a1;

/** Boxes ordered by x and by y, so that a range is found without looking at all of them. */
export function tableOf(boxes) {
  const byX = [...boxes].sort((a, b) => a.x - b.x);
  const byY = [...boxes].sort((a, b) => a.y - b.y);
  const widest = byX.reduce((most, box) => Math.max(most, box.w), 0);
  const first = (x) => {
    let [low, high] = [0, byX.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (byX[middle].x < x) low = middle + 1;
      else high = middle;
    }
    return low;
  };
  return {
    byY,
    // calls `visit` with each box that overlaps x0..x1, until it returns true
    some(x0, x1, visit) {
      for (let i = first(x0 - widest); i < byX.length && byX[i].x < x1; i++) {
        if (byX[i].x + byX[i].w > x0 && visit(byX[i])) return true;
      }
      return false;
    },
  };
}

export const hits = (table, x0, x1, y0, y1, skip) =>
  table.some(x0, x1, (box) => !skip?.has(box.id) && overlap(y0, y1, box.y, box.y + box.h));

/** Parallel stretches that are taken already, found by their place. */
class Stretches {
  constructor() {
    this.byPlace = new Map();
    this.byNet = new Map();
  }

  add(at, a, b, net) {
    const stretch = { at, from: Math.min(a, b), to: Math.max(a, b), net };
    for (const [map, key] of [
      [this.byPlace, Math.floor(at / LANE)],
      [this.byNet, net],
    ]) {
      (map.get(key) ?? map.set(key, []).get(key)).push(stretch);
    }
  }

  /** Whether another net has a stretch nearer than `room` (at most a lane). */
  clash(at, from, to, net, room) {
    const near = (s) => s.net !== net && Math.abs(s.at - at) < room && overlap(s.from, s.to, from, to);
    const place = Math.floor(at / LANE);
    return [place - 1, place, place + 1].some((key) => this.byPlace.get(key)?.some(near));
  }

  /** How much a stretch would lie on those of other nets: pixels along, times pixels too near. */
  crowding(at, from, to, net) {
    const place = Math.floor(at / LANE);
    const near = [place - 1, place, place + 1].flatMap((key) => this.byPlace.get(key) ?? []);
    const along = (s) => Math.max(0, Math.min(s.to, to) - Math.max(s.from, from));
    return near.reduce((sum, s) => sum + (s.net === net ? 0 : Math.max(0, CLOSE - Math.abs(s.at - at)) * along(s)), 0);
  }

  /** Where `net` itself runs somewhere between `from` and `to`. */
  own(net, from, to) {
    return (this.byNet.get(net) ?? []).filter((s) => overlap(s.from, s.to, from, to)).map((s) => s.at);
  }
}

export class Taken {
  constructor() {
    this.level = new Stretches();
    this.upright = new Stretches();
  }

  add(points, net) {
    for (let i = 1; i < points.length; i++) {
      const [[x0, y0], [x1, y1]] = [points[i - 1], points[i]];
      if (y0 === y1) this.level.add(y0, x0, x1, net);
      else this.upright.add(x0, y0, y1, net);
    }
  }
}

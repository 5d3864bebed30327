// Points to SVG paths, and the place on a path where its text can stand.
const CORNER = 12;

const towards = ([x, y], [u, v], distance) => {
  const length = Math.hypot(u - x, v - y) || 1;
  return [x + ((u - x) / length) * distance, y + ((v - y) / length) * distance];
};

/** A path along `points` (x and y change in turn) with round corners. */
export function rounded(points, radius = CORNER) {
  let d = `M${points[0]}`;
  for (let i = 1; i < points.length - 1; i++) {
    const [before, here, after] = [points[i - 1], points[i], points[i + 1]];
    const lengths = [Math.hypot(here[0] - before[0], here[1] - before[1]), Math.hypot(after[0] - here[0], after[1] - here[1])];
    const r = Math.min(radius, lengths[0] / 2, lengths[1] / 2);
    d += `L${towards(here, before, r)}Q${here} ${towards(here, after, r)}`;
  }
  return `${d}L${points.at(-1)}`;
}

/** A plain curve that leaves to the right and arrives from the left. */
export function curve(x0, y0, x1, y1) {
  if (Math.abs(y0 - y1) < 0.5 && x1 >= x0) return `M${x0},${y0}L${x1},${y1}`;
  const reach = x1 >= x0 ? Math.max(16, (x1 - x0) / 2) : Math.min(160, 40 + (x0 - x1) / 4);
  return `M${x0},${y0}C${x0 + reach},${y0} ${x1 - reach},${y1} ${x1},${y1}`;
}

/** The middle of the longest stretch of `points`. */
export function middleOf(points) {
  let best = { x: 0, y: 0, length: -1 };
  for (let i = 1; i < points.length; i++) {
    const [[x0, y0], [x1, y1]] = [points[i - 1], points[i]];
    const length = Math.abs(x1 - x0) + Math.abs(y1 - y0);
    if (length > best.length) best = { x: (x0 + x1) / 2, y: (y0 + y1) / 2, length };
  }
  return best;
}

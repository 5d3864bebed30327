// Where every head's plane stands. No DOM, no drawing.

export const GAP = 0.14;

const LOW = 320; // px of height below which the controls stand in a column at the left, as attention3d.css says
const COLUMN = 164; // px that they take there

/** Room that the controls take at the left of a pane of this height. */
export const asideFor = (height) => (height < LOW ? COLUMN : 0);

/** Width and height of a plane: square cells, the longer side is 1, never thinner than a quarter. */
export function planeSize({ T, S }) {
  const longer = Math.max(T, S);
  return { width: Math.max(0.25, S / longer), height: Math.max(0.25, T / longer) };
}

/** Place of plane `i` of `n` along the depth; the first one is nearest. A wide pane has room to `spread` them. */
export const depth = (n, i, spread = 1) => ((n - 1) / 2 - i) * Math.min(0.3, 3.2 / n) * spread;

/** How far apart planes stand in a pane of this shape. */
export const spreadFor = (width, height) => Math.min(3.5, Math.max(1, width / height));

/** Middle of a head's tile on the wall of all heads. */
export function onWall(field, layer, head) {
  const { width, height } = planeSize(field);
  return [(head - (field.H - 1) / 2) * (width + GAP), ((field.L - 1) / 2 - layer) * (height + GAP), 0];
}

const axisOf = (stack, layer, head) => (stack === "layer" ? layer : head);

/**
 * The goal of a head's plane: { at, size, ghost }. Size 0 hides it, a ghost is only an outline.
 * `chosen` has the layer and head in focus; `planes` says which of a volume's planes are solid.
 */
export function goal(field, { mode, stack, planes, spread }, chosen, layer, head) {
  if (mode === "overview") return { at: onWall(field, layer, head), size: 1, ghost: 0 };
  const count = axisOf(stack, field.L, field.H);
  const at = axisOf(stack, layer, head);
  const now = axisOf(stack, chosen.layer, chosen.head);
  const member = axisOf(stack, head, layer) === axisOf(stack, chosen.head, chosen.layer);
  const hidden = (planes === "one" && at !== now) || (planes === "peel" && at < now);
  return { at: [0, 0, depth(count, at, spread)], size: member ? 1 : 0, ghost: hidden ? 1 : 0 };
}

/** Corners of everything that is drawn, for the camera. */
export function extent(field, { mode, stack, spread }) {
  const { width, height } = planeSize(field);
  if (mode === "overview") {
    const [x, y] = [(field.H * (width + GAP)) / 2, (field.L * (height + GAP)) / 2];
    return { x, y, z: 0 };
  }
  return { x: width / 2, y: height / 2, z: depth(axisOf(stack, field.L, field.H), 0, spread) };
}

/** Middle of a cell, given the middle of its plane. */
export function cellPlace(field, at, query, key) {
  const { width, height } = planeSize(field);
  return [at[0] + ((key + 0.5) / field.S - 0.5) * width, at[1] + (0.5 - (query + 0.5) / field.T) * height, at[2]];
}

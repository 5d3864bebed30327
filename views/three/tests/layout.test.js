import assert from "node:assert/strict";
import { test } from "node:test";
import { stepped } from "../input.js";
import { boxOf, marginsFor, overlap } from "../labels.js";
import { asideFor, cellPlace, depth, goal, planeSize } from "../layout.js";
import { pick } from "../picking.js";

const FIELD = { L: 3, H: 2, T: 4, S: 8, weight: (layer, head, query, key) => (layer === 1 && query === key ? 1 : 0) };
const VOLUME = { mode: "volume", stack: "layer", planes: "all", spread: 1 };
const CHOSEN = { layer: 1, head: 0, query: null, key: null };

function tiles(state) {
  const all = [];
  for (let layer = 0; layer < FIELD.L; layer++)
    for (let head = 0; head < FIELD.H; head++) {
      const { at, size, ghost } = goal(FIELD, state, CHOSEN, layer, head);
      all.push({ layer, head, at: { x: at[0], y: at[1], z: at[2] }, size, ghost });
    }
  return all;
}

/** A ray straight from the front onto a cell of a plane. */
function onto(state, layer, head, query, key) {
  const { at } = goal(FIELD, state, CHOSEN, layer, head);
  const [x, y] = cellPlace(FIELD, at, query, key);
  return { origin: { x, y, z: 9 }, direction: { x: 0, y: 0, z: -1 } };
}

const where = ({ layer, head, query, key }) => [layer, head, query, key];

test("a plane has square cells", () => {
  assert.deepEqual(planeSize({ T: 4, S: 8 }), { width: 1, height: 0.5 });
});

test("the first plane of a stack is nearest", () => {
  assert.ok(depth(4, 0) > depth(4, 1));
  assert.equal(depth(3, 1), 0);
});

test("a volume by layer shows the chosen head only, one by head the chosen layer only", () => {
  const shown = (state) => tiles(state).filter(({ size }) => size === 1).map(({ layer, head }) => `${layer}${head}`);
  assert.deepEqual(shown(VOLUME), ["00", "10", "20"]);
  assert.deepEqual(shown({ ...VOLUME, stack: "head" }), ["10", "11"]);
  assert.equal(shown({ ...VOLUME, mode: "overview" }).length, 6);
});

test("slicing makes outlines of the planes before the chosen one, or of all others", () => {
  const ghosts = (planes) => tiles({ ...VOLUME, planes }).filter(({ head }) => head === 0).map(({ ghost }) => ghost);
  assert.deepEqual(ghosts("all"), [0, 0, 0]);
  assert.deepEqual(ghosts("peel"), [1, 0, 0]);
  assert.deepEqual(ghosts("one"), [1, 0, 1]);
});

test("every cell on the wall of heads is picked at its own place", () => {
  const state = { ...VOLUME, mode: "overview" };
  for (let layer = 0; layer < 3; layer++) for (let head = 0; head < 2; head++)
    for (let query = 0; query < 4; query++) for (let key = 0; key < 8; key++) {
      const hit = pick(FIELD, tiles(state), onto(state, layer, head, query, key), 0.5);
      assert.deepEqual(where(hit), [layer, head, query, key]);
    }
});

test("a drawn cell is picked through the empty cells before it, and an empty one where none is drawn", () => {
  assert.deepEqual(where(pick(FIELD, tiles(VOLUME), onto(VOLUME, 0, 0, 2, 2), 0.5)), [1, 0, 2, 2]);
  assert.deepEqual(where(pick(FIELD, tiles(VOLUME), onto(VOLUME, 0, 0, 2, 3), 0.5)), [0, 0, 2, 3]);
});

test("outlines are not picked", () => {
  const state = { ...VOLUME, planes: "one" };
  assert.deepEqual(where(pick(FIELD, tiles(state), onto(state, 0, 0, 2, 3), 0.5)), [1, 0, 2, 3]);
});

test("a ray beside the planes hits nothing", () => {
  assert.equal(pick(FIELD, tiles(VOLUME), { origin: { x: 3, y: 0, z: 9 }, direction: { x: 0, y: 0, z: -1 } }, 0), null);
});

test("arrows step through layers and heads, brackets through tokens, Escape forgets the cell", () => {
  const cell = { layer: 1, head: 0, query: null, key: 3 };
  assert.equal(stepped("ArrowDown", cell).layer, 2);
  assert.equal(stepped("ArrowLeft", cell).head, 0);
  assert.equal(stepped("]", cell).query, 0);
  assert.equal(stepped("{", cell).key, 2);
  assert.deepEqual(stepped("Escape", cell), { layer: 1, head: 0, query: null, key: null });
  assert.equal(stepped("x", cell), null);
});

test("a label lies under a control as soon as one of its letters does", () => {
  const control = { left: 100, top: 10, right: 200, bottom: 30 };
  const label = (anchor) => boxOf({ text: "layer ↗", anchor }, 95, 20);
  assert.ok(overlap(label("start"), control));
  assert.ok(overlap(label("above"), control));
  assert.ok(!overlap(label("end"), control));
  assert.ok(!overlap(boxOf({ text: "L1", anchor: "below" }, 150, 30), control));
});

test("in a low pane the controls stand beside the picture, which gets its height", () => {
  const field = { queries: ["a"], keys: ["b"] };
  const [low, tall] = [200, 400].map((height) => marginsFor(field, "volume", { height }));
  assert.equal(low.left - tall.left, asideFor(200));
  assert.ok(low.top + low.bottom < tall.top + tall.bottom);
});

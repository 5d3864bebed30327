import assert from "node:assert/strict";
import { test } from "node:test";
import { freeBelow, freeInSight, looseEnd } from "../canvas/space.js";

const block = (id, x, y, outputs = ["y"]) => ({
  id,
  position: { x, y },
  width: 176,
  height: 54,
  data: { role: "block", inputs: [], outputs: outputs.map((port) => ({ id: port, watch: port === "weights" })) },
});

test("a free place is taken as it is", () => {
  assert.deepEqual(freeBelow([block("a", 0, 0)], { x: 300, y: 0 }), { x: 300, y: 0 });
});

test("a covered place gives way downwards past every block in the way", () => {
  const place = freeBelow([block("a", 0, 0), block("b", 20, 90)], { x: 10, y: 10 });

  assert.deepEqual(place, { x: 10, y: 168 });
});

test("a block without a place goes near the middle of what is in sight", () => {
  const state = { nodes: [], transform: [-1000, 0, 1], width: 800, height: 600 };

  assert.deepEqual(freeInSight(state), { x: 1312, y: 200 });
});

test("the loose end of a block is its first output that feeds nothing", () => {
  const node = block("a", 0, 0, ["p", "q", "weights"]);

  const end = looseEnd([node], [{ source: "a", sourceHandle: "p" }]);

  assert.deepEqual(end.from, { node: "a", port: "q", side: "source" });
  assert.ok(end.at.x > 176);
});

test("two chosen blocks have no loose end, and a port to look at is none", () => {
  assert.equal(looseEnd([block("a", 0, 0), block("b", 0, 0)], []), null);
  assert.equal(looseEnd([block("a", 0, 0, ["weights"])], []), null);
});

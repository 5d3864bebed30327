import assert from "node:assert/strict";
import { test } from "node:test";
import { applyOps } from "../canvas/ops.js";

const width = (text) => text.length * 7;
const context = { width, held: new Set() };
const port = { id: "p", kind: "hidden", shape: "" };
const node = (id, x = 0, more = {}) => ({ id, x, y: 0, role: "block", title: id, note: "", times: "", caption: "", inputs: [port], outputs: [port], error: "", ...more });
const edge = (a, b, shape = "") => ({ id: `${a}.p>${b}.p`, source: a, sourcePort: "p", target: b, targetPort: "p", kind: "hidden", shape, error: "" });
const start = () =>
  applyOps({ nodes: [], edges: [] }, [{ op: "scene", scene: { nodes: [node("a"), node("b", 300)], edges: [edge("a", "b")] } }], context);
const ids = (list) => list.map((item) => item.id);

test("an op changes its own item and leaves all others the same objects", () => {
  const before = start();

  const after = applyOps(before, [{ op: "node", node: node("b", 400) }], context);

  assert.equal(after.nodes[0], before.nodes[0]);
  assert.equal(after.edges[0], before.edges[0]);
  assert.equal(after.nodes[1].position.x, 400);
  assert.equal(after.nodes[1].data, before.nodes[1].data);
});

test("an echo of what is shown changes nothing", () => {
  const before = start();

  const after = applyOps(before, [{ op: "node", node: node("a") }, { op: "edge", edge: edge("a", "b") }], context);

  assert.equal(after.nodes[0], before.nodes[0]);
  assert.equal(after.edges[0], before.edges[0]);
});

test("what is shown already comes with the keys that differ", () => {
  const before = start();
  const ops = [
    { op: "node", node: { id: "b", error: "wrong" } },
    { op: "edge", edge: { id: "a.p>b.p", shape: "B T 8" } },
  ];

  const after = applyOps(before, ops, context);

  assert.deepEqual(after.nodes[1].data, { ...before.nodes[1].data, error: "wrong" });
  assert.deepEqual(after.nodes[1].position, { x: 300, y: 0 });
  assert.deepEqual(after.edges[0].data.edge, edge("a", "b", "B T 8"));
});

test("dropping a node takes its wires along", () => {
  const after = applyOps(start(), [{ op: "drop_node", id: "a" }], context);

  assert.deepEqual([ids(after.nodes), ids(after.edges)], [["b"], []]);
});

test("a node in the hand keeps its place while its data changes", () => {
  const after = applyOps(start(), [{ op: "node", node: node("a", 99, { caption: "new" }) }], { width, held: new Set(["a"]) });

  assert.deepEqual([after.nodes[0].position.x, after.nodes[0].data.caption], [0, "new"]);
});

test("select marks exactly the named items", () => {
  const after = applyOps(start(), [{ op: "select", nodes: ["b"], edges: ["a.p>b.p"] }], context);

  assert.deepEqual([after.nodes.map((n) => n.selected), after.edges[0].selected], [[false, true], true]);
});

test("a wire to a node that is gone is not shown", () => {
  const after = applyOps(start(), [{ op: "edge", edge: edge("b", "nowhere") }], context);

  assert.deepEqual(ids(after.edges), ["a.p>b.p"]);
});

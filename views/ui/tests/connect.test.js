import assert from "node:assert/strict";
import { test } from "node:test";
import { bestPort, judge, shapesClash, whyNot } from "../canvas/connect.js";

const port = (id, kind, shape = "B T 128", more = {}) => ({ id, kind, shape, ...more });
const block = (id, inputs, outputs) => ({ id, title: id.toUpperCase(), inputs, outputs });
const NODES = new Map(
  [
    block("a", [port("x", "hidden")], [port("y", "hidden")]),
    block("b", [port("x", "hidden"), port("padding", "mask", "B T")], [port("y", "hidden"), port("w", "weights", "B 4 T T", { watch: true })]),
    block("c", [port("x", "hidden", "B T 256")], [port("y", "hidden")]),
  ].map((node) => [node.id, node]),
);
const FITS = { hidden: ["hidden", "any"], mask: ["mask"], weights: ["weights"] };
const link = (source, sourcePort, target, targetPort) => ({ source, sourcePort, target, targetPort });
const wire = (...ends) => ({ id: `${ends[0]}.${ends[1]}>${ends[2]}.${ends[3]}`, ...link(...ends) });

test("a wire between ports of one kind is allowed", () => {
  assert.equal(judge(link("a", "y", "b", "x"), NODES, [], FITS).ok, true);
});

test("another kind is refused with both kinds named", () => {
  assert.match(judge(link("a", "y", "b", "padding"), NODES, [], FITS).why, /carries hidden but padding wants mask/);
});

test("a watch port cannot be wired", () => {
  assert.match(judge(link("b", "w", "a", "x"), NODES, [], FITS).why, /looked at, not wired/);
});

test("a block cannot feed itself", () => {
  assert.match(judge(link("a", "y", "a", "x"), NODES, [], FITS).why, /cannot feed itself/);
});

test("a wire that closes a loop is refused and the loop is named", () => {
  const wires = [wire("a", "y", "b", "x"), wire("b", "y", "c", "x")];

  assert.match(judge(link("c", "y", "a", "x"), NODES, wires, FITS).why, /loop: A → B → C/);
});

test("the wire being moved does not count as a loop or as already there", () => {
  const wires = [wire("a", "y", "b", "x")];

  assert.equal(judge(link("b", "y", "a", "x"), NODES, wires, FITS, wires[0].id).ok, true);
});

test("a fed input is taken over and the old wire is named", () => {
  const verdict = judge(link("c", "y", "b", "x"), NODES, [wire("a", "y", "b", "x")], FITS);

  assert.deepEqual([verdict.ok, verdict.replaces], [true, "Replaces the wire from A."]);
});

test("a different width is allowed with a warning that names both shapes", () => {
  assert.match(judge(link("a", "y", "c", "x"), NODES, [], FITS).warn, /carries B T 128 but x wants B T 256/);
});

test("shapes clash only where two numbers or two ranks contradict each other", () => {
  assert.equal(shapesClash("B T 128", "B S 128"), false);
  assert.equal(shapesClash("B T 128", "... 256"), true);
  assert.equal(shapesClash("B T 128", "... 128"), false);
  assert.equal(shapesClash("B T", "B T 128"), true);
});

test("a wire dropped on a block takes its free fitting port", () => {
  const from = { node: "a", port: "y", side: "source" };

  assert.equal(bestPort(from, NODES.get("b"), NODES, [], FITS).id, "x");
  assert.match(whyNot({ node: "b", port: "padding", side: "target" }, NODES.get("a"), NODES, [], FITS), /mask/);
});

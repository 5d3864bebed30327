import assert from "node:assert/strict";
import { test } from "node:test";
import { entriesFor, standingOf } from "../canvas/standing.js";

const block = (id, data = {}, selected = true) => ({ id, selected, data: { role: "block", opens: false, times: "", does: "", ...data } });
const around = { clip: false, depth: 0 };
const possible = (standing) => Object.keys(standing).filter((id) => !standing[id].off);
const command = (standing) => (id) => ({ id, label: id, ...standing[id] });

test("with nothing selected only what concerns the whole graph can be done", () => {
  assert.deepEqual(possible(standingOf([block("a", {}, false)], [], around)).sort(), ["arrange", "fit", "select-all"]);
});

test("one composite can be opened, two cannot; a repeated one cannot be ungrouped", () => {
  const [one, more] = [block("a", { opens: true }), block("b", { opens: true, times: "×2" })];

  assert.equal(standingOf([one], [], around)["open-inside"].off, false);
  assert.equal(standingOf([one, more], [], around)["open-inside"].off, true);
  assert.equal(standingOf([one], [], around).ungroup.off, false);
  assert.equal(standingOf([more], [], around).ungroup.off, true);
});

test("an input can be copied but not grouped; a wire can be deleted but not copied", () => {
  const input = standingOf([block("x", { role: "input" })], [], around);
  const wire = standingOf([], [{ id: "w", selected: true }], around);

  assert.deepEqual([input.copy.off, input.group.off], [false, true]);
  assert.deepEqual([wire.delete.off, wire.copy.off], [false, true]);
});

test("what only some blocks allow is what Python says of them", () => {
  const standing = standingOf([block("a", { does: "draw-out add-adapter" })], [], around);

  assert.deepEqual([standing["draw-out"].off, standing["add-adapter"].off, standing["remove-adapter"].off], [false, false, true]);
});

test("the menu of a block offers what can be done; that of the canvas shows Paste though nothing is copied", () => {
  const standing = standingOf([block("a", { opens: true })], [], around);
  const node = entriesFor("node", "", command(standing)).map(({ id }) => id);
  const pane = entriesFor("pane", "", command({ ...standing, paste: { off: true }, up: { off: true } }));

  assert.ok(node.includes("open-inside") && node.includes("delete") && !node.includes("add-adapter"));
  assert.equal(pane.find(({ id }) => id === "paste").off, true);
  assert.ok(pane.every(({ id }) => id !== "up"));
});

test("the fix of what is wrong stands first, and lines part the groups", () => {
  const rows = entriesFor("node", "Set d_model to 64", command(standingOf([block("a")], [], around)));

  assert.equal(rows[0].label, "Apply fix: Set d_model to 64");
  assert.deepEqual([rows[0].rule, rows[1].rule], [false, true]);
});

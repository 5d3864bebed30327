import assert from "node:assert/strict";
import { test } from "node:test";
import { folded, leaf } from "../tree.js";
import { named, pieces, plain, searched } from "../words.js";

test("a query is found where all its words occur, in any order and case", () => {
  const has = searched("  proj QUERY ");
  assert.ok(has("Query projection"));
  assert.ok(!has("Key projection"));
  assert.ok(searched("")("anything"));
});

test("an id reads like words and words like an id", () => {
  assert.ok(searched("q_proj")("q proj"));
  assert.ok(searched("q proj")("Query · q_proj"));
});

test("an option is an id and a label", () => {
  assert.deepEqual(named(4), { id: 4, label: "4" });
  assert.deepEqual(named({ id: "a", label: "A" }), { id: "a", label: "A" });
});

test("a level is folded and unfolded without changing what was", () => {
  const before = new Set([""]);
  const after = folded(before, "blocks", true);
  assert.deepEqual([...after], ["", "blocks"]);
  assert.deepEqual([...folded(after, "", false)], ["blocks"]);
  assert.deepEqual([...before], [""]);
  assert.equal(leaf("blocks.attn"), "attn");
  assert.equal(leaf("blocks"), "blocks");
});

test("names between backquotes are set apart, or lose these where they cannot be", () => {
  assert.deepEqual(pieces("up to `max_len`."), ["up to ", "max_len", "."]);
  assert.deepEqual(pieces("an odd ` stays"), ["an odd ` stays"]);
  assert.equal(plain("`a` or `b`"), "a or b");
  assert.equal(plain(undefined), undefined);
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { above, visible } from "../tree.js";

const rows = [
  { id: "", label: "Tiny GPT" },
  { id: "embed", label: "Token embedding" },
  { id: "blocks", label: "GPT block" },
  { id: "blocks.attn", label: "Attention" },
  { id: "blocks.attn.q_proj", label: "Query projection" },
  { id: "blocks.ffn", label: "Feed-forward" },
];
const ids = (unfolded, query = "") => visible(rows, new Set(unfolded), query).map((row) => row.id);

test("a row is drawn when all levels above it are unfolded", () => {
  assert.deepEqual(ids([]), [""]);
  assert.deepEqual(ids([""]), ["", "embed", "blocks"]);
  assert.deepEqual(ids(["", "blocks.attn"]), ["", "embed", "blocks"]);
  assert.deepEqual(ids(["", "blocks", "blocks.attn"]), rows.map((row) => row.id));
});

test("a search shows what fits by label or id and the way to it, folded or not", () => {
  assert.deepEqual(ids([], "query"), ["", "blocks", "blocks.attn", "blocks.attn.q_proj"]);
  assert.deepEqual(ids([], "Q_PROJ"), ["", "blocks", "blocks.attn", "blocks.attn.q_proj"]);
  assert.deepEqual(ids([], "forward feed"), ["", "blocks", "blocks.ffn"]);
  assert.deepEqual(ids([], "nothing"), []);
});

test("the levels above a row lead to the root", () => {
  assert.deepEqual(above("blocks.attn.q_proj"), ["blocks.attn", "blocks", ""]);
  assert.deepEqual(above(""), []);
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { matches } from "../canvas/match.js";

const block = (kind, title, inputs, outputs = ["hidden"]) => ({
  kind,
  title,
  family: "muted",
  hint: "",
  inputs: inputs.map((k) => ({ id: k, kind: k })),
  outputs: outputs.map((k) => ({ id: k, kind: k })),
});
const ALL = [
  block("token_embedding", "Token embedding", ["ids"]),
  block("layer_norm", "LayerNorm", ["hidden"]),
  block("linear", "Linear", ["hidden"]),
  block("lm_head", "Language-model head", ["hidden"], ["logits"]),
];
const kinds = (list) => list.map((item) => item.kind);

test("an empty search offers every block in the catalogue's order", () => {
  assert.deepEqual(kinds(matches(ALL, " ", null, {})), kinds(ALL));
});

test("titles that start with the text come first", () => {
  assert.deepEqual(kinds(matches(ALL, "l", null, {})).slice(0, 3), ["linear", "layer_norm", "lm_head"]);
});

test("a plain block comes before those that are named after it", () => {
  const all = [block("qk_norm_attention", "QK-norm attention", ["hidden"]), ...ALL];
  assert.deepEqual(kinds(matches(all, "norm", null, {})), ["layer_norm", "qk_norm_attention"]);
});

test("initials and kind names find a block", () => {
  assert.equal(kinds(matches(ALL, "lm_h", null, {}))[0], "lm_head");
  assert.equal(kinds(matches(ALL, "lmh", null, {}))[0], "lm_head");
});

test("a wire in the hand leaves only blocks that can end it", () => {
  assert.deepEqual(kinds(matches(ALL, "", { kind: "ids", side: "source" }, {})), ["token_embedding"]);
  assert.deepEqual(kinds(matches(ALL, "", { kind: "logits", side: "target" }, {})), ["lm_head"]);
});

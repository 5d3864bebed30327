import assert from "node:assert/strict";
import { test } from "node:test";
import { pieces } from "../python.js";

const kinds = (source) => pieces(source).map((line) => line.map(({ kind, text }) => `${kind}:${text}`));

test("no character is lost or added", () => {
  const source = 'class A(nn.Module):\n    """Says\n\n    more "so" # no comment\n    """\n\n    x = self.q_proj(x)  # (B, T)\n    y = \'a\\\'b\' + "#" + 1e-05';

  assert.equal(pieces(source).map((line) => line.map((piece) => piece.text).join("")).join("\n"), source);
});

test("words, numbers and comments stand out", () => {
  assert.deepEqual(kinds("return 4 * x  # twice twice"), [["word:return", ": ", "number:4", ": * x  ", "comment:# twice twice"]]);
});

test("the name of a block is a piece of its own", () => {
  assert.deepEqual(kinds("self.up(self.n)"), [[":self.", "member:up", ":(self.", "member:n", ":)"]]);
});

test("a docstring goes on until its quotes come again", () => {
  assert.deepEqual(kinds('"""One.\nfor two\n"""\nfor'), [['text:"""One.'], ["text:for two"], ['text:"""'], ["word:for"]]);
});

test("a hash in a text is no comment", () => {
  assert.deepEqual(kinds('x = "#" + y'), [[":x = ", 'text:"#"', ": + y"]]);
});

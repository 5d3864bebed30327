import assert from "node:assert/strict";
import { test } from "node:test";
import { atlas, Field } from "../atlas.js";

/** A field whose byte at each cell is a number of its own, modulo 251. */
function numbered(L, H, T, S) {
  const weights = Uint8Array.from({ length: L * H * T * S }, (_, i) => i % 251).buffer;
  return new Field({ shape: [L, H, T, S], queries: [], keys: [], weights });
}

/** The texel where the shader looks for a cell. */
function texel({ texels, width, height, columns, rows }, { T, S }, head, query, key) {
  const page = Math.floor(head / (columns * rows));
  const i = head % (columns * rows);
  return texels[(page * height + Math.floor(i / columns) * T + query) * width + (i % columns) * S + key];
}

for (const [shape, page] of [[[2, 3, 4, 4], 2048], [[1, 5, 3, 7], 16], [[4, 4, 5, 2], 11], [[1, 1, 1, 1], 8]]) {
  test(`every cell of ${shape} heads is where the shader looks for it, on pages of ${page}`, () => {
    const field = numbered(...shape);
    const laid = atlas(field, page);
    const [L, H, T, S] = shape;
    assert.ok(laid.width <= page && laid.height <= page);
    for (let head = 0, i = 0; head < L * H; head++)
      for (let q = 0; q < T; q++) for (let k = 0; k < S; k++, i++) assert.equal(texel(laid, field, head, q, k), i % 251);
  });
}

test("more heads than fit on a page take several pages", () => {
  assert.equal(atlas(numbered(4, 4, 8, 8), 16).pages, 4);
});

test("a byte stands for the square of its share", () => {
  const field = new Field({ shape: [1, 1, 1, 3], queries: [], keys: [], weights: Uint8Array.from([0, 51, 255]).buffer });
  const weights = [0, 1, 2].map((key) => field.weight(0, 0, 0, key));
  assert.deepEqual(weights.map((w) => w.toFixed(4)), ["0.0000", "0.0400", "1.0000"]);
});

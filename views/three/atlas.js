// Weights as bytes, and how all heads share one texture. No DOM, no drawing.

export const PAGE = 2048; // what every WebGL2 device must offer, also 256 pages of it

const DECODED = Float32Array.from({ length: 256 }, (_, byte) => (byte / 255) ** 2);

/** All weights of a model's heads: `weights` are bytes, layer by layer, head by head, query by query. */
export class Field {
  constructor({ shape, queries, keys, weights }) {
    [this.L, this.H, this.T, this.S] = shape;
    this.queries = queries;
    this.keys = keys;
    this.bytes = new Uint8Array(weights);
  }

  get heads() {
    return this.L * this.H;
  }

  slice(layer, head) {
    return layer * this.H + head;
  }

  /** A weight in [0, 1]; the byte makes it up to 0.004 wrong. */
  weight(layer, head, query, key) {
    return DECODED[this.bytes[(this.slice(layer, head) * this.T + query) * this.S + key]];
  }

  sameShape(other) {
    return ["L", "H", "T", "S"].every((name) => this[name] === other?.[name]);
  }
}

/** Lay the heads side by side on as many pages as it takes. */
export function atlas({ bytes, heads, T, S }, page = PAGE) {
  const columns = Math.max(1, Math.min(Math.floor(page / S), Math.ceil(Math.sqrt(heads))));
  const rows = Math.max(1, Math.min(Math.floor(page / T), Math.ceil(heads / columns)));
  const pages = Math.ceil(heads / (columns * rows));
  const [width, height] = [columns * S, rows * T];
  const texels = new Uint8Array(width * height * pages);
  for (let head = 0; head < heads; head++) {
    const i = head % (columns * rows);
    const top = Math.floor(head / (columns * rows)) * height + Math.floor(i / columns) * T;
    for (let q = 0; q < T; q++) {
      const row = bytes.subarray((head * T + q) * S, (head * T + q + 1) * S);
      texels.set(row, (top + q) * width + (i % columns) * S);
    }
  }
  return { texels, width, height, pages, columns, rows };
}

// What a kind of port looks like: a colour token and a glyph, never the colour alone.
const TOKEN = {
  ids: "ids",
  hidden: "hidden",
  heads: "hidden",
  query: "q",
  key: "k",
  value: "v",
  scores: "weights",
  weights: "weights",
  mask: "mask",
  logits: "logits",
  pooled: "logits",
  pixels: "ids",
  any: "muted",
};
const GLYPH = {
  ids: "square",
  mask: "square",
  scores: "diamond",
  weights: "diamond",
  heads: "pill",
  logits: "ring",
  pooled: "ring",
  pixels: "diamond",
};
const FAMILY = {
  ids: "Embedding",
  k: "Attention",
  v: "Feed-forward",
  weights: "Norm and wiring",
  hidden: "Composites",
  logits: "Heads",
};

export const colourOf = (kind) => `var(--${TOKEN[kind] ?? "muted"})`;
export const glyphOf = (kind) => GLYPH[kind] ?? "round";
/** A family comes as its colour token. */
export const familyColour = (token) => `var(--${FAMILY[token] ? token : "muted"})`;
export const familyName = (token) => FAMILY[token] ?? "";

// Words that parts share.

/** What a block's kind is called in a drag from the palette to the canvas. */
export const BLOCK = "application/x-stepwise-block";

/** An option as its id and label; it may be given as a text that is both. */
export const named = (option) => (typeof option === "object" ? option : { id: option, label: String(option) });

/** A query as a question to texts: do all its words occur, in any order? Ids read like words, `q_proj` like `q proj`. */
export function searched(query) {
  const plain = (text) => text.toLowerCase().replaceAll("_", " ");
  const words = plain(query).split(/\s+/).filter(Boolean);
  return (text) => words.every((word) => plain(text).includes(word));
}

// Words that parts share.

/** What a block's kind is called in a drag from the palette to the canvas. */
export const BLOCK = "application/x-stepwise-block";

/** An option as its id and label; it may be given as a text that is both. */
export const named = (option) => (typeof option === "object" ? option : { id: option, label: String(option) });

/** A query as a question to texts: do all its words occur, in any order? Ids read like words, `q_proj` like `q proj`. */
export function searched(query) {
  const simple = (text) => text.toLowerCase().replaceAll("_", " ");
  const words = simple(query).split(/\s+/).filter(Boolean);
  return (text) => words.every((word) => simple(text).includes(word));
}

/** Text in which `names` stand between backquotes, where no type can set them apart. */
export const plain = (text) => text?.replaceAll("`", "");

/** The pieces of such a text: plain words, and every second one a name. */
export const pieces = (text) => (text ?? "").split(/`([^`]+)`/);

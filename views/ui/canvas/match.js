// Which blocks the search offers, and in which order.
import { familyName } from "./kinds.js";

const words = (text) => text.toLowerCase().split(/[^a-z0-9]+/).filter(Boolean);

function score(block, query) {
  const title = block.title.toLowerCase();
  if (title.startsWith(query)) return 0;
  if (title.endsWith(query) || words(title).some((word) => word.startsWith(query))) return 1;
  if (title.includes(query) || block.kind.includes(query.replace(/\s+/g, "_"))) return 2;
  const initials = words(title).map((word) => word[0]).join("");
  if (initials.startsWith(query)) return 3;
  return `${familyName(block.family)} ${block.hint ?? ""}`.toLowerCase().includes(query) ? 4 : 9;
}

/** Whether a wire of `kind` that was taken at `side` can end in `block`. */
export function takes(block, kind, side, fits) {
  const may = (from, to) => (fits[from] ?? [from]).includes(to);
  return side === "source"
    ? block.inputs.some((port) => may(kind, port.kind))
    : block.outputs.some((port) => !port.watch && may(port.kind, kind));
}

/** The blocks to offer for `text`, best first, of equals the shortest title; `from` {kind, side} leaves only those that fit the wire in the hand. */
export function matches(catalogue, text, from, fits) {
  const query = text.trim().toLowerCase();
  const fitting = from ? catalogue.filter((block) => takes(block, from.kind, from.side, fits)) : catalogue;
  if (!query) return fitting;
  return fitting
    .map((block, order) => ({ block, order, rank: score(block, query) }))
    .filter(({ rank }) => rank < 9)
    .sort((a, b) => a.rank - b.rank || a.block.title.length - b.block.title.length || a.order - b.order)
    .map(({ block }) => block);
}

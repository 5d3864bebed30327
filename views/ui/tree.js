// Which rows of a tree are drawn. A row's id is the way to it from the root, parted by dots; the root's is empty.
import { searched } from "./words.js";

export const parent = (id) => (id.includes(".") ? id.slice(0, id.lastIndexOf(".")) : "");
export const leaf = (id) => id.slice(id.lastIndexOf(".") + 1);
export const above = (id) => {
  const found = [];
  for (let at = id; at; ) found.push((at = parent(at)));
  return found;
};

/** The levels that are unfolded, after one of them is (`want`) or is not. */
export function folded(unfolded, id, want) {
  const next = new Set(unfolded);
  if (want) next.add(id);
  else next.delete(id);
  return next;
}

/** The rows to draw: those whose level is unfolded, or, in a search, those that fit and the way to them. */
export function visible(rows, unfolded, query) {
  if (!query.trim()) return rows.filter((row) => !row.id || above(row.id).every((id) => unfolded.has(id)));
  const has = searched(query);
  const found = rows.filter((row) => has(`${row.label} ${leaf(row.id)}`));
  const kept = new Set(found.flatMap((row) => (row.id ? [row.id, ...above(row.id)] : [""])));
  return rows.filter((row) => kept.has(row.id));
}

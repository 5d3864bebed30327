// Which rows of a tree are drawn. A row's id is the way to it from the root, parted by dots; the root's is empty.
export const parent = (id) => (id.includes(".") ? id.slice(0, id.lastIndexOf(".")) : "");
export const above = (id) => {
  const found = [];
  for (let at = id; at; ) found.push((at = parent(at)));
  return found;
};

/** The rows to draw: those whose level is unfolded, or, in a search, those that fit and the way to them. */
export function visible(rows, unfolded, query) {
  const words = query.trim().toLowerCase().split(/\s+/).filter(Boolean);
  if (!words.length) return rows.filter((row) => !row.id || above(row.id).every((id) => unfolded.has(id)));
  const fits = (row) => words.every((word) => `${row.label} ${row.id.slice(row.id.lastIndexOf(".") + 1)}`.toLowerCase().replaceAll("_", " ").includes(word.replaceAll("_", " ")));
  const found = rows.filter(fits);
  const kept = new Set(found.flatMap((row) => (row.id ? [row.id, ...above(row.id)] : [""])));
  return rows.filter((row) => kept.has(row.id));
}

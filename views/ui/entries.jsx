// The entries of menus: drawn alike, and walked by the same keys, in the menu bar and in context menus.
import { shown } from "./keys.js";

/** One command; one that is `off` cannot be chosen, but the keyboard still finds it. */
export function Entry({ row, choose }) {
  return (
    <button
      type="button"
      role="menuitem"
      aria-keyshortcuts={row.keys?.replaceAll("Ctrl", "Control") || undefined}
      aria-disabled={row.off || undefined}
      tabIndex={-1}
      className={row.rule ? "ruled" : ""}
      title={row.label.length > LONG ? row.label : undefined}
      onPointerMove={(event) => event.currentTarget.focus({ preventScroll: true })}
      onClick={() => row.off || choose(row.id)}
    >
      <i />
      <span>{row.label}</span>
      <em>{shown(row.keys)}</em>
    </button>
  );
}

const LONG = 40; // letters, from which on a label may be cut

export const entriesOf = (list) => [...(list?.querySelectorAll("[role=menuitem]") ?? [])];

/** Move the focus among `rows` by arrows, Home, End or a first letter; false for any other key. */
export function walk({ key, target }, rows) {
  const at = rows.indexOf(target);
  const step = { ArrowDown: 1, ArrowUp: -1 }[key];
  if (step) rows[(at < 0 ? (step > 0 ? 0 : rows.length - 1) : at + step + rows.length) % rows.length]?.focus();
  else if (key === "Home") rows[0]?.focus();
  else if (key === "End") rows.at(-1)?.focus();
  else if (key.length === 1 && /\S/.test(key)) {
    const fits = rows.filter((row) => row.querySelector("span").textContent.toLowerCase().startsWith(key.toLowerCase()));
    (fits.find((row) => rows.indexOf(row) > at) ?? fits[0])?.focus();
  } else return false;
  return true;
}

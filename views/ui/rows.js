// A list that Python sends whole once and then by differences: see `Listed` in part.py.
import { useEffect, useMemo, useState } from "react";
import { useGiven } from "./given.js";
import { said } from "./said.js";

/** Remembers long rows by the names that Python gave them; `null` for a name that was never heard. */
function memory() {
  const known = new Map();
  return (row) => {
    if (row.as) known.set(row.as, row.row);
    return row.as || row.same ? (known.get(row.as ?? row.same) ?? null) : row;
  };
}

function patched(rows, patch, length) {
  const next = rows.slice(0, length);
  for (const [index, row] of patch) next[index] = row;
  return next;
}

/** Returns the list and a count that goes up when Python says it anew, so that fields show its values again. */
export function useRows(model, name) {
  const [whole] = useGiven(model, name);
  const [state, setState] = useState({ rows: whole, turn: 0 });
  const recall = useMemo(memory, []);
  useEffect(() => setState((now) => (now.rows === whole ? now : { ...now, rows: whole })), [whole]);
  useEffect(() => {
    const hear = (message) => {
      const { patch, length, rows } = said(message);
      if (rows) setState((now) => ({ rows, turn: now.turn + 1 }));
      if (!patch) return;
      const full = patch.map(([index, row]) => [index, recall(row)]);
      if (full.some(([, row]) => row === null)) model.send_msg({ type: "hello" });
      else setState((now) => ({ ...now, rows: patched(now.rows, full, length) }));
    };
    model.on("msg:custom", hear);
    model.send_msg({ type: "hello" });
    return () => model.off("msg:custom", hear);
  }, []);
  const change = (id, changes) =>
    setState((now) => ({ ...now, rows: now.rows.map((row) => (row.id === id ? { ...row, ...changes } : row)) }));
  return [state.rows, change, state.turn];
}

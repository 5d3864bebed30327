// A list that Python sends whole once and then by differences: see `Listed` in part.py.
import { useEffect, useState } from "react";

/** Returns the list and a count that goes up when Python says it anew, so that fields show its values again. */
export function useRows(model, name) {
  const [whole] = model.useState(name);
  const [state, setState] = useState({ rows: whole, turn: 0 });
  useEffect(() => setState((now) => (now.rows === whole ? now : { ...now, rows: whole })), [whole]);
  useEffect(() => {
    const hear = ({ patch, rows }) => {
      if (rows) setState((now) => ({ rows, turn: now.turn + 1 }));
      if (!patch) return;
      setState((now) => {
        const next = [...now.rows];
        for (const [index, row] of patch) next[index] = row;
        return { ...now, rows: next };
      });
    };
    model.on("msg:custom", hear);
    model.send_msg({ type: "hello" });
    return () => model.off("msg:custom", hear);
  }, []);
  const change = (id, changes) =>
    setState((now) => ({ ...now, rows: now.rows.map((row) => (row.id === id ? { ...row, ...changes } : row)) }));
  return [state.rows, change, state.turn];
}

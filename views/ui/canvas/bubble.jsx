// Beside the pointer while a wire is in the hand: what would happen here, or why nothing can.
import { useEffect } from "react";
import { useConnection, useStoreApi } from "@xyflow/react";
import { verdictAt } from "./pointer.js";

const WIDTH = 280;

/** Mark the port that the wire would end in. */
function useTargetMark(connection, store) {
  const { toHandle: to, isValid } = connection;
  const id = to ? `${store.getState().rfId}-${to.nodeId}-${to.id}-${to.type}` : null;
  useEffect(() => {
    const port = id && store.getState().domNode.querySelector(`.react-flow__handle[data-id="${CSS.escape(id)}"]`);
    if (!port) return undefined;
    port.dataset.to = isValid ? "yes" : "no";
    return () => delete port.dataset.to;
  }, [id, isValid]);
}

export function Bubble({ desk }) {
  const connection = useConnection();
  const store = useStoreApi();
  useTargetMark(connection, store);
  if (!connection.inProgress || !connection.pointer) return null;
  const state = store.getState();
  const verdict = verdictAt(connection, desk, state);
  if (!verdict) return null;
  const text = verdict.ok ? [verdict.replaces, verdict.warn].filter(Boolean).join(" ") : verdict.why;
  if (!text) return null;
  const tone = verdict.ok ? (verdict.warn ? "warn" : "info") : "err";
  const { x, y } = connection.pointer;
  const place = x > state.width - WIDTH ? { right: state.width - x + 14 } : { left: x + 16 };
  return (
    <div className={`bubble ${tone}`} role="status" style={{ ...place, top: Math.min(y + 14, state.height - 48) }}>
      {text}
    </div>
  );
}

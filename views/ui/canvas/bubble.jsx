// Beside the pointer while a wire is in the hand: what would happen here, or why nothing can.
import { useConnection, useStoreApi } from "@xyflow/react";
import { verdictAt } from "./pointer.js";

const WIDTH = 280;

export function Bubble({ desk }) {
  const connection = useConnection();
  const store = useStoreApi();
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

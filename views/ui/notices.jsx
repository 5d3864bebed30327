// Notices: what just happened, in a corner, gone after a while unless the pointer or the keyboard is on it.
import { useEffect, useRef, useState } from "react";
import { Icon } from "./icons.jsx";

const MOST = 4;

export function useNotices() {
  const [notices, setNotices] = useState([]);
  const dismiss = (id) => setNotices((now) => now.filter((notice) => notice.id !== id));
  const notify = (notice) =>
    setNotices((now) => [...now.filter((other) => other.id !== notice.id && other.text !== notice.text), notice].slice(-MOST));
  return [notices, notify, dismiss];
}

function Notice({ notice, dismiss, run }) {
  const [held, setHeld] = useState(false);
  const gone = useRef();
  gone.current = () => dismiss(notice.id);
  useEffect(() => {
    if (held || !notice.seconds) return undefined;
    const timer = setTimeout(() => gone.current(), notice.seconds * 1000);
    return () => clearTimeout(timer);
  }, [held, notice]);
  const actions = notice.actions ?? (notice.action ? [notice.action] : []);
  const hold = { onPointerEnter: () => setHeld(true), onFocus: () => setHeld(true) };
  const free = { onPointerLeave: () => setHeld(false), onBlur: () => setHeld(false) };
  return (
    <div className={`notice ${notice.tone ?? ""}`} role={notice.tone === "err" ? "alert" : undefined} {...hold} {...free}>
      <Icon name={{ ok: "check", warn: "warn", err: "warn" }[notice.tone] ?? "info"} />
      <p>{notice.text}</p>
      {actions.map((action) => (
        <button
          key={action.id}
          type="button"
          className="button"
          onClick={() => {
            dismiss(notice.id);
            run(action.id);
          }}
        >
          {action.label}
        </button>
      ))}
      <button type="button" className="icon" aria-label="Dismiss" title="Dismiss" onClick={() => dismiss(notice.id)}>
        <Icon name="close" />
      </button>
    </div>
  );
}

export function Notices({ notices, dismiss, run }) {
  return (
    <div className="notices" role="status" aria-live="polite">
      {notices.map((notice) => (
        <Notice key={notice.id} notice={notice} dismiss={dismiss} run={run} />
      ))}
    </div>
  );
}

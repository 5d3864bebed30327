// A button that copies a text, ticked for a moment when that is done.
import { useEffect, useState } from "react";
import { Icon } from "./icons.jsx";

const LONG = 1500; // milliseconds

export function Copy({ text, title = "Copy" }) {
  const [copied, setCopied] = useState(false);
  useEffect(() => {
    if (!copied) return undefined;
    const timer = setTimeout(() => setCopied(false), LONG);
    return () => clearTimeout(timer);
  }, [copied]);
  const copy = () => navigator.clipboard?.writeText(text).then(() => setCopied(true));
  return (
    <button type="button" className="icon" title={copied ? "Copied" : title} aria-label={title} onClick={copy}>
      <Icon name={copied ? "check" : "copy"} />
    </button>
  );
}

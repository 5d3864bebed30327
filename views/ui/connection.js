// When the server goes, say so; when it is back, load the page anew, which brings the autosaved work.
import { useEffect } from "react";

const PROBE = "static/js/bokeh.min.js";
const LOST = {
  id: "lost",
  tone: "warn",
  text: "The server does not answer. Your edits are saved and runs go on; the page comes back with the server.",
  action: { id: "reload", label: "Try now" },
  seconds: 0,
};

async function answers() {
  try {
    return (await fetch(PROBE, { method: "HEAD", cache: "no-store" })).ok;
  } catch {
    return false;
  }
}

export function useConnection(bokeh, notify) {
  useEffect(() => {
    let timer = null;
    bokeh.on_event("connection_lost", () => {
      notify(LOST);
      timer ??= setInterval(async () => (await answers()) && location.reload(), 1500);
    });
    return () => clearInterval(timer);
  }, []);
}

// How much of a block is written at a zoom, so that no text on the screen is under 11 px: all, all but the shapes of
// wires, titles alone, or nothing. Texts grow as the graph shrinks; the stylesheet does the rest.
import { useEffect } from "react";
import { useStore } from "@xyflow/react";

const LEAST = { full: 0.84, ports: 0.7, titles: 0.45 };
const STEPS = 20; // of zoom, so that a text changes seldom

export const detailAt = (zoom) => Object.keys(LEAST).find((detail) => zoom >= LEAST[detail]) ?? "none";
const stepAt = (zoom) => Math.min(1, Math.max(1, Math.floor(zoom * STEPS + 1e-6)) / STEPS);

/** Tell the stylesheet; `root` is the element around the graph. */
export function Detail({ root }) {
  const detail = useStore((state) => detailAt(state.transform[2]));
  const step = useStore((state) => stepAt(state.transform[2]));
  useEffect(() => {
    root.current.dataset.detail = detail;
    root.current.style.setProperty("--zoom", step);
  }, [detail, step]);
  return null;
}

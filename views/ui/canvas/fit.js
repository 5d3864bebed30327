// The view: the graph stays fitted to the pane until its view is moved by hand.
import { useCallback, useEffect, useRef } from "react";
import { useReactFlow, useStore } from "@xyflow/react";
import { viewOf } from "./view.js";

const calm = () => window.matchMedia("(prefers-reduced-motion: reduce)").matches;
export const LEAST_ZOOM = 0.1;
const GLIDE = 120; // ms

/** {fit, refit, onMoveStart}: `fit` always fits, `refit` only a view that nobody has moved. */
export function useFit(store) {
  const { setViewport } = useReactFlow();
  const moved = useRef(false);
  const [width, height] = [useStore((state) => state.width), useStore((state) => state.height)];
  const ready = useStore((state) => state.panZoom !== null);
  const fit = useCallback((duration = GLIDE) => {
    const state = store.getState();
    moved.current = false;
    const view = viewOf(state.nodes, state.edges, state, LEAST_ZOOM);
    if (view && state.panZoom) setViewport(view, { duration: calm() ? 0 : duration });
  }, []);
  const refit = useCallback(() => moved.current || fit(0), []);
  useEffect(() => {
    if (ready) refit();
  }, [width, height, ready]);
  const onMoveStart = useCallback((event) => {
    if (event) moved.current = true;
  }, []);
  const moveBy = useCallback((step) => {
    moved.current = true;
    step();
  }, []);
  return { fit, refit, onMoveStart, moveBy };
}

// The view: the graph stays fitted to the pane until its view is moved by hand.
import { useCallback, useEffect, useRef } from "react";
import { useReactFlow, useStore } from "@xyflow/react";
import { isInSight, viewOf } from "./view.js";

const calm = () => window.matchMedia("(prefers-reduced-motion: reduce)").matches;
export const LEAST_ZOOM = 0.1;
const GLIDE = 120; // ms

/** {fit, refit, reveal, go, onMoveStart, onMove, moveBy}: `fit` always fits, `refit` a view that nobody has moved. */
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
  const centre = ({ x, y }) => {
    const { transform: [, , zoom], width: w, height: h } = store.getState();
    setViewport({ x: w / 2 - x * zoom, y: h / 2 - y * zoom, zoom }, { duration: calm() ? 0 : GLIDE });
  };
  /** Bring a node that is out of sight to the middle, no nearer than it was. */
  const reveal = useCallback((id) => {
    const { nodes, transform: [x, y, zoom], width: w, height: h } = store.getState();
    const node = nodes.find((n) => n.id === id);
    if (!node || isInSight(node, { x, y, zoom }, { width: w, height: h })) return;
    centre({ x: node.position.x + node.width / 2, y: node.position.y + node.height / 2 });
  }, []);
  /** Have a point of the graph in the middle, as a person asks for. */
  const go = useCallback((point) => {
    moved.current = true;
    centre(point);
  }, []);
  const before = useRef(null);
  const onMoveStart = useCallback((_, view) => {
    before.current = view;
  }, []);
  const onMove = useCallback((event, view) => {
    const from = before.current; // a press alone moves nothing
    if (event && from && ["x", "y", "zoom"].some((key) => view[key] !== from[key])) moved.current = true;
  }, []);
  const moveBy = useCallback((step) => {
    moved.current = true;
    step();
  }, []);
  return { fit, refit, reveal, go, onMoveStart, onMove, moveBy };
}

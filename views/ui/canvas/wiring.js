// Drawing wires by hand: React Flow's events to what the desk does. While a wire is in the hand every port is marked as
// fitting or not, straight on the page, so that starting and ending a wire draws no node again.
import { useMemo } from "react";
import { fixedEnd, nodeAt } from "./pointer.js";

function markPorts(root, from, desk) {
  for (const port of root.querySelectorAll(".react-flow__handle")) {
    const side = port.classList.contains("source") ? "source" : "target";
    const own = port.dataset.nodeid === from.node && port.dataset.handleid === from.port && side === from.side;
    const fits = own || (side !== from.side && desk.verdict(from, port.dataset.nodeid, port.dataset.handleid).ok);
    port.dataset.fit = fits ? "yes" : "no";
  }
  root.classList.add("linking");
}

const linkOfConnection = (connection) => ({
  source: connection.source,
  sourcePort: connection.sourceHandle,
  target: connection.target,
  targetPort: connection.targetHandle,
});

function pointOf(event, pane) {
  const at = event.changedTouches?.[0] ?? event;
  const box = pane.getBoundingClientRect();
  return { x: at.clientX - box.left, y: at.clientY - box.top, client: { x: at.clientX, y: at.clientY } };
}

/** Listens for Escape while a wire is in the hand; `stop` ends it and says whether the wire was let go that way. */
function escapeHatch(store) {
  let escaped = false;
  const hear = (event) => {
    if (event.key !== "Escape") return;
    event.preventDefault();
    event.stopPropagation();
    escaped = true;
    store.getState().cancelConnection();
  };
  window.addEventListener("keydown", hear, true);
  return () => {
    window.removeEventListener("keydown", hear, true);
    return escaped;
  };
}

/** The handlers for React Flow. `root` is a ref to the pane; `onVoid(point, from)` gets a wire dropped on nothing. */
export function useWiring(desk, store, root, onVoid) {
  return useMemo(() => {
    const place = (link, event) =>
      desk.moving ? desk.rewire(desk.moving.id, link, event?.timeStamp) : desk.connect(link, event?.timeStamp);
    let last = null;
    let stop = () => false;
    const drop = (event, from, toHandle, point) => {
      if (last) return place(last, event);
      if (toHandle) return undefined;
      const under = nodeAt(store.getState(), point);
      if (under === undefined) return desk.moving ? undefined : onVoid(point, from);
      const verdict = under === from.node ? null : desk.over(from, under);
      return verdict?.ok ? place(verdict.link, event) : undefined;
    };
    return {
      isValidConnection: (connection) => desk.judge(linkOfConnection(connection)).ok,
      onConnectStart: (_, { nodeId, handleId, handleType }) => {
        last = null;
        stop = escapeHatch(store);
        markPorts(root.current, { node: nodeId, port: handleId, side: handleType }, desk);
      },
      onConnect: (connection) => (last = linkOfConnection(connection)),
      onReconnectStart: (_, edge) => (desk.moving = edge),
      onReconnect: (_, connection) => (last = linkOfConnection(connection)),
      onConnectEnd: (event, { fromHandle, toHandle }) => {
        const point = pointOf(event, root.current); // before anything changes, so that nothing is laid out for it
        root.current.classList.remove("linking");
        if (!stop()) drop(event, fixedEnd(fromHandle), toHandle, point);
        desk.moving = null;
      },
    };
  }, []);
}

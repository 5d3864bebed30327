// A port. React Flow's own Handle listens to every change of the graph and is drawn again, all of them, whenever a wire
// is taken up or let go: at 300 nodes that is most of a gesture. This one is still, and starts a wire the same way.
import { memo } from "react";
import { useStoreApi } from "@xyflow/react";
import { XYHandle } from "@xyflow/system";
import { colourOf, glyphOf } from "./kinds.js";

/** Start a wire at a port, as React Flow's Handle does. */
function grab(event, store, node, port, type) {
  const mouse = "clientX" in event.nativeEvent;
  if (mouse && event.button !== 0) return;
  const state = store.getState();
  const latest = (name) => (...args) => store.getState()[name]?.(...args);
  XYHandle.onPointerDown(event.nativeEvent, {
    handleDomNode: event.currentTarget,
    autoPanOnConnect: state.autoPanOnConnect,
    autoPanSpeed: state.autoPanSpeed,
    connectionMode: state.connectionMode,
    connectionRadius: state.connectionRadius,
    domNode: state.domNode,
    nodeLookup: state.nodeLookup,
    lib: state.lib,
    isTarget: type === "target",
    handleId: port,
    nodeId: node,
    flowId: state.rfId,
    panBy: state.panBy,
    cancelConnection: state.cancelConnection,
    onConnectStart: state.onConnectStart,
    onConnectEnd: latest("onConnectEnd"),
    updateConnection: state.updateConnection,
    onConnect: latest("onConnect"),
    isValidConnection: latest("isValidConnection"),
    getTransform: () => store.getState().transform,
    getFromHandle: () => store.getState().connection.fromHandle,
    dragThreshold: state.connectionDragThreshold,
  });
}

function hintOf(port, type) {
  const about = `${port.id}: ${port.carries ?? port.kind}${port.shape ? `, ${port.shape}` : ""}`;
  if (port.watch) return `${about}. Can be looked at, not wired.`;
  return type === "target" && port.optional ? `${about}. Optional.` : about;
}

/** `type` is "source" or "target"; `top` where its middle is, from the node's top. */
export const Port = memo(function Port({ node, port, type, top }) {
  const store = useStoreApi();
  const start = port.watch ? undefined : (event) => grab(event, store, node, port.id, type);
  const side = type === "target" ? "left" : "right";
  const kind = port.carries ?? port.kind; // an input that takes anything looks like what comes in
  const look = [glyphOf(kind), port.optional && "hollow"].filter(Boolean).join(" ");
  const use = port.watch ? "watch" : "connectable connectablestart connectableend connectionindicator";
  const about = hintOf(port, type);
  return (
    <div
      className={`react-flow__handle react-flow__handle-${side} nodrag nopan ${type} port ${look} ${use}`}
      data-handleid={port.id}
      data-nodeid={node}
      data-handlepos={side}
      data-id={`${store.getState().rfId}-${node}-${port.id}-${type}`}
      style={{ "--port": colourOf(kind), top }}
      title={about}
      role="img"
      aria-label={about}
      onMouseDown={start}
      onTouchStart={start}
    />
  );
});

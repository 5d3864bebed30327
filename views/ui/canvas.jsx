// The graph: our nodes and wires on React Flow. Gestures are drawn here at once (canvas/desk.js) and told to Python.
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "react";
import {
  Background,
  ReactFlow,
  ReactFlowProvider,
  SelectionMode,
  applyEdgeChanges,
  applyNodeChanges,
  useReactFlow,
  useStore,
  useStoreApi,
} from "@xyflow/react";
import { useContextMenu } from "./canvas/context.jsx";
import { Bubble } from "./canvas/bubble.jsx";
import { Detail } from "./canvas/detail.js";
import { Desk } from "./canvas/desk.js";
import { LEAST_ZOOM, useFit } from "./canvas/fit.js";
import { Floats } from "./canvas/floats.jsx";
import { press } from "./canvas/keys.js";
import { ruler } from "./canvas/measure.js";
import { Block, Rail, Send } from "./canvas/node.jsx";
import { Search } from "./canvas/search.jsx";
import { useGiven } from "./given.js";
import { said } from "./said.js";
import { freeBelow, freeInSight } from "./canvas/space.js";
import { useWiring } from "./canvas/wiring.js";
import { LooseWire, Wire } from "./canvas/wire.jsx";
import { BLOCK } from "./words.js";

const NODES = { block: Block, rail: Rail },
  WIRES = { wire: Wire };
const GRID = [4, 4],
  MULTI = ["Shift", "Control", "Meta"],
  MANY = 150, // nodes, from which on only the visible ones are in the page
  QUIET = { hideAttribution: true };
const snap = (value) => Math.round(value / 4) * 4;

function pageRuler() {
  const font = getComputedStyle(document.documentElement).getPropertyValue("--font") || "sans-serif";
  return ruler({ title: `600 13px ${font}`, note: `12px ${font}`, port: `12px ${font}`, badge: `11px ${font}` });
}

/** Where we are and which sizes hold: Python's parameters, until an op says something newer. */
function useSurroundings(model) {
  const [crumbs] = useGiven(model, "crumbs");
  const [symbols] = useGiven(model, "symbols");
  const [now, setNow] = useState({ crumbs, symbols });
  useEffect(() => setNow({ crumbs, symbols }), [crumbs, symbols]);
  return [now, setNow];
}

/** Show the scene, then follow Python's ops. */
function useScene(model, desk, view, setNow) {
  const [scene] = useGiven(model, "scene");
  useLayoutEffect(() => {
    desk.show(scene);
    view.refit();
  }, [scene]);
  useEffect(() => {
    desk.onScene = (op) => {
      if (op.op === "fit") view.fit();
      if (op.op === "place") desk.place(op.kind);
      if (op.op === "select" && op.nodes?.length === 1) view.reveal(op.nodes[0]);
      if (op.op !== "scene") return;
      setNow((now) => ({ crumbs: op.crumbs ?? now.crumbs, symbols: op.symbols ?? now.symbols }));
      if (op.crumbs) view.fit(0);
      else view.refit();
    };
    const receive = (message) => desk.receive(said(message));
    model.on("msg:custom", receive);
    desk.hello();
    document.fonts?.ready.then(() => desk.remeasure(pageRuler()));
    return () => model.off("msg:custom", receive);
  }, []);
}

/** The search for a block: at a point of the pane (`flow` is the same point of the graph), for a wire's end or not. */
function useSearch(desk, store) {
  const { screenToFlowPosition } = useReactFlow();
  const [search, setSearch] = useState(null);
  const finder = useMemo(
    () => ({
      open(point, from = null, flow = screenToFlowPosition(point.client)) {
        const ports = from ? desk.portsOf(from.node, from.side) : [];
        const kind = ports.find((port) => port.id === from.port)?.kind;
        setSearch({ at: point, flow, from: from && { ...from, kind } });
      },
      /** By keyboard: the block that follows the chosen one, or any block in the middle of the pane. */
      next() {
        const state = store.getState();
        const [x, y, zoom] = state.transform;
        const end = desk.looseEnd();
        const shift = end ? { x: 0, y: 40 } : { x: 88, y: 14 }; // from the block's corner to the point
        const corner = end ? freeBelow(state.nodes, { x: end.at.x, y: end.at.y - shift.y }) : freeInSight(state);
        const flow = { x: corner.x + shift.x, y: corner.y + shift.y };
        finder.open({ x: flow.x * zoom + x, y: flow.y * zoom + y }, end?.from, flow);
        return true;
      },
      close: () => setSearch(null),
    }),
    [],
  );
  const pick = (block) => {
    finder.close();
    const { flow, from } = search;
    const left = !from ? 88 : from.side === "source" ? 0 : 176;
    desk.add(block.kind, snap(flow.x - left), snap(flow.y - (from ? 40 : 14)), from);
    desk.store.getState().domNode.focus({ preventScroll: true });
  };
  return { search, pick, ...finder };
}

/** What the window's commands ask of the canvas. */
function useCommands(desk, view, zoom) {
  useEffect(() => {
    const act = { fit: () => view.fit(), delete: () => desk.remove(), "select-all": () => desk.selectAll(), ...zoom };
    const hear = ({ detail }) => {
      desk.rest();
      if (detail === "copy" || detail === "cut") desk.clip ||= desk.nodes.some((node) => node.selected);
      act[detail]?.();
    };
    window.addEventListener("stepwise", hear);
    return () => window.removeEventListener("stepwise", hear);
  }, []);
}

function Flow({ model, root }) {
  const store = useStoreApi();
  const desk = useMemo(() => new Desk(store, (op) => model.send_msg(op), pageRuler()), []);
  const [catalogue] = useGiven(model, "catalogue");
  const [fits] = useGiven(model, "fits");
  desk.fits = fits;
  const view = useFit(store);
  const [now, setNow] = useSurroundings(model);
  useScene(model, desk, view, setNow);
  const { screenToFlowPosition, zoomIn, zoomOut } = useReactFlow();
  const finder = useSearch(desk, store);
  const wiring = useWiring(desk, store, root, finder.open);
  const around = useRef();
  around.current = { clip: desk.clip, depth: now.crumbs.length - 1 };
  const context = useContextMenu(desk, root, finder, around);
  const many = useStore((state) => state.nodes.length > MANY);
  const pane = store.getState();

  const zoom = useMemo(() => ({ "zoom-in": () => view.moveBy(zoomIn), "zoom-out": () => view.moveBy(zoomOut) }), []);
  useCommands(desk, view, zoom);
  const tools = useMemo(
    () => [
      ["plus", "Zoom in", zoom["zoom-in"]],
      ["minus", "Zoom out", zoom["zoom-out"]],
      ["fit", "Fit the graph (F)", () => view.fit()],
      ["arrange", "Arrange the blocks (L)", () => desk.send({ op: "arrange" })],
    ],
    [],
  );
  const hands = useMemo(
    () => ({
      onNodesChange: (changes) => store.getState().setNodes(applyNodeChanges(changes, desk.nodes)),
      onEdgesChange: (changes) => store.getState().setEdges(applyEdgeChanges(changes, desk.edges)),
      onSelectionChange: () => desk.tell(),
      onNodeDragStart: (_, __, nodes) => desk.take(nodes),
      onNodeDragStop: (event, _, nodes) => desk.put(nodes, event.timeStamp),
      onSelectionDragStart: (_, nodes) => desk.take(nodes),
      onSelectionDragStop: (event, nodes) => desk.put(nodes, event.timeStamp),
      onNodeDoubleClick: (_, node) => node.data.opens && desk.send({ op: "open", node: node.id }),
      onDragOver: (event) => {
        event.preventDefault();
        event.dataTransfer.dropEffect = "copy";
      },
      onDrop: (event) => {
        const kind = event.dataTransfer.getData(BLOCK);
        if (!kind) return;
        event.preventDefault();
        const { x, y } = screenToFlowPosition({ x: event.clientX, y: event.clientY });
        desk.add(kind, snap(x - 88), snap(y - 14), null, event.timeStamp);
      },
      onDoubleClick: (event) => {
        if (!event.target.classList.contains("react-flow__pane")) return;
        const box = root.current.getBoundingClientRect();
        const client = { x: event.clientX, y: event.clientY };
        finder.open({ x: client.x - box.left, y: client.y - box.top, client });
      },
    }),
    [],
  );

  return (
    <Send.Provider value={desk.send}>
      <div
        className="canvas-keys"
        onContextMenu={context.onContextMenu}
        onKeyDown={(event) => {
          if (!press(event, desk, view, { ...finder, menu: context.open })) return;
          event.preventDefault();
          event.stopPropagation();
        }}
      >
        <ReactFlow
          nodeTypes={NODES}
          edgeTypes={WIRES}
          minZoom={LEAST_ZOOM}
          maxZoom={2}
          onlyRenderVisibleElements={many}
          snapToGrid
          snapGrid={GRID}
          deleteKeyCode={null}
          multiSelectionKeyCode={MULTI}
          selectionMode={SelectionMode.Partial}
          zoomOnDoubleClick={false}
          disableKeyboardA11y
          connectOnClick={false}
          connectionRadius={18}
          reconnectRadius={9}
          connectionLineComponent={LooseWire}
          onMoveStart={view.onMoveStart}
          onMove={view.onMove}
          proOptions={QUIET}
          tabIndex={0}
          aria-label="Graph"
          {...hands}
          {...wiring}
        >
          <Detail root={root} />
          <Background gap={20} size={2} />
          <Floats crumbs={now.crumbs} symbols={now.symbols} tools={tools} go={view.go} send={desk.send} />
        </ReactFlow>
        <Bubble desk={desk} />
        {context.menu}
        {finder.search ? (
          <Search
            {...finder.search}
            bounds={pane}
            catalogue={catalogue}
            fits={fits}
            onPick={finder.pick}
            onClose={finder.close}
          />
        ) : null}
      </div>
    </Send.Provider>
  );
}

export function render({ model }) {
  const root = useRef();
  return (
    <div className="graph" ref={root}>
      <ReactFlowProvider>
        <Flow model={model} root={root} />
      </ReactFlowProvider>
    </div>
  );
}

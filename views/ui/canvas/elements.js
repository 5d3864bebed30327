// Nodes and wires of the protocol as React Flow keeps them, and back. An unchanged item stays the same object, so only
// what changed is drawn again.
import { handlesOf, portAt, sizeOf } from "./measure.js";
import { layWires } from "./routes.js";
import { placeTexts } from "./texts.js";

const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);

function nodeLabel(node) {
  const about = [node.title, node.times && `repeated ${node.times.replace("×", "")} times`, node.caption];
  if (node.error) about.push(`error: ${node.error}`);
  return about.filter(Boolean).join(", ");
}

/** A protocol node as a React Flow node; `before` is what is shown now. */
export function flowNode(node, width, before) {
  const { x, y, ...data } = node;
  const position = { x, y };
  if (before && same(before.data, data)) {
    const there = before.position.x === x && before.position.y === y;
    return there ? before : { ...before, position };
  }
  const size = sizeOf(data, width);
  return {
    id: node.id,
    type: node.role === "input" || node.role === "output" ? "rail" : "block",
    position,
    data,
    ...size,
    measured: size,
    handles: handlesOf(data, size),
    ariaLabel: nodeLabel(data),
    selected: before?.selected ?? false,
  };
}

export function wireLabel(edge) {
  const about = `${edge.source}.${edge.sourcePort} to ${edge.target}.${edge.targetPort}`;
  const marks = [edge.error && `error: ${edge.error}`, edge.warn && `warning: ${edge.warn}`];
  return [about, edge.kind, edge.shape, ...marks].filter(Boolean).join(", ");
}

/** A protocol edge as a React Flow edge; its route comes later. */
export function flowEdge(edge, before) {
  if (before && same(before.data.edge, edge)) return before;
  return {
    id: edge.id,
    type: "wire",
    source: edge.source,
    sourceHandle: edge.sourcePort,
    target: edge.target,
    targetHandle: edge.targetPort,
    data: { edge, points: before?.data.points ?? null, spot: before?.data.spot ?? null, ends: before?.data.ends ?? null },
    ariaLabel: wireLabel(edge),
    className: edge.error ? "wrong" : edge.warn ? "doubtful" : "",
    selected: before?.selected ?? false,
  };
}

const PORT = 5, // wires end at the outer rim of a port
  FEW = 80; // wires, up to which all are laid anew after every change

/** A wire as `layWires` wants it, or null while one of its ports is not there. */
function wireOf(edge, nodes) {
  const [from, to] = [nodes.get(edge.source), nodes.get(edge.target)];
  const output = from?.data.outputs.findIndex((port) => port.id === edge.sourceHandle) ?? -1;
  const input = to?.data.inputs.findIndex((port) => port.id === edge.targetHandle) ?? -1;
  if (output < 0 || input < 0) return null;
  return {
    id: edge.id,
    text: edge.data.edge.error || edge.data.edge.warn ? "" : edge.data.edge.shape,
    net: `${edge.source}.${edge.sourceHandle}`,
    source: edge.source,
    target: edge.target,
    sx: from.position.x + from.width + PORT,
    sy: from.position.y + portAt(from.data, output),
    tx: to.position.x - PORT,
    ty: to.position.y + portAt(to.data, input),
  };
}

const sameWay = ([points, spot, ends], [before, old, there]) =>
  String(points) === String(before) && spot?.x === old?.x && spot?.y === old?.y && String(ends) === String(there);

/** Lays wires for one canvas, and remembers: in a big graph only what a change disturbs is laid anew at once. */
export class Router {
  constructor() {
    Object.assign(this, { places: new Map(), routes: new Map(), spots: new Map(), key: "", tidy: true });
  }

  /** `edges` with routes; the full layout when `all`, or when there are few. Unchanged wires stay the same objects. */
  lay(nodes, edges, all = false) {
    const byId = new Map(nodes.map((node) => [node.id, node]));
    const boxes = nodes.map((n) => ({ id: n.id, x: n.position.x, y: n.position.y, w: n.width, h: n.height }));
    const wires = edges.map((edge) => wireOf(edge, byId)).filter(Boolean);
    this.update(boxes, wires, all || wires.length <= FEW);
    const ends = new Map(wires.map(({ id, sx, sy, tx, ty }) => [id, [sx, sy, tx, ty]]));
    return edges.map((edge) => {
      const way = [this.routes, this.spots, ends].map((map) => map.get(edge.id) ?? null);
      const { points, spot, ends: old } = edge.data;
      if (sameWay(way, [points, spot, old])) return edge;
      return { ...edge, data: { ...edge.data, points: way[0], spot: way[1], ends: way[2] } };
    });
  }

  update(boxes, wires, all) {
    const places = new Map(boxes.map((box) => [box.id, `${box.x},${box.y},${box.w},${box.h}`]));
    const changed = boxes.filter((box) => this.places.get(box.id) !== places.get(box.id));
    const key = wires.map((wire) => `${wire.id} ${wire.sy} ${wire.ty} ${wire.text}`).join();
    const same = key === this.key && !changed.length && places.size === this.places.size;
    if (same && (this.tidy || !all)) return;
    this.routes = layWires(boxes, wires, all ? null : { routes: this.routes, changed });
    this.spots = placeTexts(wires, this.routes, boxes);
    Object.assign(this, { places, key, tidy: all });
  }
}

const tables = new WeakMap();

/** The nodes of the protocol by id, for `judge`. */
export function nodesById(nodes) {
  if (!tables.has(nodes)) tables.set(nodes, new Map(nodes.map((node) => [node.id, node.data])));
  return tables.get(nodes);
}

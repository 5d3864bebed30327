// Nodes and wires of the protocol as React Flow keeps them, and back. An unchanged item stays the same object, so only
// what changed is drawn again.
import { handlesOf, portAt, sizeOf } from "./measure.js";
import { layWires } from "./routes.js";

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
  return [about, edge.kind, edge.shape, edge.error && `error: ${edge.error}`].filter(Boolean).join(", ");
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
    data: { edge, points: before?.data.points ?? null },
    ariaLabel: wireLabel(edge),
    className: edge.error ? "wrong" : "",
    selected: before?.selected ?? false,
  };
}

const PORT = 5; // wires end at the outer rim of a port

function endsOf(edge, nodes) {
  const [from, to] = [nodes.get(edge.source), nodes.get(edge.target)];
  const output = from?.data.outputs.findIndex((port) => port.id === edge.sourceHandle) ?? -1;
  const input = to?.data.inputs.findIndex((port) => port.id === edge.targetHandle) ?? -1;
  if (output < 0 || input < 0) return null;
  return {
    sx: from.position.x + from.width + PORT,
    sy: from.position.y + portAt(from.data, output),
    tx: to.position.x - PORT,
    ty: to.position.y + portAt(to.data, input),
  };
}

/** `edges` with fresh routes. Wires whose route did not change stay the same objects. */
export function routed(nodes, edges) {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const boxes = nodes.map((n) => ({ id: n.id, x: n.position.x, y: n.position.y, w: n.width, h: n.height }));
  const wires = [];
  for (const edge of edges) {
    const ends = endsOf(edge, byId);
    if (ends) {
      const net = `${edge.source}.${edge.sourceHandle}`;
      wires.push({ id: edge.id, net, source: edge.source, target: edge.target, ...ends });
    }
  }
  const routes = layWires(boxes, wires);
  return edges.map((edge) => {
    const points = routes.get(edge.id) ?? null;
    return String(points) === String(edge.data.points) ? edge : { ...edge, data: { ...edge.data, points } };
  });
}

const tables = new WeakMap();

/** The nodes of the protocol by id, for `judge`. */
export function nodesById(nodes) {
  if (!tables.has(nodes)) tables.set(nodes, new Map(nodes.map((node) => [node.id, node.data])));
  return tables.get(nodes);
}

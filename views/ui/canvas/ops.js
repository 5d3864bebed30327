// Python's ops applied to what is shown. Pure: lists in, lists out; untouched items stay the same objects.
import { flowEdge, flowNode } from "./elements.js";

const marked = (item, on) => ((item.selected ?? false) === on ? item : { ...item, selected: on });

const APPLY = {
  node(state, { node }, { width, held }) {
    const before = state.nodes.get(node.id);
    const all = { ...before?.data, ...before?.position, ...node }; // only what differs has come
    if (before && held.has(node.id)) Object.assign(all, before.position); // in the hand: its place stays
    state.nodes.set(node.id, flowNode(all, width, before));
  },
  drop_node(state, { id }) {
    state.nodes.delete(id);
    for (const edge of state.edges.values()) {
      if (edge.source === id || edge.target === id) state.edges.delete(edge.id);
    }
  },
  edge(state, { edge }) {
    const before = state.edges.get(edge.id);
    state.edges.set(edge.id, flowEdge({ ...before?.data.edge, ...edge }, before));
  },
  drop_edge(state, { id }) {
    state.edges.delete(id);
  },
  select(state, { nodes = [], edges = [] }) {
    for (const [list, chosen] of [
      [state.nodes, new Set(nodes)],
      [state.edges, new Set(edges)],
    ]) {
      for (const [id, item] of list) list.set(id, marked(item, chosen.has(id)));
    }
  },
  scene(state, { scene }, { width }) {
    const before = state.nodes;
    state.nodes = new Map(scene.nodes.map((node) => [node.id, flowNode(node, width, before.get(node.id))]));
    state.edges = new Map(scene.edges.map((edge) => [edge.id, flowEdge(edge, state.edges.get(edge.id))]));
  },
};

/**
 * Apply `ops` in order.
 * @param shown {nodes, edges}: React Flow's lists
 * @param context {width: ruler, held: Set of ids in the hand now}
 * @returns {nodes, edges}: new lists
 */
export function applyOps(shown, ops, context) {
  const state = {
    nodes: new Map(shown.nodes.map((node) => [node.id, node])),
    edges: new Map(shown.edges.map((edge) => [edge.id, edge])),
  };
  for (const op of ops) APPLY[op.op]?.(state, op, context);
  const edges = [...state.edges.values()].filter((e) => state.nodes.has(e.source) && state.nodes.has(e.target));
  return { nodes: [...state.nodes.values()], edges };
}

// What lies under the pointer, in the terms of the graph.

/** The id of the topmost node under a point of the pane, or undefined. */
export function nodeAt({ transform: [left, top, zoom], nodes }, point) {
  const [x, y] = [(point.x - left) / zoom, (point.y - top) / zoom];
  const hit = ({ position: p, width, height }) => x >= p.x && y >= p.y && x <= p.x + width && y <= p.y + height;
  return nodes.findLast(hit)?.id;
}

/** {node, port, side} of the end of a wire that stays where it is. */
export const fixedEnd = (handle) => ({ node: handle.nodeId, port: handle.id, side: handle.type });

/** What would happen if the wire in the hand were let go here; null over empty space or its own start. */
export function verdictAt(connection, desk, state) {
  const from = fixedEnd(connection.fromHandle);
  const to = connection.toHandle;
  if (to) {
    if (to.type !== from.side) return desk.verdict(from, to.nodeId, to.id);
    if (to.nodeId === from.node && to.id === from.port) return null;
    return { ok: false, why: `Both are ${from.side === "source" ? "outputs" : "inputs"}: a wire runs from an output to an input.` };
  }
  const id = nodeAt(state, connection.pointer);
  return id === undefined || id === from.node ? null : desk.over(from, id);
}

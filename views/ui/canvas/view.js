// Where the graph stands in the pane.
const FLOATS = { top: 52, side: 28, bottom: 24, tools: 56, map: { width: 156, height: 100 } };

/** The rectangle around all nodes and all wires that run beside them. */
export function boundsOf(nodes, edges) {
  const xs = [];
  const ys = [];
  for (const { position, width, height } of nodes) {
    xs.push(position.x - 6, position.x + width + 6);
    ys.push(position.y - 6, position.y + height + 6);
  }
  for (const edge of edges) {
    for (const [x, y] of edge.data.points ?? []) {
      xs.push(x);
      ys.push(y - 8, y + 8);
    }
  }
  const [left, top] = [Math.min(...xs), Math.min(...ys)];
  return { left, top, width: Math.max(...xs) - left, height: Math.max(...ys) - top };
}

function placed(bounds, pane, bottom, least) {
  const room = { width: pane.width - 2 * FLOATS.side, height: pane.height - FLOATS.top - bottom };
  const zoom = Math.max(least, Math.min(1, room.width / bounds.width, room.height / bounds.height));
  return {
    x: FLOATS.side + (room.width - bounds.width * zoom) / 2 - bounds.left * zoom,
    y: FLOATS.top + (room.height - bounds.height * zoom) / 2 - bounds.top * zoom,
    zoom,
  };
}

/** The view {x, y, zoom} that shows everything, no larger than life, and no node under a float. */
export function viewOf(nodes, edges, pane, least = 0.1) {
  if (!nodes.length || !pane.width || !pane.height) return null;
  const bounds = boundsOf(nodes, edges);
  const view = placed(bounds, pane, FLOATS.bottom, least);
  const under = nodes.some(({ position, width, height }) => {
    const left = position.x * view.zoom + view.x;
    const [right, bottom] = [left + width * view.zoom, (position.y + height) * view.zoom + view.y];
    const atMap = right > pane.width - FLOATS.map.width && bottom > pane.height - FLOATS.map.height;
    return atMap || (left < 150 && bottom > pane.height - FLOATS.tools);
  });
  return under ? placed(bounds, pane, FLOATS.map.height, least) : view;
}

/** Whether the middle of a node stands in the pane and beside the floats at its top. */
export function isInSight({ position, width, height }, view, pane) {
  const x = (position.x + width / 2) * view.zoom + view.x;
  const y = (position.y + height / 2) * view.zoom + view.y;
  return x > 0 && x < pane.width && y > FLOATS.top - 12 && y < pane.height;
}

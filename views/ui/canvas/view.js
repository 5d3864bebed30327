// Where the graph stands in the pane.
const FLOATS = { top: 52, side: 20, bottom: 24, tools: 56, map: { width: 156, height: 92 } };

const TOOLS = 150, // px from the left that the view's buttons take
  STEP = 0.02; // of zoom, between two views that are tried

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

function placed(bounds, pane, bottom, least, most = 1) {
  const room = { width: pane.width - 2 * FLOATS.side, height: pane.height - FLOATS.top - bottom };
  const zoom = Math.max(least, Math.min(most, room.width / bounds.width, room.height / bounds.height));
  return {
    x: FLOATS.side + (room.width - bounds.width * zoom) / 2 - bounds.left * zoom,
    y: FLOATS.top + (room.height - bounds.height * zoom) / 2 - bounds.top * zoom,
    zoom,
  };
}

/** How far right or down the nodes under a float reach into it: {right, down}, or null if there are none. */
function underFloats(nodes, view, pane) {
  const reach = { right: 0, down: 0 };
  for (const { position, width, height } of nodes) {
    const left = position.x * view.zoom + view.x;
    const [right, bottom] = [left + width * view.zoom, (position.y + height) * view.zoom + view.y];
    const [over, below] = [right - (pane.width - FLOATS.map.width), bottom - (pane.height - FLOATS.map.height)];
    if (over > 0 && below > 0) Object.assign(reach, { right: Math.max(reach.right, over), down: Math.max(reach.down, below) });
    const low = bottom - (pane.height - FLOATS.tools);
    if (left < TOOLS && low > 0) Object.assign(reach, { right: Infinity, down: Math.max(reach.down, low) });
  }
  return reach.right ? reach : null;
}

/** `view`, or it moved as little as frees the nodes that stand under a float; null where no room is left for that. */
function freed(nodes, bounds, view, pane) {
  const under = underFloats(nodes, view, pane);
  if (!under) return view;
  const up = { ...view, y: view.y - under.down };
  const left = { ...view, x: view.x - under.right };
  const fits = ({ x, y, zoom }) => bounds.left * zoom + x >= FLOATS.side && bounds.top * zoom + y >= FLOATS.top;
  return [up, left].find((moved) => fits(moved) && !underFloats(nodes, moved, pane)) ?? null;
}

/** The view {x, y, zoom} that shows everything, no larger than life, and no node under a float. */
export function viewOf(nodes, edges, pane, least = 0.1) {
  if (!nodes.length || !pane.width || !pane.height) return null;
  const bounds = boundsOf(nodes, edges);
  const above = placed(bounds, pane, FLOATS.map.height, least);
  for (let zoom = 1; zoom >= above.zoom; zoom -= STEP) {
    const view = freed(nodes, bounds, placed(bounds, pane, FLOATS.bottom, least, zoom), pane);
    if (view) return view;
  }
  return above;
}

/** Whether the middle of a node stands in the pane and beside the floats at its top. */
export function isInSight({ position, width, height }, view, pane) {
  const x = (position.x + width / 2) * view.zoom + view.x;
  const y = (position.y + height / 2) * view.zoom + view.y;
  return x > 0 && x < pane.width && y > FLOATS.top - 12 && y < pane.height;
}

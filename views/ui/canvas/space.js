// Where a block goes that is added without a place. Pure.
import { portAt } from "./measure.js";

const ROOM = { width: 200, height: 96 }, // about what a new block takes
  AHEAD = 44, // px between a block and the one that is added after it
  APART = 24; // px between a block and the one above it

/** The first place at or below a point where a new block would cover none of `nodes`. */
export function freeBelow(nodes, { x, y }) {
  const covers = ({ position: p, width, height }) =>
    p.x < x + ROOM.width && x < p.x + width && p.y < y + ROOM.height && y < p.y + height + 8;
  let block = nodes.find(covers);
  while (block) {
    y = block.position.y + block.height + APART;
    block = nodes.find(covers);
  }
  return { x, y };
}

/** A free place near the middle of what is in sight. */
export function freeInSight({ nodes, transform: [left, top, zoom], width, height }) {
  const near = (value) => Math.round(value / 4) * 4;
  return freeBelow(nodes, { x: near((width / 2 - left) / zoom - 88), y: near((height / 3 - top) / zoom) });
}

/**
 * Where a block that follows the one chosen block would start: at its first output that feeds nothing, or its first.
 * @returns {from: {node, port, side}, at: {x, y}}, or null unless exactly one block with an output is chosen
 */
export function looseEnd([node, more], edges) {
  const outputs = node?.data.outputs.filter((port) => !port.watch) ?? [];
  if (more || !outputs.length) return null;
  const feeds = (port) => edges.some((edge) => edge.source === node.id && edge.sourceHandle === port.id);
  const port = outputs.find((output) => !feeds(output)) ?? outputs[0];
  const { x, y } = node.position;
  const at = { x: x + node.width + AHEAD, y: y + portAt(node.data, node.data.outputs.indexOf(port)) };
  return { from: { node: node.id, port: port.id, side: "source" }, at };
}

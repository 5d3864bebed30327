// Sizes of nodes, known before they are drawn: React Flow never measures them, and wires never jump.
// `width(text, style)` gives the width in pixels of a text in one of the styles below.
export const HEAD = 28,
  ROW = 21,
  CAPTION = 20,
  FOOT = 5,
  RAIL = 29;
const LEAST = 176,
  MOST = 420,
  PORT = 10,
  GROWN = 1.1; // of a title in a graph that is fitted a little smaller

const fours = (value) => Math.ceil(value / 4) * 4;

function headWidth(node, width) {
  const times = node.times ? width(node.times, "badge") + 19 : 0;
  const note = node.note ? width(node.note, "note") + 12 : 0;
  return 12 + GROWN * width(node.title, "title") + note + times + 12;
}

function rowWidth(input, output, width) {
  const side = (port) => (port ? width(port.id, "port") + 12 : 0);
  return side(input) + side(output) + 20;
}

const rowsOf = (node) => Math.max(node.inputs.length, node.outputs.length);

/** The size of a block: 176 px wide, or wider when its text needs it. */
export function sizeOf(node, width) {
  if (node.role === "input" || node.role === "output") {
    return { width: Math.max(76, fours(width(node.title, "port") + 34)), height: RAIL };
  }
  const rows = rowsOf(node);
  let needed = headWidth(node, width);
  for (let i = 0; i < rows; i++) needed = Math.max(needed, rowWidth(node.inputs[i], node.outputs[i], width));
  if (node.caption) needed = Math.max(needed, width(node.caption, "port") + 24);
  return {
    width: Math.min(MOST, Math.max(LEAST, fours(needed))),
    height: HEAD + rows * ROW + (node.caption ? CAPTION : 0) + FOOT + 2,
  };
}

/** Where the middle of a port is, from the node's top left corner. */
export function portAt(node, index) {
  return node.role === "input" || node.role === "output" ? RAIL / 2 : 1 + HEAD + ROW * index + ROW / 2;
}

/** The handles in the form React Flow keeps them. */
export function handlesOf(node, size) {
  const handle = (type, x, position) => (port, index) => ({
    id: port.id,
    type,
    position,
    x: x - PORT / 2,
    y: portAt(node, index) - PORT / 2,
    width: PORT,
    height: PORT,
  });
  return [
    ...node.inputs.map(handle("target", 0, "left")),
    ...node.outputs.map(handle("source", size.width, "right")),
  ];
}

/** Measure text with the page's own fonts, each text once. */
export function ruler(fonts) {
  const pen = document.createElement("canvas").getContext("2d");
  const known = new Map();
  return (text, style) => {
    const key = `${style}\n${text}`;
    let width = known.get(key);
    if (width === undefined) {
      pen.font = fonts[style];
      known.set(key, (width = pen.measureText(text).width));
    }
    return width;
  };
}

// The canvas's own keys. Everything else goes on to the window's commands.
import { isTyping } from "../keys.js";

const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

function elementId(target) {
  const node = target.closest?.(".react-flow__node");
  const edge = target.closest?.(".react-flow__edge");
  return { node: node?.dataset.id, edge: edge?.dataset.id };
}

function pick(desk, { node, edge }) {
  if (node === undefined && edge === undefined) return false;
  desk.select(node === undefined ? [] : [node], edge === undefined ? [] : [edge]);
  return true;
}

/** Open the chosen composite, or choose what has the focus. */
function enter(desk, target) {
  const at = elementId(target);
  const chosen = desk.nodes.filter((node) => node.selected);
  const one = chosen.length === 1 ? chosen[0] : null;
  if (one?.data.opens && (at.node === undefined || at.node === one.id)) {
    desk.send({ op: "open", node: one.id });
    return true;
  }
  return pick(desk, at);
}

const LETTERS = {
  f: (desk, view) => view.fit() ?? true,
  n: (desk, view, finder) => finder.next(),
  c: (desk) => desk.join(),
};

/** Handle a key; true when it was one of ours. */
export function press(event, desk, view, finder) {
  const target = event.nativeEvent.composedPath()[0];
  const { key, shiftKey: shift } = event;
  if (isTyping(event.nativeEvent) || event.altKey) return false;
  if (event.ctrlKey || event.metaKey) {
    if (key.toLowerCase() !== "a" || shift) return false;
    desk.selectAll();
    return true;
  }
  if (key === "ContextMenu" || (shift && key === "F10")) return finder.menu();
  const start = event.timeStamp;
  if (ARROWS[key]) {
    const step = shift ? 20 : 4;
    return desk.nudge(ARROWS[key][0] * step, ARROWS[key][1] * step, start);
  }
  if (target.closest?.("button, a")) return false;
  if (key === "Delete" || key === "Backspace") return desk.remove(start);
  if (key === "Enter") return enter(desk, target);
  if (key === " ") return pick(desk, elementId(target));
  if (key === "Escape") return desk.clear();
  return LETTERS[key.toLowerCase()]?.(desk, view, finder) ?? false;
}

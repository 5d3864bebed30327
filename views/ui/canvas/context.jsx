// The context menu of the canvas: for what is under the pointer, or by keyboard for what is chosen.
import { useEffect, useMemo, useState } from "react";
import { asTheyStand, command, inform, runCommand } from "../commands.js";
import { ContextMenu } from "../context.jsx";
import { isTyping } from "../keys.js";
import { entriesFor, standingOf } from "./standing.js";

const NAMES = { node: "Block", wire: "Wire", pane: "Canvas" };
const snap = (value) => Math.round(value / 4) * 4;

/** What an event of the pointer is on: {on, id}, or null outside of the graph; a chosen group counts as its blocks. */
function under(target) {
  if (target.closest?.(".float, .finder, .message")) return null;
  const node = target.closest?.(".react-flow__node");
  if (node) return { on: "node", id: node.dataset.id };
  const edge = target.closest?.(".react-flow__edge");
  if (edge) return { on: "wire", id: edge.dataset.id };
  return target.closest?.(".react-flow__nodesselection") ? { on: "node" } : { on: "pane" };
}

/** Choose what is under the pointer, unless it is chosen already. */
function choose(desk, { on, id }) {
  const list = on === "node" ? desk.nodes : desk.edges;
  if (!id || list.find((item) => item.id === id)?.selected) return;
  desk.select(on === "node" ? [id] : [], on === "wire" ? [id] : []);
}

/** What is chosen, and a place beside it, in pixels of the window. */
function chosenPlace(desk, box) {
  const { transform: [left, top, zoom] } = desk.store.getState();
  const node = desk.nodes.find((item) => item.selected);
  const edge = node ? null : desk.edges.find((item) => item.selected);
  const [x, y] = node
    ? [node.position.x + 24, node.position.y + node.height]
    : edge?.data.ends ? [edge.data.ends[2], edge.data.ends[3]] : [(box.width / 2 - left) / zoom, (box.height / 3 - top) / zoom];
  const on = node ? "node" : edge ? "wire" : "pane";
  return { on, id: (node ?? edge)?.id, x: box.left + x * zoom + left, y: box.top + y * zoom + top };
}

/** {menu, open, onContextMenu}: the menu to draw, or null; `open()` opens it by keyboard. */
export function useContextMenu(desk, root, finder, around) {
  const [at, setAt] = useState(null);
  useEffect(() => inform(() => standingOf(desk.nodes, desk.edges, around.current)), []);
  const hands = useMemo(() => {
    const onContextMenu = (event) => {
      const target = event.nativeEvent.composedPath()[0];
      const found = isTyping(event.nativeEvent) ? null : under(target);
      if (!found) return;
      event.preventDefault();
      choose(desk, found);
      setAt({ ...found, x: event.clientX, y: event.clientY });
    };
    const open = () => {
      setAt({ ...chosenPlace(desk, root.current.getBoundingClientRect()), keyboard: true });
      return true;
    };
    return { onContextMenu, open };
  }, []);
  const close = (back) => {
    setAt(null);
    if (back) desk.store.getState().domNode.focus({ preventScroll: true });
  };
  const act = (id) => {
    close(true);
    const box = root.current.getBoundingClientRect();
    const { transform: [left, top, zoom] } = desk.store.getState();
    const point = { x: at.x - box.left, y: at.y - box.top };
    if (id === "add-here") finder.open({ ...point, client: { x: at.x, y: at.y } });
    else if (id === "fix-here") desk.send({ op: "fix", id: at.id });
    else if (id === "paste") desk.send({ op: "paste", x: snap((point.x - left) / zoom), y: snap((point.y - top) / zoom) });
    else runCommand(id);
  };
  const fixOf = () => {
    const node = at.on === "node" && desk.nodes.find((item) => item.id === at.id)?.data;
    const edge = at.on === "wire" && desk.edges.find((item) => item.id === at.id)?.data.edge;
    return (node || edge)?.fix;
  };
  const known = (id) => asTheyStand([command(id)].filter(Boolean))[0];
  const menu = at ? (
    <ContextMenu key={`${at.x} ${at.y}`} at={at} rows={entriesFor(at.on, fixOf(), known)} label={NAMES[at.on]} choose={act} close={close} />
  ) : null;
  return { menu, ...hands };
}

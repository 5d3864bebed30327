// Which of the window's commands the selection allows, and which of them the context menu of a place offers. Pure.
const PARTICULAR = ["draw-out", "independent", "add-adapter", "remove-adapter"]; // Python says of which blocks

/**
 * How the commands stand.
 * @param nodes,edges React Flow's lists
 * @param around {clip: whether there is something to paste, depth: how many composites are open}
 * @returns {id: {off}}
 */
export function standingOf(nodes, edges, { clip, depth }) {
  const chosen = nodes.filter((node) => node.selected);
  const some = (fits) => chosen.some(({ data }) => fits(data));
  const can = {
    cut: chosen.length,
    copy: chosen.length,
    duplicate: chosen.length,
    delete: chosen.length || edges.some((edge) => edge.selected),
    paste: clip,
    "select-all": nodes.length,
    arrange: nodes.length,
    fit: nodes.length,
    up: depth,
    "open-inside": chosen.length === 1 && chosen[0].data.opens,
    group: chosen.filter(({ data: { role } }) => role !== "input" && role !== "output").length > 1,
    ungroup: some(({ opens, times }) => opens && !times),
  };
  for (const id of PARTICULAR) can[id] = some(({ does }) => does?.split(" ").includes(id));
  return Object.fromEntries(Object.entries(can).map(([id, yes]) => [id, { off: !yes }]));
}

const NODE = [["open-inside", "code"], ["cut", "copy", "duplicate", "delete"], ["group", "ungroup", "draw-out", "independent"], ["add-adapter", "remove-adapter"]],
  WIRE = [["delete"], ["code"]],
  PANE = [["paste", "select-all"], ["arrange", "fit", "up"], ["undo", "redo"]];
const GREY = ["paste", "undo", "redo", "select-all"]; // shown where they cannot be done, too

/**
 * The entries of the context menu.
 * @param on "node", "wire" or "pane"
 * @param fix what would mend it, in words; empty if nothing is offered
 * @param known the command of an id, as it stands
 */
export function entriesFor(on, fix, known) {
  const groups = { node: NODE, wire: WIRE, pane: PANE }[on];
  const offered = (row) => row && (!row.off || (on === "pane" && GREY.includes(row.id)));
  const rows = groups.map((ids) => ids.map(known).filter(offered)).filter((group) => group.length);
  if (fix) rows.unshift([{ id: "fix-here", label: `Apply fix: ${fix}` }]);
  if (on === "pane") rows.unshift([{ id: "add-here", label: "Add a block here…" }]);
  return rows.flatMap((group, i) => group.map((row, k) => ({ ...row, rule: i > 0 && k === 0 })));
}

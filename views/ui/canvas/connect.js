// May this wire be drawn? The browser answers while the hand is still moving; Python has the last word.
import { factsOf, leadingTo, wayBetween, wireId } from "./graph.js";

const no = (why) => ({ ok: false, why });
const isNumber = (text) => /^\d+$/.test(text);

/** Whether two shape texts contradict each other: a different number in one place, or another rank. */
export function shapesClash(given, wanted) {
  if (!given || !wanted || given.includes("…") || wanted.includes("…")) return false;
  const [a, b] = [given.trim().split(/\s+/).reverse(), wanted.trim().split(/\s+/).reverse()];
  const open = given.includes("...") || wanted.includes("...");
  if (!open && a.length !== b.length) return true;
  for (let i = 0; i < Math.min(a.length, b.length); i++) {
    if (a[i] === "..." || b[i] === "...") return false;
    if (isNumber(a[i]) && isNumber(b[i]) && a[i] !== b[i]) return true;
  }
  return false;
}

const portOf = (node, side, id) => node?.[side].find((port) => port.id === id);

/**
 * Judge a wire.
 * @param link {source, sourcePort, target, targetPort}
 * @param nodes Map of protocol nodes by id
 * @param edges list of protocol edges
 * @param fits  {kind: [kinds it may feed]}
 * @param skip  id of the wire that is being moved: it does not count
 * @returns {ok, why, warn, replaces} `why` when not ok; `warn` and `replaces` are texts or empty
 */
export function judge(link, nodes, edges, fits, skip = "") {
  const [from, to] = [nodes.get(link.source), nodes.get(link.target)];
  const output = portOf(from, "outputs", link.sourcePort);
  const input = portOf(to, "inputs", link.targetPort);
  if (!output || !input) return no("A wire runs from an output to an input.");
  if (output.watch) return no(`${output.id} can be looked at, not wired.`);
  if (link.source === link.target) return no("A block cannot feed itself.");
  if (!(fits[output.kind] ?? [output.kind]).includes(input.kind)) {
    return no(`${output.id} carries ${output.kind} but ${input.id} wants ${input.kind}.`);
  }
  const facts = factsOf(edges);
  if (leadingTo(facts, link.source, skip).has(link.target)) {
    const names = wayBetween(facts, link.target, link.source, skip).map((id) => nodes.get(id)?.title ?? id);
    const way = names.length > 3 ? [names[0], "…", names.at(-1)] : names;
    return no(`That would make a loop: ${way.join(" → ")} is wired already.`);
  }
  const there = facts.fed.get(`${link.target}.${link.targetPort}`);
  if (there && there.id === wireId(link) && there.id !== skip) return no("These two are wired already.");
  const replaced = there && there.id !== skip ? there : null;
  const clash = shapesClash(output.shape, input.shape);
  return {
    ok: true,
    why: "",
    replaces: replaced ? `Replaces the wire from ${nodes.get(replaced.source)?.title ?? replaced.source}.` : "",
    warn: clash ? `${output.id} carries ${output.shape} but ${input.id} wants ${input.shape}; it will be marked.` : "",
  };
}

/** The link between the port `from` {node, port, side} and another port, whichever end was taken first. */
export function linkOf(from, node, port) {
  return from.side === "source"
    ? { source: from.node, sourcePort: from.port, target: node, targetPort: port }
    : { source: node, sourcePort: port, target: from.node, targetPort: from.port };
}

/** The port of `node` that a wire dropped on its body should take: free and fitting first. */
export function bestPort(from, node, nodes, edges, fits, skip = "") {
  const ports = from.side === "source" ? node.inputs : node.outputs;
  let spare = null;
  for (const port of ports) {
    const link = linkOf(from, node.id, port.id);
    const verdict = judge(link, nodes, edges, fits, skip);
    if (!verdict.ok) continue;
    if (!verdict.replaces && !verdict.warn) return port;
    spare ??= port;
  }
  return spare;
}

/** Why nothing of `node` takes the wire, in words. */
export function whyNot(from, node, nodes, edges, fits, skip = "") {
  const side = from.side === "source" ? "input" : "output";
  const ports = from.side === "source" ? node.inputs : node.outputs;
  if (!ports.length) return `${node.title} has no ${side}.`;
  const first = judge(linkOf(from, node.id, ports[0].id), nodes, edges, fits, skip);
  if (ports.length === 1 || /loop|itself/.test(first.why)) return first.why;
  const kind = portOf(nodes.get(from.node), from.side === "source" ? "outputs" : "inputs", from.port)?.kind;
  return `${node.title} has no ${side} that ${from.side === "source" ? "takes" : "gives"} ${kind}.`;
}

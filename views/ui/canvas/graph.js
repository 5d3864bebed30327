// Questions about the graph that is shown: who feeds whom. Built once per list of wires and kept with it.
const known = new WeakMap();

/** The facts of `edges` (protocol edges): what feeds a port, and what follows a node. */
export function factsOf(edges) {
  let facts = known.get(edges);
  if (!facts) {
    facts = { fed: new Map(), after: new Map(), before: new Map(), leading: new Map() };
    const file = (map, id, edge) => (map.get(id) ?? map.set(id, []).get(id)).push(edge);
    for (const edge of edges) {
      facts.fed.set(`${edge.target}.${edge.targetPort}`, edge);
      file(facts.after, edge.source, edge);
      file(facts.before, edge.target, edge);
    }
    known.set(edges, facts);
  }
  return facts;
}

/** The ids of all nodes that lead to `goal`, itself included, without wire `skip`. */
export function leadingTo(facts, goal, skip = "") {
  const key = `${goal}\n${skip}`;
  let found = facts.leading.get(key);
  if (!found) {
    found = new Set([goal]);
    for (const here of found) {
      for (const edge of facts.before.get(here) ?? []) if (edge.id !== skip) found.add(edge.source);
    }
    facts.leading.set(key, found);
  }
  return found;
}

/** The node ids on a way from `start` to `goal`, without wire `skip`; null when there is none. */
export function wayBetween(facts, start, goal, skip = "") {
  const from = new Map([[start, null]]);
  const queue = [start];
  for (const here of queue) {
    if (here === goal) break;
    for (const edge of facts.after.get(here) ?? []) {
      if (edge.id === skip || from.has(edge.target)) continue;
      from.set(edge.target, here);
      queue.push(edge.target);
    }
  }
  if (!from.has(goal)) return null;
  const way = [];
  for (let here = goal; here !== null; here = from.get(here)) way.unshift(here);
  return way;
}

export const wireId = (link) => `${link.source}.${link.sourcePort}>${link.target}.${link.targetPort}`;

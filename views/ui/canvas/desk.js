// What the hands do to the graph. Every gesture is drawn here at once, then told to Python, which answers with the
// difference to the truth. Holds React Flow's store, the channel to Python and the selection Python knows.
import { bestPort, judge, linkOf, whyNot } from "./connect.js";
import { Router, flowEdge, flowNode, nodesById } from "./elements.js";
import { wireId } from "./graph.js";
import { answered, gestureEnded, hearing } from "./marks.js";
import { sizeOf } from "./measure.js";
import { applyOps } from "./ops.js";
import { freeInSight, looseEnd } from "./space.js";

const idsOf = (list) => list.map((item) => item.id);
const chosen = (list) => list.filter((item) => item.selected);
const keyOf = (nodes, edges) => JSON.stringify([nodes, edges]);
const PATIENCE = 60, // ms between two messages about a changing selection
  REST = 400; // ms after which all wires of a big graph are laid anew

export class Desk {
  constructor(store, send, width) {
    Object.assign(this, { store, width, fits: {}, moving: null, held: new Set(), nudged: new Set(), router: new Router() });
    this.tellPython = send;
    this.send = (op) => {
      this.rest();
      send(op);
    };
    this.told = keyOf([], []);
    this.heard = 0; // number of Python's last message
    this.onScene = () => {};
  }

  get nodes() {
    return this.store.getState().nodes;
  }

  get edges() {
    return this.store.getState().edges;
  }

  draw({ nodes = this.nodes, edges = this.edges, route = true }) {
    const state = this.store.getState();
    if (nodes !== state.nodes) state.setNodes(nodes);
    this.drawEdges(route ? this.router.lay(nodes, edges) : edges);
    if (!this.router.tidy) this.tidySoon();
  }

  drawEdges(edges) {
    const { edges: before, setEdges } = this.store.getState();
    if (edges.length !== before.length || edges.some((edge, i) => edge !== before[i])) setEdges(edges);
  }

  /** Lay all wires anew when the hand rests. */
  tidySoon() {
    clearTimeout(this.tidying);
    this.tidying = setTimeout(() => {
      if (this.held.size || this.moving) this.tidySoon();
      else this.drawEdges(this.router.lay(this.nodes, this.edges, true));
    }, REST);
  }

  show(scene) {
    const nodes = scene.nodes.map((node) => flowNode(node, this.width));
    this.router.lay(nodes, scene.edges.map((edge) => flowEdge(edge)), true);
    this.draw({ nodes, edges: scene.edges.map((edge) => flowEdge(edge)) });
  }

  /** Tell Python what was heard; what was missed comes as a whole scene. */
  hello(seen = this.heard) {
    this.tellPython({ op: "hello", seen });
  }

  /** Draw what Python says. */
  receive(message) {
    hearing();
    const ops = message?.ops ?? [];
    const missed = message.n > this.heard + 1 && !ops.some((op) => op.op === "scene");
    this.heard = message.n;
    if (missed) this.hello(0);
    for (const op of ops) {
      if (op.op === "select") this.told = keyOf(op.nodes ?? [], op.edges ?? []);
    }
    this.draw(applyOps({ nodes: this.nodes, edges: this.edges }, ops, { width: this.width, held: this.held }));
    for (const op of ops) {
      if (/^(scene|fit|select|place)$/.test(op.op)) this.onScene(op);
    }
    if (ops.length || message?.done) answered();
  }

  /** Sizes were measured with another font: measure again. */
  remeasure(width) {
    this.width = width;
    const again = (node) => ({ ...flowNode({ ...node.data, ...node.position }, width), selected: node.selected });
    const nodes = this.nodes.map((node) => (sizeOf(node.data, width).width === node.width ? node : again(node)));
    if (nodes.some((node, i) => node !== this.nodes[i])) this.draw({ nodes });
  }

  // --- wires

  judge(link) {
    return judge(link, nodesById(this.nodes), this.wires(), this.fits, this.moving?.id);
  }

  /** The wires of the protocol, one list for each list that is shown. */
  wires() {
    if (this.wiresOf !== this.edges) {
      this.wiresOf = this.edges;
      this.wireList = this.edges.map((edge) => edge.data.edge);
    }
    return this.wireList;
  }

  /** The verdict on a wire from `from` {node, port, side} to a port of another node. */
  verdict(from, node, port) {
    return this.judge(linkOf(from, node, port));
  }

  portsOf(id, side) {
    return nodesById(this.nodes).get(id)?.[side === "source" ? "outputs" : "inputs"] ?? [];
  }

  /** The verdict on a wire from `from` dropped on the body of node `id`. */
  over(from, id) {
    const nodes = nodesById(this.nodes);
    const wires = this.wires();
    const port = bestPort(from, nodes.get(id), nodes, wires, this.fits, this.moving?.id);
    if (!port) return { ok: false, why: whyNot(from, nodes.get(id), nodes, wires, this.fits, this.moving?.id) };
    const link = linkOf(from, id, port.id);
    return { ...this.judge(link), link };
  }

  connect(link, start, old = null) {
    const output = this.portsOf(link.source, "source").find((port) => port.id === link.sourcePort);
    const edge = { id: wireId(link), ...link, kind: output?.kind ?? "any", shape: output?.shape ?? "", error: "" };
    const gone = (e) => e.id === old || (e.target === link.target && e.targetHandle === link.targetPort);
    this.draw({ edges: [...this.edges.filter((e) => !gone(e)), flowEdge(edge)] });
    this.send(old ? { op: "rewire", old, ...link } : { op: "connect", ...link });
    gestureEnded(old ? "rewire" : "connect", start);
  }

  rewire(old, link, start) {
    if (wireId(link) !== old) this.connect(link, start, old);
  }

  looseEnd() {
    return looseEnd(chosen(this.nodes), this.edges);
  }

  /** Add a block without saying where. */
  place(kind) {
    const { x, y } = freeInSight(this.store.getState());
    this.add(kind, x, y, null);
  }

  /** Wire two chosen blocks, from the left one to the right one if that fits. */
  join() {
    const pair = chosen(this.nodes).sort((a, b) => a.position.x - b.position.x);
    if (pair.length !== 2) return false;
    for (const [from, to] of [pair, [...pair].reverse()]) {
      for (const { id } of from.data.outputs) {
        const verdict = this.over({ node: from.id, port: id, side: "source" }, to.id);
        if (verdict.ok) return this.connect(verdict.link) ?? true;
      }
    }
    return true;
  }

  // --- nodes

  /** Ask for a new block; it is drawn when Python has named it. */
  add(kind, x, y, from, start) {
    const end = from && { node: from.node, port: from.port, side: from.side };
    this.send(end ? { op: "add", kind, x, y, from: end } : { op: "add", kind, x, y });
    gestureEnded("add", start);
  }

  remove(start) {
    const [nodes, edges] = [idsOf(chosen(this.nodes)), idsOf(chosen(this.edges))];
    if (!nodes.length && !edges.length) return false;
    const gone = new Set(nodes);
    this.told = keyOf([], []);
    this.draw({
      nodes: gone.size ? this.nodes.filter((n) => !gone.has(n.id)) : this.nodes,
      edges: this.edges.filter((e) => !e.selected && !gone.has(e.source) && !gone.has(e.target)),
    });
    this.send({ op: "delete", nodes, edges });
    gestureEnded("delete", start);
    return true;
  }

  take(nodes) {
    this.held = new Set(idsOf(nodes));
    this.start = new Map(nodes.map((node) => [node.id, node.position]));
  }

  /** The hand lets go of nodes. */
  put(nodes, start) {
    this.held = new Set();
    const now = new Map(this.nodes.map((node) => [node.id, node.position]));
    const items = nodes
      .map(({ id }) => ({ id, ...now.get(id) }))
      .filter(({ id, x, y }) => x !== this.start?.get(id)?.x || y !== this.start?.get(id)?.y);
    if (!items.length) return;
    this.draw({});
    this.send({ op: "move", items });
    gestureEnded("move", start);
  }

  /** Move the selection by keyboard; told to Python when the keys rest. */
  nudge(dx, dy, start) {
    const moved = chosen(this.nodes);
    if (!moved.length) return false;
    const shift = (n) => (n.selected ? { ...n, position: { x: n.position.x + dx, y: n.position.y + dy } } : n);
    this.draw({ nodes: this.nodes.map(shift) });
    gestureEnded("nudge", start);
    for (const node of moved) this.nudged.add(node.id);
    clearTimeout(this.resting);
    this.resting = setTimeout(() => this.rest(), 250);
    return true;
  }

  /** Tell Python where the arrow keys have brought things; before anything else is told, so that no step is lost. */
  rest() {
    clearTimeout(this.resting);
    const items = this.nodes.filter((node) => this.nudged.has(node.id)).map((node) => ({ id: node.id, ...node.position }));
    this.nudged.clear();
    if (items.length) this.tellPython({ op: "move", items });
  }

  // --- selection

  select(nodes, edges) {
    this.draw({ ...applyOps({ nodes: this.nodes, edges: this.edges }, [{ op: "select", nodes, edges }], {}), route: false });
  }

  selectAll() {
    this.select(idsOf(this.nodes), idsOf(this.edges));
  }

  /** Let go of everything; false when nothing was chosen. */
  clear() {
    if (!chosen(this.nodes).length && !chosen(this.edges).length) return false;
    this.select([], []);
    return true;
  }

  /** Tell Python what is chosen: at once, or a moment later while it keeps changing. */
  tell() {
    clearTimeout(this.telling);
    const since = performance.now() - (this.lastTold ?? -Infinity);
    if (since < PATIENCE) {
      this.telling = setTimeout(() => this.tell(), PATIENCE - since);
      return;
    }
    const [nodes, edges] = [idsOf(chosen(this.nodes)), idsOf(chosen(this.edges))];
    const key = keyOf(nodes, edges);
    if (key === this.told) return;
    this.told = key;
    this.lastTold = performance.now();
    this.send({ op: "select", nodes, edges });
  }
}

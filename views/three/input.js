// Pointer and keyboard: hovering reads a cell, a click or an arrow key chooses one. Dragging belongs to the orbit.

const DRAG = 4; // px that make a press a drag

/** What an arrow or another key does to the chosen cell. */
export function stepped(key, { layer, head, query, key: column }) {
  const cell = { layer, head, query, key: column };
  const by = (name, step) => ({ ...cell, [name]: Math.max(0, (cell[name] ?? -1) + step) });
  switch (key) {
    case "ArrowUp": return by("layer", -1);
    case "ArrowDown": return by("layer", 1);
    case "ArrowLeft": return by("head", -1);
    case "ArrowRight": return by("head", 1);
    case "[": return by("query", -1);
    case "]": return by("query", 1);
    case "{": return by("key", -1);
    case "}": return by("key", 1);
    case "Escape": return { ...cell, query: null, key: null };
    default: return null;
  }
}

const inRange = ({ L, H, T, S }, { layer, head, query, key }) => layer < L && head < H && (query ?? 0) < T && (key ?? 0) < S;

function tooltip(view, hit, x, y) {
  const tip = view.root.querySelector(".tip");
  tip.hidden = !hit;
  if (!hit) return;
  const { queries, keys } = view.field;
  tip.textContent = `layer ${hit.layer} · head ${hit.head}\n${queries[hit.query]} (${hit.query}) → ${keys[hit.key]} (${hit.key})\nweight ≈ ${hit.weight.toFixed(2)}`;
  const box = view.root.getBoundingClientRect();
  const left = x - box.left > box.width - tip.offsetWidth - 20 ? x - box.left - tip.offsetWidth - 12 : x - box.left + 14;
  const top = Math.max(4, Math.min(y - box.top + 12, box.height - tip.offsetHeight - 4));
  tip.style.transform = `translate(${left}px, ${top}px)`;
}

/** Connect a view to its events; returns how to disconnect. */
export function listen(view) {
  const canvas = view.renderer.domElement;
  const ended = new AbortController();
  const on = (target, name, handler) => target.addEventListener(name, handler, { signal: ended.signal });
  let pressed = null;
  on(canvas, "pointermove", (event) => {
    if (!event.buttons && view.field) tooltip(view, view.pick(event.clientX, event.clientY), event.clientX, event.clientY);
  });
  on(canvas, "pointerleave", () => tooltip(view, null));
  on(canvas, "pointerdown", (event) => {
    pressed = [event.clientX, event.clientY];
    tooltip(view, null);
    view.root.focus({ preventScroll: true });
  });
  on(canvas, "pointerup", (event) => {
    if (!pressed || Math.hypot(event.clientX - pressed[0], event.clientY - pressed[1]) > DRAG) return;
    const hit = view.pick(event.clientX, event.clientY);
    if (hit) view.pickUp(hit);
  });
  on(canvas, "dblclick", () => view.arrange(view.still));
  on(view.root, "keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target !== view.root || !view.field) return;
    const mode = { 1: "volume", 2: "overview" }[event.key];
    const cell = stepped(event.key, view.chosen);
    if (!mode && !cell) return;
    event.preventDefault();
    event.stopPropagation();
    if (mode) view.change("mode", mode);
    else if (inRange(view.field, cell)) view.pickUp(cell);
  });
  return () => ended.abort();
}

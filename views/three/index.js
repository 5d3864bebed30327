// What Panel loads: one export named after the Python class.
import "./attention3d.css";
import { Field } from "./atlas.js";
import { View } from "./main.js";

const SETTINGS = ["mode", "view", "stack", "planes", "threshold", "ramps"];
const CHOICE = ["layer", "head", "query", "key"];
const HELP = "Attention in 3D. Arrow keys: layer and head. Square brackets: query. Curly brackets: key. Escape: no cell. 1: volume. 2: overview.";

function page() {
  const root = document.createElement("div");
  Object.assign(root, { className: "attn3d", tabIndex: 0 });
  root.setAttribute("role", "application");
  root.setAttribute("aria-label", HELP);
  const part = (name) => Object.assign(document.createElement("div"), { className: name });
  root.append(part("picture"), part("labels"), Object.assign(part("tip"), { hidden: true }));
  return root;
}

/** WebGL is started when the view is first seen, because a hidden pane should cost nothing. */
function render({ model, el }) {
  const root = page();
  el.append(root);
  const pick = (names) => Object.fromEntries(names.map((name) => [name, model[name]]));
  let view = null;
  const show = () => {
    if (view && model.field.weights) view.load(new Field(model.field));
    if (view && view.field) view.choose(pick(CHOICE));
  };
  // The model's own properties change first, so that no answer to an older choice can undo a newer one.
  const keep = (values) => {
    for (const [name, value] of Object.entries(values)) if (model[name] !== value) model[name] = value;
  };
  const choose = (cell) => {
    keep(cell);
    model.send_msg({ type: "select", ...cell });
  };
  const start = () => {
    try {
      view = new View(root, pick(SETTINGS), { choose, keep });
    } catch (error) {
      root.replaceChildren("This browser offers no WebGL 2, which the 3D view needs. Head and All show the same weights.");
      root.classList.add("unable");
      console.warn(error);
      return;
    }
    show();
    root.__attn = view;
    root.dataset.ready = "1";
  };
  const seen = new ResizeObserver(() => {
    if (!root.clientWidth || !root.clientHeight) return;
    seen.disconnect();
    start();
  });
  seen.observe(root);
  model.on("field", show);
  model.on(SETTINGS, () => view?.set(pick(SETTINGS)));
  model.on(CHOICE, () => {
    if (view?.field) queueMicrotask(() => view.choose(pick(CHOICE)));
  });
  model.send_msg({ type: "hello" });
  model.on("remove", () => {
    seen.disconnect();
    view?.dispose();
  });
}

export default { Attention3D: { render } };

// The view's own controls, laid over the picture: what is drawn, from where, which planes, and from which weight on.
import { VIEWS } from "./camera.js";

const element = (name, attributes = {}, ...children) => {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
    else node.setAttribute(key, value);
  }
  node.append(...children);
  return node;
};

/** Buttons of which one is pressed. */
function segments(label, options, onChange) {
  const buttons = options.map(([value, text, title]) =>
    element("button", { type: "button", role: "radio", title, "data-value": value, onclick: () => onChange(value) }, text),
  );
  const node = element("div", { class: "segments", role: "radiogroup", "aria-label": label }, ...buttons);
  node.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!step) return;
    event.stopPropagation();
    const next = buttons[(buttons.indexOf(event.target) + step + buttons.length) % buttons.length];
    next.focus();
    next.click();
  });
  const show = (value) => {
    for (const button of buttons) {
      button.setAttribute("aria-checked", button.dataset.value === value);
      button.tabIndex = button.dataset.value === value ? 0 : -1;
    }
  };
  return { node, show };
}

/** A drop-down list. */
function choice(label, options, onChange) {
  const items = options.map(([value, text]) => element("option", { value }, text));
  const node = element("select", { "aria-label": label, title: label, class: "choice" }, ...items);
  node.addEventListener("change", () => onChange(node.value));
  node.addEventListener("keydown", (event) => event.stopPropagation());
  return { node: element("span", { class: "pick" }, node), show: (value) => (node.value = value) };
}

function slider(label, title, attributes, onChange) {
  const input = element("input", { type: "range", "aria-label": label, title, ...attributes });
  input.addEventListener("input", () => onChange(Number(input.value)));
  input.addEventListener("keydown", (event) => event.stopPropagation());
  return input;
}

const TICKS = [0, 0.04, 0.25, 0.5, 1];
const CUTS = 100; // the slider runs over the square root of the weight, like the colours

/** Builds the controls; `change(name, value)` is told of every choice, `update(state)` shows the current ones. */
export class Controls {
  constructor(change) {
    const modes = [["volume", "Volume", "Planes of one head or layer behind one another (1)"], ["overview", "Overview", "All heads on a wall (2)"]];
    this.mode = segments("Picture", modes, (value) => change("mode", value));
    const stacks = [["layer", "Layers", "The depth runs over the layers of one head"], ["head", "Heads", "The depth runs over the heads of one layer"]];
    this.stack = segments("Depth", stacks, (value) => change("stack", value));
    this.view = choice("Look from", VIEWS.map((name) => [name, name]), (value) => change("view", value));
    const planes = [["all", "All planes"], ["peel", "From here"], ["one", "Only this"]];
    this.planes = choice("Which planes are solid", planes, (value) => change("planes", value));
    this.plane = slider("Plane", "Step through the planes", { min: 0, step: 1 }, (value) => change("plane", value));
    this.planeName = element("output", { class: "number" });
    this.slice = element("div", { class: "slice" }, this.planes.node, this.plane, this.planeName);
    this.top = element("div", { class: "top" }, this.mode.node, this.stack.node, this.view.node, this.slice);

    this.cut = slider("Smallest weight drawn", "Hide smaller weights", { min: 0, max: CUTS, step: 1 }, (value) => change("threshold", (value / CUTS) ** 2));
    this.cutName = element("output", { class: "number" });
    this.ramp = element("canvas", { height: 1, "aria-hidden": "true" });
    const ticks = TICKS.map((w) => element("span", { style: `left: ${100 * Math.sqrt(w)}%` }, String(w)));
    this.legend = element("div", { class: "legend" }, this.ramp, this.cut, element("div", { class: "ticks", "aria-hidden": "true" }, ...ticks),
      element("div", { class: "caption" }, "weight ≥ ", this.cutName));
  }

  get nodes() {
    return [this.top, this.legend];
  }

  /** What of the picture they lie over: { left, top, right, bottom } of each in the pane. */
  boxes() {
    const shown = [...this.top.children, this.legend].filter((node) => node.offsetWidth);
    return shown.map(({ offsetLeft, offsetTop, offsetWidth, offsetHeight, offsetParent }) => {
      const [left, top] = offsetParent === this.top ? [this.top.offsetLeft + offsetLeft, this.top.offsetTop + offsetTop] : [offsetLeft, offsetTop];
      return { left, top, right: left + offsetWidth, bottom: top + offsetHeight };
    });
  }

  /** Show the state; `plane` and `count` are where the slider stands and how far it goes. */
  update({ mode, view, stack, planes, threshold }, plane, count) {
    this.mode.show(mode);
    this.view.show(view);
    this.stack.show(stack);
    this.planes.show(planes);
    this.stack.node.hidden = this.slice.hidden = mode !== "volume";
    this.plane.max = count - 1;
    this.plane.value = plane;
    this.planeName.textContent = `${stack} ${plane}`;
    this.cut.value = Math.round(CUTS * Math.sqrt(threshold));
    this.cutName.textContent = threshold.toFixed(3);
    this.cut.title = `Hide weights below ${threshold.toFixed(3)}`;
  }

  paint(ramp) {
    this.ramp.width = ramp.length;
    const context = this.ramp.getContext("2d");
    ramp.forEach((colour, i) => {
      context.fillStyle = colour;
      context.fillRect(i, 0, 1, 1);
    });
  }
}

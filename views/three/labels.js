// Labels are elements placed over the picture: crisp, in the page's font, and escaped by the browser.
import { asideFor, depth, onWall, planeSize } from "./layout.js";

const range = (n) => [...Array(n).keys()];
const CLEAR = 12; // px between two labels of one axis

const LETTER = 6.7; // px of a letter
const LONGEST = 12; // letters of a label

const cut = (text) => (text.length > LONGEST ? `${text.slice(0, LONGEST - 1)}…` : text);

/** Space that labels and controls need around the picture, in a pane of this size; all in px. */
export function marginsFor(field, mode, { height }) {
  const aside = asideFor(height);
  if (mode === "overview") return { left: 36 + aside, right: 16, top: aside ? 24 : 62, bottom: aside ? 8 : 58 };
  const widest = (tokens) => LETTER * Math.min(LONGEST, Math.max(...tokens.map((text) => text.length)));
  const below = isShort(field.keys) ? 16 : 8 + 0.8 * widest(field.keys);
  return { left: 16 + widest(field.queries) + aside, right: aside ? 58 : 36, top: aside ? 24 : 62, bottom: below + (aside ? 8 : 24) };
}

const isShort = (tokens) => tokens.every((text) => [...text].length <= 2);

/** What to write where: { text, at, axis, anchor, on, kind }. Labels of one `axis` are thinned to what fits. */
export function labelsOf(field, state, chosen) {
  return state.mode === "overview" ? wallLabels(field, chosen) : volumeLabels(field, state, chosen);
}

function wallLabels(field, chosen) {
  const { width, height } = planeSize(field);
  const layers = range(field.L).map((layer) => {
    const [x, y] = onWall(field, layer, 0);
    return { text: `L${layer}`, at: [x - width / 2 - 0.06, y, 0], axis: "layer", anchor: "end", on: layer === chosen.layer };
  });
  const heads = range(field.H).map((head) => {
    const [x, y] = onWall(field, 0, head);
    return { text: `H${head}`, at: [x, y + height / 2 + 0.09, 0], axis: "head", anchor: "above", on: head === chosen.head };
  });
  return [...layers, ...heads];
}

function volumeLabels(field, { stack, spread }, chosen) {
  const { width, height } = planeSize(field);
  const [x, y] = [width / 2, height / 2];
  const count = stack === "layer" ? field.L : field.H;
  const [near, far] = [depth(count, 0, spread), depth(count, count - 1, spread)];
  const anchor = isShort(field.keys) ? "below" : "tilt";
  const keys = field.keys.map((text, k) => ({
    text: cut(text), at: [((k + 0.5) / field.S - 0.5) * width, -y - 0.02, near], axis: "key", anchor, kind: "token", on: k === chosen.key,
  }));
  const queries = field.queries.map((text, q) => ({
    text: cut(text), at: [-x - 0.02, (0.5 - (q + 0.5) / field.T) * height, near], axis: "query", anchor: "end", kind: "token", on: q === chosen.query,
  }));
  const planes = range(count).map((i) => ({
    text: `${stack === "layer" ? "L" : "H"}${i}`, at: [x + 0.03, -y - 0.02, depth(count, i, spread)], axis: "plane", anchor: "start", on: chosen[stack] === i,
  }));
  const names = [
    { text: "key →", at: [0, y + 0.07, far], anchor: "above" },
    { text: "query ↓", at: [-x - 0.02, y + 0.07, near], anchor: "end" },
    { text: `${stack} ↗`, at: [x + 0.22, -y - 0.1, (near + far) / 2], anchor: "start" },
  ].map((name) => ({ ...name, axis: "", kind: "name" }));
  return [...keys, ...queries, ...planes, ...names];
}

const ANCHORS = {
  above: "translate(-50%, -100%)",
  below: "translate(-50%, 0)",
  start: "translate(0, -50%)",
  end: "translate(-100%, -50%)",
  tilt: "rotate(-50deg) translate(-100%, -50%)",
};

const LINE = 13; // px of height

/** Where a label lies whose point is at x, y: { left, top, right, bottom }; a tilted one is taken for its middle. */
export function boxOf({ text, anchor }, x, y) {
  const width = LETTER * [...text].length;
  const share = { above: [0.5, 1], below: [0.5, 0], start: [0, 0.5], end: [1, 0.5], tilt: [0.6, 0] }[anchor];
  const [left, top] = [x - share[0] * width, y - share[1] * LINE];
  return { left, top, right: left + width, bottom: top + LINE };
}

/** Whether two boxes lie over each other. */
export const overlap = (a, b) => a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;

/** The elements of the labels; `show` makes them, `place` moves them with the camera. */
export class LabelLayer {
  constructor(element) {
    this.element = element;
    this.labels = [];
  }

  show(labels) {
    this.labels = labels.map((label) => {
      const node = document.createElement("span");
      node.textContent = label.text;
      node.className = `${label.kind ?? "mark"} ${label.on ? "on" : ""}`;
      return { ...label, node };
    });
    this.element.replaceChildren(...this.labels.map(({ node }) => node));
  }

  /** Put every label where `project` says; hidden where it has no room or lies under one of the `covers`. */
  place(project, covers) {
    const placed = new Map();
    const first = (label) => (label.on || label.axis === "" ? 0 : 1);
    for (const label of [...this.labels].sort((a, b) => first(a) - first(b))) {
      const { x, y, seen } = project(label.at);
      const others = placed.get(label.axis) ?? [];
      const free = label.axis === "" || others.every((other) => Math.hypot(other.x - x, other.y - y) >= CLEAR);
      const box = boxOf(label, x, y);
      label.node.hidden = !seen || !free || covers.some((cover) => overlap(box, cover));
      if (label.node.hidden) continue;
      placed.set(label.axis, [...others, { x, y }]);
      label.node.style.transform = `translate(${x.toFixed(1)}px, ${y.toFixed(1)}px) ${ANCHORS[label.anchor]}`;
    }
  }
}

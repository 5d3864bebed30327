// Light and dark, switched in the browser: one attribute on <html>, and the few Bokeh properties that CSS cannot reach.
import { recall, remember } from "./memory.js";

const root = document.documentElement;
const system = matchMedia("(prefers-color-scheme: dark)");
// Setting a value again would count as a change and bring us back here, so what each model shows is noted.
const shown = new WeakMap();

export const themeName = () => (root.dataset.theme === "dark" ? "dark" : "light");

/** Bring models marked by `themed` (theme.py) into the present theme. */
export function paintModels(bokeh) {
  const mode = themeName();
  for (const model of [...bokeh.all_models]) {
    const themed = model.tags?.find((tag) => tag?.themed)?.themed;
    if (!themed || shown.get(model) === mode) continue;
    const first = !shown.has(model);
    shown.set(model, mode);
    if (first && mode === "light") continue; // made light by Python
    model.setv(themed[mode], { sync: false });
  }
}

// A figure paints over what is there, and at its outer half pixels the old theme would shine through.
function clear(layer) {
  if (!layer) return;
  layer.ctx.save();
  layer.ctx.resetTransform();
  layer.ctx.clearRect(0, 0, layer.canvas.width, layer.canvas.height);
  layer.ctx.restore();
}

function repaintFigures(bokeh) {
  for (const model of bokeh.all_models) {
    if (model.type !== "Figure" && model.type !== "Plot") continue;
    clear(window.Bokeh?.index.find_one(model)?.canvas_view?.primary);
    model.change.emit();
  }
}

/** Show "light", "dark" or "system", and remember it. */
export function setTheme(wish, bokeh) {
  const dark = wish === "system" ? system.matches : wish === "dark";
  root.dataset.wish = wish;
  root.dataset.theme = dark ? "dark" : "light";
  remember("theme", wish);
  paintModels(bokeh);
  repaintFigures(bokeh);
}

export const wishedTheme = () => root.dataset.wish || recall("theme") || "system";

/** Call `change` when the machine's own theme changes and is followed. */
export function followSystem(change) {
  const hear = () => wishedTheme() === "system" && change("system");
  system.addEventListener("change", hear);
  return () => system.removeEventListener("change", hear);
}

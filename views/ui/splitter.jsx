// Between the centre and a dock: drag it, use the arrow keys, or double-click to fold the dock away and back.
import { clampDock, drawDocks } from "./docks.js";

export function Splitter({ name, axis, sign, docks }) {
  const size = docks.sizes[name] || 0;
  const grab = (down) => {
    if (down.button) return;
    const bar = down.currentTarget;
    const at = (event) => (axis === "x" ? event.clientX : event.clientY);
    const start = at(down);
    let now = size;
    bar.setPointerCapture(down.pointerId);
    bar.onpointermove = (move) => {
      now = clampDock(name, size + sign * (at(move) - start));
      drawDocks({ [name]: now });
    };
    bar.onpointerup = () => {
      bar.onpointermove = bar.onpointerup = null;
      if (now !== size) docks.put({ [name]: now });
      else if (docks.isFolded(name)) docks.toggle(name);
    };
  };
  const onKeyDown = (event) => {
    const step = { ArrowLeft: -8, ArrowUp: -8, ArrowRight: 8, ArrowDown: 8 }[event.key];
    if (step) docks.put({ [name]: clampDock(name, size + sign * step) });
    else if (event.key === "Enter") docks.toggle(name);
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  return (
    <div
      className={`splitter ${axis} at-${name}`}
      role="separator"
      tabIndex={0}
      title={docks.isFolded(name) ? `Show the ${name} dock` : undefined}
      aria-label={`Size of the ${name} dock`}
      aria-orientation={axis === "x" ? "vertical" : "horizontal"}
      aria-valuenow={size}
      onPointerDown={grab}
      onDoubleClick={() => docks.isFolded(name) || docks.toggle(name)}
      onKeyDown={onKeyDown}
    />
  );
}

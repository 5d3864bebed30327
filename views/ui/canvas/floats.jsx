// What floats over the graph: where we are, the sizes of the definition, and the view's buttons.
import { Fragment, memo, useState } from "react";
import { MiniMap, Panel, useStore } from "@xyflow/react";
import { Icon } from "../icons.jsx";

const Crumbs = ({ crumbs, send }) => (
  <nav className="float crumbs" aria-label="Where you are">
    {crumbs.map((crumb, index) => (
      <Fragment key={index}>
        {index ? <i aria-hidden="true">▸</i> : null}
        {index === crumbs.length - 1 ? (
          <b aria-current="location" title={crumb.label}>{crumb.label}</b>
        ) : (
          <button className="quiet" onClick={() => send({ op: "crumb", index })} title={`Back to ${crumb.label}`}>
            {crumb.label}
          </button>
        )}
        {crumb.times ? <span className="badge">{crumb.times}</span> : null}
      </Fragment>
    ))}
  </nav>
);

const LETTER = 7.3; // px, of the 12 px monospace text

/** An expression is shown as it stands; anything else by what it is worth here. */
const shownAs = ({ text, value }) => (/[-+*/]/.test(text ?? "") ? text : String(value || text));

/** How many of `symbols` fit on one line of `room` pixels, with a "+3" for the others. */
function fitting(symbols, room) {
  const widths = symbols.map((symbol) => (symbol.name.length + shownAs(symbol).length + 1) * LETTER + 12);
  const total = widths.reduce((sum, width) => sum + width, 24);
  if (total <= room) return symbols.length;
  let [used, count] = [24 + 40, 0];
  while (used + widths[count] <= room) used += widths[count++];
  return count;
}

const meaning = (symbol) => {
  const [shown, value] = [shownAs(symbol), String(symbol.value)];
  return `${symbol.name} = ${shown}${shown === value ? "" : ` = ${value}`}. Click to change.`;
};

function Symbols({ symbols, room, send }) {
  const [open, setOpen] = useState(false);
  if (!symbols.length) return null;
  const count = open ? symbols.length : fitting(symbols, room);
  const rest = symbols.length - count;
  return (
    <div className={`float symbols mono ${open ? "open" : ""}`} role="group" aria-label="Sizes">
      {symbols.slice(0, count).map((symbol) => (
        <button key={symbol.name} className="quiet" title={meaning(symbol)} onClick={() => send({ op: "symbol", name: symbol.name })}>
          {symbol.name} <b>{shownAs(symbol)}</b>
        </button>
      ))}
      {rest || open ? (
        <button className="quiet" aria-expanded={open} title={open ? "Show fewer" : "Show all sizes"} onClick={() => setOpen(!open)}>
          {open ? "less" : `+${rest}`}
        </button>
      ) : null}
    </div>
  );
}

/** Pixels the crumbs want; they give way down to a third of the pane. */
const crumbRoom = (crumbs, width) =>
  Math.min(width / 3, crumbs.reduce((sum, { label, times }) => sum + label.length * 7.6 + 22 + (times ? 34 : 0), 24));

const Tools = ({ tools }) => (
  <Panel position="bottom-left" className="float tools" role="toolbar" aria-label="View">
    {tools.map(([icon, name, act]) => (
      <button key={icon} className="icon" title={name} aria-label={name} onClick={act}>
        <Icon name={icon} />
      </button>
    ))}
  </Panel>
);

const MAP = { width: 132, height: 76 };
const mapClass = (node) => (node.selected ? "on" : node.data.error ? "wrong" : "");

export const Floats = memo(function Floats({ crumbs, symbols, tools, go, send }) {
  const width = useStore((state) => state.width);
  return (
    <>
      <Panel position="top-left" className="topline">
        <Crumbs crumbs={crumbs} send={send} />
        <Symbols symbols={symbols} room={width - crumbRoom(crumbs, width) - 48} send={send} />
      </Panel>
      <Tools tools={tools} />
      <MiniMap
        pannable
        zoomable
        className="float"
        style={MAP}
        offsetScale={8}
        nodeBorderRadius={8}
        nodeClassName={mapClass}
        ariaLabel="Map of the graph"
        onClick={(_, point) => go(point)}
      />
    </>
  );
});

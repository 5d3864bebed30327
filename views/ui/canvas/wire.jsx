// A wire: its path, the shape it carries on its straight run, and what is wrong with it. And the wire in the hand.
import { memo, useState } from "react";
import { ViewportPortal } from "@xyflow/react";
import { colourOf } from "./kinds.js";
import { Fault } from "./node.jsx";
import { curve, middleOf, rounded } from "./path.js";
import { textWidth } from "./texts.js";

const NEAR = { x: 5, y: 3 }; // px that React Flow's measure of a port is off: one with a wire is smaller, a diamond is turned

/** Where a wire's ends really are; null while they are on their way to another place. */
function endsOf({ sourceX: x0, sourceY: y0, targetX: x1, targetY: y1, data: { ends } }) {
  const off = ends && [ends[0] - x0, ends[2] - x1].some((d) => Math.abs(d) > NEAR.x);
  if (!ends || off || [ends[1] - y0, ends[3] - y1].some((d) => Math.abs(d) > NEAR.y)) return null;
  return [x0, ends[1], x1, ends[3]];
}

/** The path of a wire, its middle, and the place of its text. A route that its ends have left is not used. */
function drawn(props) {
  const { points, spot } = props.data;
  const ends = endsOf(props);
  const [x0, y0, x1, y1] = ends ?? [props.sourceX, props.sourceY, props.targetX, props.targetY];
  if (points && ends) return [rounded([[x0, y0], ...points.slice(1, -1), [x1, y1]]), middleOf(points), spot];
  const level = Math.abs(y0 - y1) < 0.5 && spot && Math.abs(spot.y - y0) < 0.5 && spot.x > x0 && spot.x < x1;
  return [curve(x0, y0, x1, y1), { x: (x0 + x1) / 2, y: (y0 + y1) / 2 }, level ? spot : null];
}

const ABOVE = 14; // px over a wire on which a text has no room

function ShapeText({ text, spot, middle }) {
  const width = textWidth(text);
  const { x, y } = spot ?? { x: middle.x, y: middle.y - ABOVE };
  return (
    <g className={`shape ${spot ? "" : "tight"}`} transform={`translate(${x},${y})`}>
      <rect x={-width / 2} y="-8" width={width} height="16" />
      <text dy="0.35em">{text}</text>
    </g>
  );
}

function WireFault({ edge, at, open }) {
  const [text, tone] = edge.error ? [edge.error, "err"] : [edge.warn, "warn"];
  return (
    <>
      <g className={`fault ${tone}`} transform={`translate(${at.x},${at.y})`}>
        <title>{text}</title>
        <circle r="8" />
        <text dy="0.35em">!</text>
      </g>
      {open ? (
        <ViewportPortal>
          <div className="wire-message" style={{ transform: `translate(${at.x}px,${at.y + 14}px) translateX(-50%)` }}>
            <Fault id={edge.id} text={text} fix={edge.fix} tone={tone} />
          </div>
        </ViewportPortal>
      ) : null}
    </>
  );
}

const same = (a, b) =>
  a.data === b.data &&
  a.selected === b.selected &&
  a.sourceX === b.sourceX &&
  a.sourceY === b.sourceY &&
  a.targetX === b.targetX &&
  a.targetY === b.targetY;

export const Wire = memo(function Wire(props) {
  const { data, selected } = props;
  const { edge } = data;
  const [over, setOver] = useState(false);
  const [path, middle, spot] = drawn(props);
  const marked = edge.error || edge.warn;
  const watch = marked ? { onMouseEnter: () => setOver(true), onMouseLeave: () => setOver(false) } : null;
  return (
    <g {...watch}>
      {marked ? null : <title>{`${edge.source}.${edge.sourcePort} → ${edge.target}.${edge.targetPort}  ${edge.shape}`}</title>}
      <path className={`react-flow__edge-path wire ${edge.kind}`} d={path} style={{ "--wire": colourOf(edge.kind) }} />
      <path className="react-flow__edge-interaction" d={path} fill="none" strokeOpacity="0" strokeWidth="14" />
      {edge.shape && !marked ? <ShapeText text={edge.shape} spot={spot} middle={middle} /> : null}
      {marked ? <WireFault edge={edge} at={middle} open={over || selected} /> : null}
    </g>
  );
}, same);

/** The wire in the hand, in the colour of its kind; red and broken over a place that cannot take it. */
export function LooseWire({ fromX, fromY, toX, toY, fromHandle, fromNode, connectionStatus }) {
  const forward = fromHandle.type === "source";
  const ports = forward ? fromNode.data.outputs : fromNode.data.inputs;
  const kind = ports.find((port) => port.id === fromHandle.id)?.kind;
  const path = forward ? curve(fromX, fromY, toX, toY) : curve(toX, toY, fromX, fromY);
  return (
    <path
      className={`loose ${connectionStatus === "invalid" ? "bad" : ""}`}
      d={path}
      fill="none"
      style={{ "--wire": colourOf(kind) }}
    />
  );
}

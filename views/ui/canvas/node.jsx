// A block and a rail (an input or output of the whole graph). Their sizes are known beforehand (measure.js).
import { createContext, memo, useContext, useMemo } from "react";
import { useStore } from "@xyflow/react";
import { familyColour } from "./kinds.js";
import { portAt } from "./measure.js";
import { Port } from "./port.jsx";

/** Sends an op to Python; the same function for the life of the canvas. */
export const Send = createContext(() => {});

const Ports = ({ data }) => (
  <>
    {data.inputs.map((port, i) => (
      <Port key={port.id} node={data.id} port={port} type="target" top={portAt(data, i)} />
    ))}
    {data.outputs.map((port, i) => (
      <Port key={port.id} node={data.id} port={port} type="source" top={portAt(data, i)} />
    ))}
  </>
);

/** What is wrong, and the button that puts it right. Shown when its owner is chosen or under the pointer. */
export function Fault({ id, text, fix, tone = "err", where = "" }) {
  const send = useContext(Send);
  const apply = (event) => {
    event.stopPropagation();
    send({ op: "fix", id });
  };
  return (
    <div className={`message nodrag nopan ${tone} ${where}`} role="note">
      <p>{text}</p>
      {fix ? (
        <div>
          <button className="fix" onClick={apply} onDoubleClick={(event) => event.stopPropagation()}>
            Apply fix
          </button>
          <span>{fix}</span>
        </div>
      ) : null}
    </div>
  );
}

const NOTE = { width: 300, height: 76 }; // px that a message wants under its node

/** Where a node's message goes: above where the node stands low, to the left where far right; of many chosen, the pointer's. */
const placeOf = (id) => ({ nodes, nodeLookup, transform, width, height }) => {
  const node = nodeLookup.get(id);
  if (!node) return "";
  const [x, y, zoom] = transform;
  const low = (node.position.y + node.height) * zoom + y > height - NOTE.height;
  const far = (node.position.x + NOTE.width) * zoom + x > width;
  const many = node.selected && nodes.some((other) => other.selected && other.id !== id);
  return [low && "low", far && "far", many && "many"].filter(Boolean).join(" ");
};

function Marks({ data }) {
  const text = data.error || data.warn;
  return text ? <Trouble data={data} text={text} /> : null;
}

function Trouble({ data, text }) {
  const where = useStore(useMemo(() => placeOf(data.id), [data.id]));
  const tone = data.error ? "err" : "warn";
  return (
    <>
      <b className={`fault ${tone}`} title={text}>
        !
      </b>
      <Fault id={data.id} text={text} fix={data.fix} tone={tone} where={where} />
    </>
  );
}

const Row = ({ input, output }) => (
  <div className="ports">
    <span>{input?.id}</span>
    <span>{output?.id}</span>
  </div>
);

export const Block = memo(
  function Block({ data }) {
    const rows = Math.max(data.inputs.length, data.outputs.length);
    const state = data.error ? "wrong" : data.warn ? "doubtful" : "";
    return (
      <div className={`block ${data.role} ${data.opens ? "opens" : ""} ${state}`} style={{ "--family": familyColour(data.family) }}>
        <div className="head">
          <span className="name" title={data.opens ? `${data.title}: double-click to open` : data.title}>
            {data.title}
          </span>
          {data.note ? <em>{data.note}</em> : null}
          {data.times ? <span className="badge">{data.times}</span> : null}
        </div>
        {Array.from({ length: rows }, (_, i) => (
          <Row key={i} input={data.inputs[i]} output={data.outputs[i]} />
        ))}
        {data.caption ? <div className="caption" title={data.caption}>{data.caption}</div> : null}
        <Marks data={data} />
        <Ports data={data} />
      </div>
    );
  },
  (before, now) => before.data === now.data,
);

export const Rail = memo(
  function Rail({ data }) {
    const state = data.error ? "wrong" : data.warn ? "doubtful" : "";
    return (
      <div className={`rail ${data.role} ${state}`}>
        {data.role === "output" ? <i>▸</i> : null}
        <span>{data.title}</span>
        {data.role === "input" ? <i>▸</i> : null}
        <Marks data={data} />
        <Ports data={data} />
      </div>
    );
  },
  (before, now) => before.data === now.data,
);

// The blocks inside a composite, each with its settings; folded until somebody looks.
import { useState } from "react";
import { Icon } from "../icons.jsx";
import { above, folded, leaf } from "../tree.js";
import { Form } from "./form.jsx";


function Group({ group, open, fold, send, turn }) {
  const changed = group.rows.some((row) => row.changed && !row.symbol);
  return (
    <div className="group" style={{ "--family": `var(--${group.colour})`, "--depth": group.depth }}>
      <button type="button" className="fold-line" aria-expanded={open} title={group.id} onClick={() => fold(group.id, !open)}>
        <span className={open ? "twist open" : "twist"}>
          <Icon name="right" />
        </span>
        <span className="name">{group.title}</span>
        <code>{leaf(group.id)}</code>
        {changed ? <i className="changed" title="Has settings that differ from their default" /> : null}
        <em>{group.note}</em>
      </button>
      {open && group.rows.length ? <Form section={{ id: group.id, rows: group.rows }} send={send} turn={turn} /> : null}
    </div>
  );
}

export function Inside({ section, send, turn }) {
  const [unfolded, setUnfolded] = useState(() => new Set());
  const fold = (id, want) => setUnfolded((now) => folded(now, id, want));
  const isShown = (id) => above(id).every((level) => !level || unfolded.has(level));
  return (
    <div className="insides">
      {section.groups
        .filter((group) => isShown(group.id))
        .map((group) => (
          <Group key={group.id} group={group} open={unfolded.has(group.id)} fold={fold} send={send} turn={turn} />
        ))}
    </div>
  );
}

// A document of sections, made from data: the inspector, lists, samples, empty panes.
import { memo } from "react";
import { useGiven } from "./given.js";
import { useRows } from "./rows.js";
import { Form } from "./sections/form.jsx";
import { Formula } from "./sections/formula.jsx";
import { Inside } from "./sections/inside.jsx";
import { Problems } from "./sections/problems.jsx";
import { Rows } from "./sections/rows.jsx";
import { Samples } from "./sections/samples.jsx";
import { Code, Empty, Heading, Links, Paragraph, Progress, Table, Title } from "./sections/text.jsx";
import { Actions, ControlRow } from "./sections/actions.jsx";

const KINDS = {
  title: Title,
  text: Paragraph,
  heading: Heading,
  empty: Empty,
  formula: Formula,
  form: Form,
  inside: Inside,
  table: Table,
  meter: Progress,
  links: Links,
  actions: Actions,
  controls: ControlRow,
  code: Code,
  samples: Samples,
  problems: Problems,
  rows: Rows,
};

const Section = memo(
  function Section({ section, send, say, turn, change }) {
    const Kind = KINDS[section.kind];
    return Kind ? <Kind section={section} send={send} say={say} turn={turn} change={change} /> : null;
  },
  (before, after) => before.section === after.section && before.turn === after.turn,
);

export function render({ model }) {
  const [sections, change, turn] = useRows(model, "sections");
  const [look] = useGiven(model, "look");
  const say = (message) => model.send_msg(message);
  const send = (name, value) => say(value === undefined ? { name } : { name, value }); // undefined cannot travel
  return (
    <div className={`paper ${look}`}>
      {sections.map((section, i) => (
        <Section
          key={`${section.kind}${section.id ?? i}`}
          section={section}
          send={send}
          say={say}
          turn={turn}
          change={change}
        />
      ))}
    </div>
  );
}

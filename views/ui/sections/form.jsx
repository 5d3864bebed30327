// Rows of a form. A field tells Python when it is left or Enter is pressed; Escape brings the old value back.
import { useEffect, useId, useRef, useState } from "react";
import { Icon } from "../icons.jsx";
import { named, plain } from "../words.js";

const isSwitch = (options) => options?.length === 2 && options[0] === "off" && options[1] === "on";

function Switch({ row, id, send }) {
  const on = row.value === "on" || row.value === true;
  return (
    <button
      type="button"
      id={id}
      role="switch"
      className="switch"
      aria-checked={on}
      disabled={row.disabled}
      onClick={() => send(row.field, on ? "off" : "on")}
    >
      <i />
      <span>{on ? "on" : "off"}</span>
    </button>
  );
}

function Choice({ row, id, send }) {
  const options = row.options.map(named);
  return (
    <span className="pick">
      <select id={id} value={row.value ?? ""} disabled={row.disabled} onChange={(event) => send(row.field, options[event.target.selectedIndex].id)}>
        {options.map((option) => (
          <option key={option.id} value={option.id}>
            {option.label}
          </option>
        ))}
      </select>
    </span>
  );
}

/** A whole number goes one up or down by the arrow keys. */
const nudged = (text, key) => {
  const step = { ArrowUp: 1, ArrowDown: -1 }[key];
  return step && /^-?\d+$/.test(text) ? String(Number(text) + step) : null;
};

function Entry({ row, id, send, live, turn, wrong }) {
  const [text, setText] = useState(String(row.value ?? ""));
  const typing = useRef(false);
  useEffect(() => setText(String(row.value ?? "")), [row.value, turn]);
  const put = (value) => {
    typing.current = true;
    setText(value);
    if (live) send(row.field, value);
  };
  const leave = () => {
    if (typing.current && text !== String(row.value ?? "")) send(row.field, text);
    typing.current = false;
  };
  const onKeyDown = (event) => {
    const next = nudged(text, event.key);
    if (next !== null) {
      event.preventDefault();
      put(next);
    }
    if (live) return;
    if (event.key === "Enter") leave();
    if (event.key === "Escape") {
      typing.current = false;
      setText(String(row.value ?? ""));
      event.stopPropagation();
    }
  };
  return (
    <input
      id={id}
      className={`${row.words ? "" : "mono"} ${row.symbol ? "symbol" : ""}`}
      value={text}
      title={text.length > 8 ? text : undefined}
      placeholder={row.placeholder}
      disabled={row.disabled}
      spellCheck="false"
      autoComplete="off"
      aria-invalid={row.error ? true : undefined}
      aria-describedby={wrong}
      onChange={(event) => put(event.target.value)}
      onBlur={leave}
      onKeyDown={onKeyDown}
    />
  );
}

/** Long words need the room of the hint; where there is one, it stands in the field's end. */
const isLong = (row) => [row.value, ...(row.options ?? []).map((option) => named(option).label)].some((text) => String(text ?? "").length > 8);

const isValue = (hint) => hint?.startsWith("=");

function shapeOf(row, hint) {
  if (row.long) return "long";
  if (!hint) return row.words || isLong(row) ? "broad" : "";
  if (row.options || !isLong(row)) return "";
  return isValue(hint) ? "broad over" : "broad";
}

function Row({ row, send, live, turn }) {
  const id = useId();
  const props = { row, id, send, live, turn, wrong: row.error ? `${id}e` : undefined };
  const Field = isSwitch(row.options) ? Switch : row.options ? Choice : Entry;
  const said = row.hint || row.unit;
  const shape = shapeOf(row, said);
  const hint = shape === "broad" ? "" : said;
  return (
    <>
      <div className={`row ${row.error ? "wrong" : ""} ${shape}`} title={plain(row.help)}>
        <label htmlFor={id} title={[row.label ?? row.field, plain(row.help)].filter(Boolean).join("\n")}>
          {row.label ?? row.field}
          {row.changed ? <i className="changed" title="Differs from its default" /> : null}
        </label>
        <Field {...props} />
        {row.act ? (
          <button type="button" className="act" title={row.act.title} aria-label={row.act.title} onClick={() => send(row.act.id)}>
            <Icon name={row.act.icon} />
          </button>
        ) : null}
        {hint ? <em title={row.unit}>{hint}</em> : null}
      </div>
      {row.error ? (
        <p id={`${id}e`} className="mistake" role="alert">
          {row.error}
        </p>
      ) : null}
    </>
  );
}

export function Form({ section, send, live, turn }) {
  return (
    <div className={`form ${section.columns ? "wide" : ""}`}>
      {section.rows.map((given) => {
        const row = { ...given, field: given.field ?? given.name };
        return <Row key={`${section.id ?? ""}${row.field}`} row={row} send={send} live={live} turn={turn} />;
      })}
    </div>
  );
}

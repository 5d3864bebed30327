// The kinds of control that bars and sheets are made of.
import { memo, useEffect, useState, useSyncExternalStore } from "react";
import { command, runCommand, subscribe } from "./commands.js";
import { Icon } from "./icons.jsx";
import { shown } from "./keys.js";
import { themeName } from "./theme.js";
import { named } from "./words.js";

/** The command's words and shortcut, where an item names one. */
function useCommand(item) {
  const found = useSyncExternalStore(subscribe, () => (item.command ? command(item.command) : undefined));
  const title = item.title ?? found?.label?.replace(/…$/, "");
  const keys = shown(item.keys ?? found?.keys);
  return { title: title && (keys ? `${title} (${keys})` : title), name: title };
}

function Press({ item, send, className, children, ...rest }) {
  const { title, name } = useCommand(item);
  const press = () => (item.command ? runCommand(item.command) : send(item.id));
  return (
    <button
      {...rest}
      type="button"
      className={className}
      title={title}
      aria-label={children ? undefined : name}
      aria-pressed={item.pressed}
      disabled={item.disabled}
      onClick={press}
    >
      {item.icon ? <Icon name={item.icon} /> : null}
      {children}
    </button>
  );
}

function Segments({ item, send }) {
  const options = item.options.map(named);
  const onKeyDown = (event) => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const next = (options.findIndex((o) => o.id === item.value) + step + options.length) % options.length;
    send(item.id, options[next].id);
    event.currentTarget.children[next].focus();
  };
  return (
    <div className="segments" role="radiogroup" aria-label={item.title} title={item.title} onKeyDown={onKeyDown}>
      {options.map(({ id, label, title }) => (
        <button
          key={id}
          type="button"
          role="radio"
          aria-checked={id === item.value}
          tabIndex={id === item.value ? 0 : -1}
          title={title}
          disabled={item.disabled}
          onClick={() => send(item.id, id)}
        >
          <span className="steady" data-text={label}>
            {label}
          </span>
        </button>
      ))}
    </div>
  );
}

function Select({ item, send }) {
  return (
    <label className="labelled" title={item.title}>
      {item.label ? <span>{item.label}</span> : null}
      <span className="pick">
        <select
          className="button"
          aria-label={item.label ? undefined : item.title}
          value={item.value ?? ""}
          disabled={item.disabled}
          onChange={(event) => send(item.id, named(item.options[event.target.selectedIndex]).id)}
        >
          {item.options.map(named).map(({ id, label }) => (
            <option key={id} value={id}>
              {label}
            </option>
          ))}
        </select>
      </span>
    </label>
  );
}

function FieldItem({ item, send }) {
  const [text, setText] = useState(item.value ?? "");
  useEffect(() => setText(item.value ?? ""), [item.value]);
  const leave = () => String(text) !== String(item.value ?? "") && send(item.id, text);
  return (
    <label className="labelled" title={item.error || item.title}>
      {item.label ? <span>{item.label}</span> : null}
      <input
        className="entry mono"
        style={{ width: item.width }}
        value={text}
        placeholder={item.placeholder}
        aria-label={item.label ? undefined : item.title}
        aria-invalid={item.error ? true : undefined}
        spellCheck="false"
        onChange={(event) => setText(event.target.value)}
        onBlur={leave}
        onKeyDown={(event) => {
          if (event.key === "Enter") leave();
          if (event.key === "Escape") setText(item.value ?? "");
        }}
      />
      {item.unit ? <span>{item.unit}</span> : null}
    </label>
  );
}

function Theme() {
  const name = useSyncExternalStore(subscribe, themeName);
  const keys = shown(command("theme")?.keys);
  return (
    <button type="button" className="quiet" title={`Light or dark${keys ? ` (${keys})` : ""}`} onClick={() => runCommand("theme")}>
      <Icon name={name === "dark" ? "moon" : "sun"} />
      {name}
    </button>
  );
}

export function Meter({ value, title, width }) {
  const whole = Math.max(0, Math.min(100, value || 0));
  return (
    <span
      className="meter"
      role="progressbar"
      aria-valuenow={Math.round(whole)}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-label={title ?? "progress"}
      title={title}
      style={{ maxWidth: width }}
    >
      <b style={{ transform: `scaleX(${whole / 100})` }} />
    </span>
  );
}

const KINDS = {
  icon: (props) => <Press {...props} className="icon" />,
  button: ({ item, send }) => (
    <Press item={item} send={send} className={`button ${item.primary ? "primary" : ""} ${item.danger ? "danger" : ""}`}>
      <span className="steady" data-text={item.text}>
        {item.text}
      </span>
    </Press>
  ),
  chip: ({ item, send }) =>
    item.id || item.command ? (
      <Press item={item} send={send} className={`chip ${item.tone ?? ""}`}>
        {item.text}
      </Press>
    ) : (
      <span className={`chip ${item.tone ?? ""}`} title={item.title}>
        {item.text}
      </span>
    ),
  link: ({ item, send }) => (
    <Press item={item} send={send} className="quiet">
      {item.text}
    </Press>
  ),
  text: ({ item }) => (
    <span className={`text ${item.tone ?? ""}`} title={item.title}>
      {item.dot ? <i className={`dot ${item.dot}`} /> : null}
      {item.text}
    </span>
  ),
  meter: ({ item }) => <Meter {...item} />,
  segments: Segments,
  select: Select,
  field: FieldItem,
  theme: Theme,
  rule: () => <i className="rule" />,
  gap: () => <i className="gap" />,
};

const Control = memo(
  function Control({ item, send }) {
    const Kind = KINDS[item.kind];
    return Kind && !item.hidden ? <Kind item={item} send={send} /> : null;
  },
  (before, after) => before.item === after.item,
);

export function Controls({ items, send }) {
  return items.map((item, i) => <Control key={`${item.id ?? item.kind}${i}`} item={item} send={send} />);
}

// The tree of the whole model. A click goes there, arrows walk and unfold, the search narrows it down.
import { useEffect, useMemo, useRef, useState } from "react";
import { command } from "./commands.js";
import { useGiven } from "./given.js";
import { Icon } from "./icons.jsx";
import { focusSoon, shown as written } from "./keys.js";
import { useRows } from "./rows.js";
import { above, folded, leaf, parent, visible } from "./tree.js";

function Row({ row, level, on, unfolded, fold, say, focused }) {
  const title = [row.label, row.id, row.exact, row.error || row.warn].filter(Boolean).join("\n");
  return (
    <div
      role="treeitem"
      className={`leaf ${on ? "on" : ""} ${level ? "level" : ""}`}
      style={{ "--family": `var(--${row.colour})`, "--depth": row.depth }}
      data-id={row.id}
      aria-level={row.depth + 1}
      aria-selected={on}
      aria-current={level ? "location" : undefined}
      aria-expanded={row.opens ? unfolded : undefined}
      tabIndex={focused ? 0 : -1}
      title={title}
      onClick={() => say({ select: row.id })}
      onDoubleClick={() => row.opens && say({ open: row.id })}
    >
      {row.opens ? (
        <span
          className={unfolded ? "twist open" : "twist"}
          onClick={(event) => {
            event.stopPropagation();
            fold(row.id, !unfolded);
          }}
          onDoubleClick={(event) => event.stopPropagation()}
        >
          <Icon name="right" />
        </span>
      ) : (
        <span className="twist" />
      )}
      <span className="name">{leaf(row.id) || row.label}</span>
      {row.id ? <span className="type">{row.label}</span> : null}
      {row.times ? <b>{row.times}</b> : null}
      {row.error || row.warn ? <i className={row.error ? "dot err" : "dot warn"} role="img" aria-label={row.error ? "has problems" : "has warnings"} /> : null}
      <em>{row.count}</em>
    </div>
  );
}

export function render({ model }) {
  const [rows] = useRows(model, "tree");
  const [here] = useGiven(model, "here");
  const [chosen] = useGiven(model, "chosen");
  const [asked] = useGiven(model, "asked");
  const [query, setQuery] = useState("");
  const [unfolded, setUnfolded] = useState(() => new Set([""]));
  const [at, setAt] = useState("");
  const list = useRef(),
    input = useRef();
  const say = (message) => model.send_msg(message);
  useEffect(() => {
    if (asked) focusSoon(input);
  }, [asked]);
  const fold = (id, want) => setUnfolded((now) => folded(now, id, want));
  const spot = chosen[0] ?? here;
  useEffect(() => {
    setUnfolded((now) => new Set([...now, "", here, ...above(here)]));
    setAt(spot);
  }, [here, spot]);
  useEffect(() => {
    list.current?.querySelector(`[data-id="${CSS.escape(spot)}"]`)?.scrollIntoView({ block: "nearest" });
  }, [spot, rows.length]);
  const found = useMemo(() => visible(rows, unfolded, query), [rows, unfolded, query]);
  const isOpen = (row) => (query.trim() ? found.some((other) => parent(other.id) === row.id && other.id) : unfolded.has(row.id));
  const focused = found.some((row) => row.id === at) ? at : (found[0]?.id ?? "");
  const go = (id) => {
    setAt(id);
    list.current?.querySelector(`[data-id="${CSS.escape(id)}"]`)?.focus();
  };
  const walk = (event) => {
    const place = found.findIndex((row) => row.id === focused);
    const row = found[place];
    if (!row) return;
    const to = { ArrowDown: place + 1, ArrowUp: place - 1, Home: 0, End: found.length - 1 }[event.key];
    if (to !== undefined) go(found[Math.max(0, Math.min(found.length - 1, to))].id);
    else if (event.key === "ArrowRight" && row.opens) isOpen(row) ? go(found[Math.min(place + 1, found.length - 1)].id) : fold(row.id, true);
    else if (event.key === "ArrowLeft") row.opens && isOpen(row) && row.id ? fold(row.id, false) : go(parent(row.id));
    else if (event.key === "Enter") say(row.opens ? { open: row.id } : { select: row.id });
    else if (event.key === " ") say({ select: row.id });
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  const onSearchKey = (event) => {
    if (event.key === "Escape") {
      setQuery("");
      input.current.blur();
    } else if (event.key === "ArrowDown") {
      event.preventDefault();
      go(focused);
    } else if (event.key === "Enter" && found.length) {
      const words = found.filter((row) => row.id);
      say({ select: (words.find((row) => !words.some((other) => parent(other.id) === row.id)) ?? found[0]).id });
    }
    event.stopPropagation();
  };
  const keys = written(command("outline")?.keys);
  return (
    <div className="list">
      <label className="search">
        <Icon name="search" />
        <input ref={input} value={query} placeholder="Search" aria-label="Search the model" onChange={(event) => setQuery(event.target.value)} onKeyDown={onSearchKey} />
        {keys ? <kbd>{keys}</kbd> : null}
      </label>
      <div className="scroll tree" role="tree" aria-label="Outline" ref={list} onKeyDown={walk} onFocus={(event) => event.target.dataset.id !== undefined && setAt(event.target.dataset.id)}>
        {found.map((row) => (
          <Row
            key={row.id}
            row={row}
            level={row.id === here}
            on={chosen.includes(row.id)}
            unfolded={isOpen(row)}
            fold={fold}
            say={say}
            focused={row.id === focused}
          />
        ))}
        {found.length ? null : (
          <div className="empty">
            <p>Nothing in the model is called “{query}”.</p>
            <button type="button" className="button" onClick={() => setQuery("")}>
              Show all
            </button>
          </div>
        )}
      </div>
    </div>
  );
}

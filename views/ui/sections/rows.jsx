// A table to search, sort and choose from. The browser does all three; Python hears what is chosen and opened.
import { useEffect, useMemo, useRef, useState } from "react";
import { Meter } from "../controls.jsx";
import { Icon } from "../icons.jsx";
import { searched } from "../words.js";

const cellOf = (cell) => (cell !== null && typeof cell === "object" ? cell : { value: cell });
const textOf = (cell) => String(cell.text ?? cell.value ?? "");
const wordsOf = (cell) => `${textOf(cell)} ${cell.title ?? ""}`;

function compare(a, b) {
  const empty = (x) => x === undefined || x === null || x === "";
  if (empty(a) || empty(b)) return empty(a) - empty(b);
  if (typeof a === "number" && typeof b === "number") return a - b;
  return String(a).localeCompare(String(b), undefined, { numeric: true });
}

function arranged(section, sort, query) {
  const has = searched(query);
  const text = (row) => section.columns.map(({ id }) => wordsOf(cellOf(row.cells[id]))).join(" ");
  const rows = query.trim() ? section.rows.filter((row) => has(text(row))) : section.rows;
  if (!sort?.by) return rows;
  const value = (row) => cellOf(row.cells[sort.by]).value;
  const empty = (row) => value(row) === undefined || value(row) === null || value(row) === "";
  return [...rows].sort((a, b) => {
    if (empty(a) || empty(b)) return empty(a) - empty(b);
    return compare(value(a), value(b)) * (sort.down ? -1 : 1);
  });
}

function Cell({ cell: given, column }) {
  const cell = cellOf(given);
  const number = column.align === "right" || typeof cell.value === "number";
  return (
    <td className={`${number ? "num" : ""} ${cell.tone ?? ""}`} title={cell.title ?? textOf(cell)}>
      {cell.dot ? <i className={`dot ${cell.dot}`} style={{ background: cell.colour && `var(--${cell.colour})` }} /> : null}
      {cell.meter === undefined ? textOf(cell) : <Meter value={cell.meter} title={textOf(cell)} />}
    </td>
  );
}

function Head({ column, sort, setSort }) {
  const on = sort?.by === column.id;
  const down = on && sort.down;
  return (
    <th scope="col" aria-sort={on ? (down ? "descending" : "ascending") : "none"} className={column.align === "right" ? "num" : ""} style={{ width: column.width }}>
      <button type="button" onClick={() => setSort({ by: column.id, down: on ? !down : column.align === "right" })} title={`Sort by ${column.label || column.id}`} aria-label={column.label || column.id}>
        {column.label}
        {on ? <Icon name={down ? "down" : "up"} /> : null}
      </button>
    </th>
  );
}

export function Rows({ section, say, turn }) {
  const name = section.id ?? "rows";
  const [query, setQuery] = useState("");
  const [sort, setSort] = useState(section.sort);
  const [chosen, setChosen] = useState(section.chosen ?? []);
  const body = useRef();
  const last = useRef(null);
  useEffect(() => setChosen(section.chosen ?? []), [JSON.stringify(section.chosen ?? []), turn]);
  const rows = useMemo(() => arranged(section, sort, query), [section, sort, query]);
  const many = section.select === "many";
  const put = (ids) => {
    setChosen(ids);
    say({ name, value: ids });
  };
  const choose = (id, event) => {
    if (!section.select) return;
    if (many && event.shiftKey && last.current !== null) {
      const [a, b] = [last.current, id].map((other) => rows.findIndex((row) => row.id === other)).sort((x, y) => x - y);
      put([...new Set([...chosen, ...rows.slice(a, b + 1).map((row) => row.id)])]);
    } else if (many && (event.ctrlKey || event.metaKey || event.check)) {
      put(chosen.includes(id) ? chosen.filter((other) => other !== id) : [...chosen, id]);
    } else put([id]);
    last.current = id;
  };
  const onKeyDown = (event, row) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const lines = [...body.current.children];
    if (step) lines[Math.min(lines.length - 1, Math.max(0, lines.indexOf(event.currentTarget) + step))]?.focus();
    else if (event.key === " ") choose(row.id, { check: true });
    else if (event.key === "Enter") say({ name, open: row.id });
    else return;
    event.preventDefault();
  };
  return (
    <div className="records">
      {section.search ? (
        <label className="search">
          <Icon name="search" />
          <input value={query} placeholder={section.search === true ? "Search" : section.search} aria-label="Search" onChange={(event) => setQuery(event.target.value)} />
          {query ? <em>{`${rows.length} of ${section.rows.length}`}</em> : null}
        </label>
      ) : null}
      <div className="scroll">
        <table role="grid" aria-multiselectable={many || undefined}>
          <thead>
            <tr>
              {many ? <th className="tick" /> : null}
              {section.columns.map((column) => (
                <Head key={column.id} column={column} sort={sort} setSort={setSort} />
              ))}
            </tr>
          </thead>
          <tbody ref={body}>
            {rows.map((row, i) => (
              <tr
                key={row.id}
                tabIndex={i === 0 || chosen.includes(row.id) ? 0 : -1}
                aria-selected={section.select ? chosen.includes(row.id) : undefined}
                className={row.tone ?? ""}
                onClick={(event) => choose(row.id, event)}
                onDoubleClick={() => say({ name, open: row.id })}
                onKeyDown={(event) => onKeyDown(event, row)}
              >
                {many ? (
                  <td className="tick">
                    <input
                      type="checkbox"
                      tabIndex={-1}
                      aria-label="Choose"
                      checked={chosen.includes(row.id)}
                      onClick={(event) => event.stopPropagation()}
                      onChange={() => choose(row.id, { check: true })}
                    />
                  </td>
                ) : null}
                {section.columns.map((column) => (
                  <Cell key={column.id} column={column} cell={row.cells[column.id]} />
                ))}
              </tr>
            ))}
          </tbody>
        </table>
        {rows.length ? null : <p className="empty">{query ? `Nothing has “${query}”.` : section.empty}</p>}
      </div>
    </div>
  );
}

// What is wrong, why and where, with its fixes as buttons. A click or Enter on a row shows the place.
import { Icon } from "../icons.jsx";

export function Problems({ section, say }) {
  const name = section.id ?? "problems";
  const choose = (row, fix = null) => say({ name, row, fix });
  return (
    <ul className="problems" aria-label="Problems">
      {section.rows.map((row) => (
        <li key={row.id} className={row.tone ?? "err"}>
          <button type="button" className="place" onClick={() => choose(row.id)} title="Show where">
            <Icon name={row.tone === "warn" ? "warn" : "close"} />
            <code>{row.code}</code>
            <span>{row.text}</span>
            <em>{row.where}</em>
          </button>
          {row.fixes?.map((label, i) => (
            <button key={i} type="button" className="button" onClick={() => choose(row.id, i)}>
              {label}
            </button>
          ))}
        </li>
      ))}
    </ul>
  );
}

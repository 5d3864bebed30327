// What is wrong, why and where, with its fixes as buttons; what holds is ticked. A click or Enter shows the place.
import { Icon } from "../icons.jsx";

const SIGNS = { ok: "check", warn: "warn", muted: "minus" };

export function Problems({ section, say }) {
  const name = section.id ?? "problems";
  const choose = (row, fix = null) => say({ name, row, fix });
  return (
    <ul className="problems" aria-label={section.label ?? "Problems"}>
      {section.rows.map((row) => (
        <li key={row.id} className={row.tone ?? "err"}>
          <button type="button" className="place" onClick={() => choose(row.id)} title={row.title ?? "Show where"}>
            <Icon name={SIGNS[row.tone] ?? "close"} />
            <span>
              {row.text}
              {row.why ? <small>{row.why}</small> : null}
              {row.where ? (
                <small>
                  <code>{row.code}</code> · {row.where}
                </small>
              ) : null}
            </span>
            {row.where ? null : <code>{row.code}</code>}
          </button>
          {row.fixes?.length || row.acts?.length ? (
            <div className="mends">
              {row.fixes?.map((label, i) => (
                <button key={i} type="button" className="button" onClick={() => choose(row.id, i)}>
                  {label}
                </button>
              ))}
              {row.acts?.map(({ id, text }) => (
                <button key={id} type="button" className="button quiet" onClick={() => say({ name, row: row.id, act: id })}>
                  {text}
                </button>
              ))}
            </div>
          ) : null}
        </li>
      ))}
    </ul>
  );
}

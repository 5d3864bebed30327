// Words, tables of two columns, code and empty panes.
import { runCommand } from "../commands.js";
import { Meter } from "../controls.jsx";
import { Copy } from "../copy.jsx";
import { Icon } from "../icons.jsx";
import { shown } from "../keys.js";
import { pieces } from "../words.js";

/** Run the command of that name, or tell Python. */
export const act = (id, send) => runCommand(id) || send(id);

export const Title = ({ section }) => (
  <h3 style={{ "--family": `var(--${section.colour ?? "muted"})` }}>
    <span>{section.text}</span>
    {section.note ? <em>{section.note}</em> : null}
  </h3>
);

export const Paragraph = ({ section }) => (
  <p className={section.tone ?? ""} role={section.tone === "err" ? "alert" : undefined}>
    {pieces(section.text).map((piece, i) => (i % 2 ? <code key={i}>{piece}</code> : piece))}
  </p>
);

export const Heading = ({ section }) => (
  <h4>
    {section.text}
    {section.note ? <span>{section.note}</span> : null}
  </h4>
);

export const Empty = ({ section, send }) => (
  <div className="empty">
    <p>{section.text}</p>
    {section.action ? (
      <button type="button" className="button" onClick={() => act(section.id, send)}>
        {section.action}
      </button>
    ) : null}
  </div>
);

export const Table = ({ section, send }) => (
  <table className={section.mono ? "mono" : ""}>
    {section.head ? (
      <thead>
        <tr>
          {section.head.map(({ text, title, colour }, i) => (
            <th key={i} scope="col" title={title}>
              {colour ? <i className="dot" style={{ background: `var(--${colour})` }} /> : null}
              {text}
            </th>
          ))}
        </tr>
      </thead>
    ) : null}
    <tbody>
      {section.rows.map((cells, i) => (
        <tr key={i}>
          {cells.map((text, j) => (
            <td key={j} className={j ? "mono" : ""}>
              {text}
            </td>
          ))}
          {section.acts ? (
            <td>
              <button type="button" className="act" title={section.acts[i].title} aria-label={section.acts[i].title} onClick={() => send(section.acts[i].id)}>
                <Icon name={section.acts[i].icon} />
              </button>
            </td>
          ) : null}
        </tr>
      ))}
    </tbody>
  </table>
);

export const Progress = ({ section }) => <Meter value={section.value} title={section.title} />;

export const Links = ({ section, send }) => (
  <p className="links">
    {section.items.map((item) => (
      <button key={item.id} type="button" className="quiet" onClick={() => act(item.id, send)}>
        {item.text} {item.keys ? <kbd>{shown(item.keys)}</kbd> : null}
      </button>
    ))}
  </p>
);

export const Code = ({ section }) => (
  <div className="code">
    <Copy text={section.text} />
    <pre className="mono" tabIndex={0}>
      {section.text}
    </pre>
  </div>
);

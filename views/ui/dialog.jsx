// One modal dialog for everything that asks: a gallery, a list of files, a name, a confirmation, a file from the disk.
import { useEffect, useRef, useState } from "react";
import { readFile } from "./files.js";
import { Icon } from "./icons.jsx";
import { shown } from "./keys.js";
import { Form } from "./sections/form.jsx";
import { themeName } from "./theme.js";
import { plain, searched } from "./words.js";

export function shortcutsDialog(commands, hints) {
  const rows = commands.filter((c) => c.keys).map((c) => [c.label.replace(/…$/, ""), shown(c.keys), c.menu || "Other"]);
  return {
    id: "shortcuts",
    title: "Keyboard shortcuts",
    table: [...rows, ...hints.map(([what, keys]) => [what, keys, "Canvas"])],
    items: [],
    fields: [],
    buttons: [],
    cancel: "Close",
  };
}

/** A picture is SVG text; as an image nothing in it can run. */
function Picture({ picture }) {
  const text = typeof picture === "string" ? picture : picture?.[themeName()];
  if (!text) return null;
  return <img alt="" src={`data:image/svg+xml;charset=utf-8,${encodeURIComponent(text)}`} />;
}

const STEPS = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowDown: [0, 1], ArrowUp: [0, -1] };

/** The card of the next row below (or above, at -1) that is nearest; rows may hold different numbers of cards. */
function nextRow(cards, at, way) {
  const boxes = cards.map((card) => card.getBoundingClientRect());
  const far = (box) => {
    const down = way * (box.top - boxes[at].top);
    return down > 1 ? down * 10000 + Math.abs(box.left - boxes[at].left) : Infinity;
  };
  return boxes.map(far).reduce((best, d, i, all) => (d < all[best] ? i : best), at);
}

function Items({ dialog, items, chosen, choose, take }) {
  const list = useRef();
  const onKeyDown = (event) => {
    const cards = [...list.current.querySelectorAll("[role=option]")];
    const step = STEPS[event.key];
    if (!step) return;
    event.preventDefault();
    const at = Math.max(0, items.findIndex((item) => item.id === chosen));
    const next = step[0] ? Math.min(items.length - 1, Math.max(0, at + step[0])) : nextRow(cards, at, step[1]);
    choose(items[next].id);
    cards[next].focus();
  };
  if (!items.length) return <p className="none">{dialog.empty || "Nothing fits."}</p>;
  const begins = (i) => items[i].group && items[i].group !== items[i - 1]?.group;
  return (
    <div ref={list} className={dialog.look === "gallery" ? "gallery" : "choices"} role="listbox" aria-label={dialog.title} onKeyDown={onKeyDown}>
      {items.map((item, i) => [
        begins(i) ? <h4 key={`group ${item.group}`}>{item.group}</h4> : null,
        <button
          key={item.id}
          type="button"
          role="option"
          aria-selected={item.id === chosen}
          tabIndex={item.id === chosen || (!items.some((other) => other.id === chosen) && i === 0) ? 0 : -1}
          onClick={() => choose(item.id)}
          onDoubleClick={() => take(item.id)}
          onKeyDown={(event) => {
            if (event.key === "Enter") {
              event.preventDefault();
              take(item.id);
            }
          }}
        >
          <Picture picture={item.picture} />
          <b>{item.label}</b>
          {item.note ? <em>{item.note}</em> : null}
          {item.about ? <span>{plain(item.about)}</span> : null}
        </button>,
      ])}
    </div>
  );
}

function Upload({ upload, onFile }) {
  const input = useRef();
  const [error, setError] = useState("");
  const read = async (file) => {
    if (!file) return;
    try {
      onFile(await readFile(file, upload.most));
    } catch (problem) {
      setError(problem.message);
    }
  };
  const drop = (event) => {
    event.preventDefault();
    read(event.dataTransfer.files[0]);
  };
  return (
    <div className="upload" onDragOver={(event) => event.preventDefault()} onDrop={drop}>
      <button type="button" className="button" onClick={() => input.current.click()}>
        <Icon name="upload" />
        {upload.label ?? "Choose a file…"}
      </button>
      <input ref={input} type="file" hidden accept={upload.accept} onChange={(event) => read(event.target.files[0])} />
      <span>{error ? <b className="err">{error}</b> : "or drop it here"}</span>
    </div>
  );
}

function Table({ rows }) {
  const groups = [...new Set(rows.map((row) => row[2] ?? ""))];
  return (
    <div className="keys">
      {groups.map((group) => (
        <section key={group}>
          {group ? <h4>{group}</h4> : null}
          {rows
            .filter((row) => (row[2] ?? "") === group)
            .map(([what, value], i) => (
              <p key={i}>
                <span>{what}</span>
                <kbd>{value}</kbd>
              </p>
            ))}
        </section>
      ))}
    </div>
  );
}

const focusFirst = (box) => (box.querySelector("[data-first] input, [aria-selected=true], .row input, .row select") ?? box.querySelector("footer .primary, footer .button"))?.focus();

export function DialogBox({ dialog, answer }) {
  const box = useRef();
  const [query, setQuery] = useState("");
  const [chosen, setChosen] = useState(dialog.chosen || dialog.items[0]?.id || "");
  const [values, setValues] = useState(() => Object.fromEntries(dialog.fields.map((row) => [row.field, row.value])));
  const done = useRef(false);
  useEffect(() => {
    box.current.showModal();
    focusFirst(box.current);
  }, []);
  const give = (reply) => {
    if (done.current) return;
    done.current = true;
    box.current.close();
    answer({ button: "", item: chosen, values, ...reply });
  };
  const has = searched(query);
  const items = dialog.items.filter((item) => has(`${item.label} ${item.about ?? ""}`));
  const buttons = dialog.buttons;
  const main = buttons.find((button) => button.primary) ?? buttons[0];
  const blocked = (button) => dialog.items.length > 0 && !items.some((item) => item.id === chosen) && !button.always;
  const submit = (event) => {
    event.preventDefault();
    if (main && !blocked(main)) give({ button: main.id });
  };
  const fields = dialog.fields.map((row) => ({ ...row, value: values[row.field] }));
  return (
    <dialog
      ref={box}
      className={`dialog ${dialog.look === "gallery" ? "wide" : ""} ${dialog.table?.length ? "wide" : ""}`}
      aria-labelledby="dialog-title"
      onClose={() => give({})}
      onCancel={() => give({})}
      onPointerDown={(event) => event.target === box.current && give({})}
    >
      <form onSubmit={submit}>
        <header>
          <h2 id="dialog-title">{dialog.title}</h2>
          <button type="button" className="icon" aria-label="Close" title="Close (Esc)" onClick={() => give({})}>
            <Icon name="close" />
          </button>
        </header>
        {dialog.text ? <p className="about">{dialog.text}</p> : null}
        {dialog.search ? (
          <label className="search" data-first="">
            <Icon name="search" />
            <input value={query} placeholder="Search" aria-label="Search" onChange={(event) => setQuery(event.target.value)} />
          </label>
        ) : null}
        <div className="inside">
          {dialog.items.length || dialog.empty ? (
            <Items dialog={dialog} items={items} chosen={chosen} choose={setChosen} take={(item) => main && give({ button: main.id, item })} />
          ) : null}
          {fields.length ? (
            <Form section={{ rows: fields }} live send={(name, value) => setValues((now) => ({ ...now, [name]: value }))} />
          ) : null}
          {dialog.table?.length ? <Table rows={dialog.table} /> : null}
          {dialog.upload ? <Upload upload={dialog.upload} onFile={(file) => give({ button: "upload", file })} /> : null}
        </div>
        <footer>
          <button type="button" className="button" onClick={() => give({})}>
            {dialog.cancel ?? "Cancel"}
          </button>
          {buttons.map((button) => (
            <button
              key={button.id}
              type={button === main ? "submit" : "button"}
              className={`button ${button.primary ? "primary" : ""} ${button.danger ? "danger" : ""}`}
              disabled={blocked(button)}
              onClick={button === main ? undefined : () => give({ button: button.id })}
            >
              {button.label}
            </button>
          ))}
        </footer>
      </form>
    </dialog>
  );
}

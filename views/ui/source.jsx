// The model as source: read only. Lines of the chosen node are marked; a click on a line chooses its node.
import { memo, useEffect, useMemo, useRef, useState } from "react";
import { Copy } from "./copy.jsx";
import { download } from "./files.js";
import { useGiven } from "./given.js";
import { Icon } from "./icons.jsx";
import { pieces } from "./python.js";

const isMarked = (line, spans) => spans.some(([first, last]) => first <= line && line <= last);

const Piece = ({ piece, names }) => {
  const family = piece.kind === "member" ? names?.[piece.text] : undefined;
  if (!piece.kind || (piece.kind === "member" && !family)) return piece.text;
  return (
    <span className={piece.kind} data-node={family ? piece.text : undefined} style={family ? { "--family": `var(--${family})` } : undefined}>
      {piece.text}
    </span>
  );
};

const Line = memo(function Line({ line, number, names, marked, at }) {
  return (
    <div className={`line${marked ? " on" : ""}${at ? " at" : ""}`} data-line={number} role="option" id={`line-${number}`} aria-selected={marked}>
      <span className="number" aria-hidden="true" data-number={number} />
      <code>
        {line.length ? line.map((piece, i) => <Piece key={i} piece={piece} names={names} />) : " "}
      </code>
    </div>
  );
});

/** The lines between the ends of what is selected with the mouse, or the one under it. */
function linesOf(event) {
  const lineAt = (node) => Number((node?.nodeType === 1 ? node : node?.parentElement)?.closest("[data-line]")?.dataset.line);
  const chosen = event.currentTarget.getRootNode().getSelection?.() ?? document.getSelection();
  const here = lineAt(event.target);
  if (!chosen || chosen.isCollapsed) return here ? [here, here] : null;
  const ends = [lineAt(chosen.anchorNode), lineAt(chosen.focusNode)].filter(Boolean);
  return ends.length ? [Math.min(...ends), Math.max(...ends)] : here ? [here, here] : null;
}

function Head({ file, count, note, source }) {
  return (
    <div className="source-head">
      <b className="mono">{file}</b>
      <em>{count} lines</em>
      <span aria-live="polite" title={note}>{note}</span>
      <Copy text={source} title="Copy the source" />
      <button type="button" className="icon" title={`Download ${file}`} aria-label={`Download ${file}`} onClick={() => download({ name: file, content: source })}>
        <Icon name="download" />
      </button>
    </div>
  );
}

/** Bring the marked lines into sight, unless one of them is there already. */
function showMarked(list, spans) {
  if (!list || !spans.length) return;
  const box = list.getBoundingClientRect();
  const lines = spans.map(([first]) => list.querySelector(`[data-line="${first}"]`)).filter(Boolean);
  const inSight = (line) => line.getBoundingClientRect().top >= box.top && line.getBoundingClientRect().bottom <= box.bottom;
  if (!lines.length || lines.some(inSight)) return;
  list.scrollTop += lines[0].getBoundingClientRect().top - box.top - box.height / 3;
}

export function render({ model }) {
  const [source] = useGiven(model, "source");
  const [file] = useGiven(model, "file");
  const [marked] = useGiven(model, "marked");
  const [note] = useGiven(model, "note");
  const [classes] = useGiven(model, "classes");
  const [problem] = useGiven(model, "problem");
  const [cursor, setCursor] = useState(1);
  const list = useRef();
  const lines = useMemo(() => pieces(source.replace(/\n$/, "")), [source]);
  useEffect(() => model.send_msg({ type: "hello" }), []);
  useEffect(() => {
    showMarked(list.current, marked);
    if (marked.length) setCursor(marked[0][0]);
  }, [marked, source]);
  const namesOf = (number) => classes.find(([first, last]) => first <= number && number <= last)?.[2];
  const choose = (event) => {
    const found = linesOf(event);
    if (!found) return;
    setCursor(found[0]);
    const node = found[0] === found[1] ? event.target.closest?.("[data-node]")?.dataset.node : undefined;
    model.send_msg({ lines: found, ...(node ? { node } : {}) });
  };
  const walk = (event) => {
    const to = { ArrowDown: cursor + 1, ArrowUp: cursor - 1, Home: 1, End: lines.length }[event.key];
    if (to !== undefined && !event.shiftKey && !event.ctrlKey && !event.metaKey) {
      const next = Math.max(1, Math.min(lines.length, to));
      setCursor(next);
      list.current?.querySelector(`[data-line="${next}"]`)?.scrollIntoView({ block: "nearest" });
    } else if (event.key === "Enter") model.send_msg({ lines: [cursor, cursor] });
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  return (
    <div className="source-view">
      {problem ? (
        <p className="source-problem" role="alert">
          {problem}
        </p>
      ) : null}
      {source ? (
        <>
          <Head file={file} count={lines.length} note={note} source={source} />
          <div
            ref={list}
            className="source-lines"
            role="listbox"
            aria-label="Source of the model"
            aria-multiselectable="true"
            aria-activedescendant={`line-${cursor}`}
            tabIndex={0}
            style={{ "--digits": String(lines.length).length }}
            onMouseUp={choose}
            onKeyDown={walk}
          >
            {lines.map((line, i) => (
              <Line key={i} line={line} number={i + 1} names={namesOf(i + 1)} marked={isMarked(i + 1, marked)} at={cursor === i + 1} />
            ))}
          </div>
        </>
      ) : null}
    </div>
  );
}

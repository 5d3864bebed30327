// Find a block by typing, where a wire was dropped or the canvas double-clicked. Arrows, Enter, Escape.
import { useEffect, useMemo, useRef, useState } from "react";
import { Icon } from "../icons.jsx";
import { familyColour, familyName } from "./kinds.js";
import { matches } from "./match.js";
import { plain } from "../words.js";

const SIZE = { width: 264, height: 304 };

function Choice({ block, on, onPick, onPoint, id }) {
  const line = useRef();
  useEffect(() => {
    if (on) line.current.scrollIntoView({ block: "nearest" });
  }, [on]);
  return (
    <li
      ref={line}
      id={id}
      role="option"
      aria-selected={on}
      className={on ? "on" : ""}
      style={{ "--family": familyColour(block.family) }}
      title={plain(block.hint)}
      onPointerMove={onPoint}
      onClick={onPick}
    >
      <span>{block.title}</span>
      <em>{familyName(block.family)}</em>
    </li>
  );
}

/** `at` {x, y}: pixels in the pane; `bounds` its size; `from` {kind, side} when a wire waits to be ended. */
export function Search({ at, bounds, catalogue, fits, from, onPick, onClose }) {
  const [text, setText] = useState("");
  const [index, setIndex] = useState(0);
  const found = useMemo(() => matches(catalogue, text, from, fits), [catalogue, text, from, fits]);
  const chosen = Math.min(index, found.length - 1);
  const keys = {
    ArrowDown: () => setIndex((chosen + 1) % Math.max(1, found.length)),
    ArrowUp: () => setIndex((chosen + found.length - 1) % Math.max(1, found.length)),
    Home: () => setIndex(0),
    End: () => setIndex(found.length - 1),
    Enter: () => found[chosen] && onPick(found[chosen]),
    Tab: onClose,
    Escape: onClose,
  };
  const press = (event) => {
    event.stopPropagation();
    if (!keys[event.key]) return;
    event.preventDefault();
    keys[event.key]();
  };
  const left = Math.max(8, Math.min(at.x, bounds.width - SIZE.width - 8));
  const top = Math.max(8, Math.min(at.y, bounds.height - SIZE.height - 8));
  const input = useRef();
  useEffect(() => input.current.focus({ preventScroll: true }), []);
  return (
    <div className="search-veil" onPointerDown={(event) => event.target === event.currentTarget && onClose()}>
      <div className="finder float" role="dialog" aria-label="Add a block" style={{ left, top, width: SIZE.width }}>
        <label>
          <Icon name="search" />
          <input
            ref={input}
            value={text}
            placeholder={from ? `Blocks that ${from.side === "source" ? "take" : "give"} ${from.kind}` : "Add a block"}
            role="combobox"
            aria-expanded="true"
            aria-controls="finder-list"
            aria-activedescendant={found[chosen] ? `finder-${found[chosen].kind}` : undefined}
            aria-label="Find a block"
            spellCheck="false"
            onChange={(event) => {
              setText(event.target.value);
              setIndex(0);
            }}
            onKeyDown={press}
          />
        </label>
        <ul id="finder-list" role="listbox" aria-label="Blocks">
          {found.map((block, i) => (
            <Choice
              key={block.kind}
              id={`finder-${block.kind}`}
              block={block}
              on={i === chosen}
              onPick={() => onPick(block)}
              onPoint={() => i !== chosen && setIndex(i)}
            />
          ))}
        </ul>
        {found.length ? null : <p className="none">No block {from ? "that fits " : ""}matches “{text}”.</p>}
      </div>
    </div>
  );
}

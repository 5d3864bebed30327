// A menu where the pointer is, or beside what the keyboard has chosen; the entries are those of the menu bar.
import { useEffect, useLayoutEffect, useRef, useState } from "react";
import { Entry, entriesOf, walk } from "./entries.jsx";

const EDGE = 6; // px it keeps from the window's edge

/**
 * @param at {x, y, keyboard}: pixels of the window; by keyboard the first entry has the focus
 * @param rows commands: id, label, keys, rule, off
 * @param choose called with the id that was chosen
 * @param close called with true where the keyboard should go back
 */
export function ContextMenu({ at, rows, label, choose, close }) {
  const list = useRef();
  const [place, setPlace] = useState({ left: at.x, top: at.y });
  useLayoutEffect(() => {
    const { width, height } = list.current.getBoundingClientRect();
    const [right, bottom] = [innerWidth - width - EDGE, innerHeight - height - EDGE];
    setPlace({ left: Math.max(EDGE, Math.min(at.x, right)), top: Math.max(EDGE, Math.min(at.y, bottom)) });
    (at.keyboard ? entriesOf(list.current)[0] : list.current).focus({ preventScroll: true });
  }, [at]);
  useEffect(() => {
    const outside = (event) => event.composedPath().includes(list.current) || close(false);
    const away = () => close(false);
    const events = { pointerdown: outside, wheel: outside, blur: away, resize: away };
    for (const [name, hear] of Object.entries(events)) window.addEventListener(name, hear, true);
    return () => {
      for (const [name, hear] of Object.entries(events)) window.removeEventListener(name, hear, true);
    };
  }, []);
  const press = (event) => {
    event.stopPropagation();
    if (event.key === "Escape" || event.key === "Tab") close(true);
    else if (!walk(event, entriesOf(list.current))) return;
    event.preventDefault();
  };
  return (
    <div
      ref={list}
      className="drop"
      role="menu"
      aria-label={label}
      tabIndex={-1}
      style={place}
      onKeyDown={press}
      onContextMenu={(event) => event.preventDefault()}
    >
      {rows.map((row) => (
        <Entry key={row.id} row={row} choose={choose} />
      ))}
    </div>
  );
}

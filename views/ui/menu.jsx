// The menu bar, from the commands that name a menu. Arrows walk, Left and Right change menus, Escape goes back to
// where the keyboard was; Alt with a menu's underlined letter opens it.
import { useEffect, useRef, useState } from "react";
import { asTheyStand } from "./commands.js";
import { Entry, entriesOf, walk } from "./entries.jsx";
import { MAC, deepFocus } from "./keys.js";

function menusOf(commands) {
  const menus = new Map();
  for (const command of commands) {
    if (!command.menu) continue;
    if (!menus.has(command.menu)) menus.set(command.menu, []);
    menus.get(command.menu).push(command);
  }
  return [...menus].map(([name, rows]) => ({ name, rows }));
}

export function MenuBar({ commands, run }) {
  const menus = menusOf(commands);
  const [open, setOpen] = useState(-1);
  const bar = useRef(),
    list = useRef(),
    came = useRef(null),
    first = useRef("");
  const heads = () => [...bar.current.querySelectorAll(":scope > button")];
  const entries = () => entriesOf(list.current);

  const show = (index, at = "") => {
    if (open < 0) came.current = deepFocus();
    first.current = at;
    setOpen(index);
  };
  const close = (back = true) => {
    setOpen(-1);
    if (back && came.current?.isConnected) came.current.focus();
  };
  const choose = (id) => {
    close();
    run(id);
  };
  useEffect(() => {
    if (open < 0) return undefined;
    const rows = entries();
    if (first.current) (first.current === "last" ? rows.at(-1) : rows[0])?.focus();
    else heads()[open].focus();
    const outside = (event) => event.composedPath().includes(bar.current) || close(false);
    window.addEventListener("pointerdown", outside, true);
    window.addEventListener("blur", outside);
    return () => {
      window.removeEventListener("pointerdown", outside, true);
      window.removeEventListener("blur", outside);
    };
  }, [open]);
  const latest = useRef();
  latest.current = { menus, show };
  useEffect(() => {
    if (MAC) return undefined; // Option types letters there
    const onKey = (event) => {
      if (!event.altKey || event.ctrlKey || event.shiftKey || event.defaultPrevented) return;
      const letter = /^Key([A-Z])$/.exec(event.code)?.[1];
      const at = letter ? latest.current.menus.findIndex((menu) => menu.name[0].toUpperCase() === letter) : -1;
      if (at < 0 || event.composedPath().some((part) => part.localName === "dialog")) return;
      event.preventDefault();
      latest.current.show(at, "first");
    };
    window.addEventListener("keydown", onKey);
    return () => window.removeEventListener("keydown", onKey);
  }, []);

  const onKeyDown = (event) => {
    const rows = entries();
    const head = open >= 0 ? open : heads().indexOf(event.target);
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    const down = { ArrowDown: "first", ArrowUp: "last" }[event.key];
    if (step) {
      const next = (head + step + menus.length) % menus.length;
      if (open >= 0) show(next, "first");
      else heads()[next].focus();
    } else if (down && open < 0) show(head, down);
    else if (event.key === "Escape" && open >= 0) close();
    else if (event.key === "Tab") {
      setOpen(-1);
      return;
    } else if (open < 0 || !walk(event, rows)) return;
    event.preventDefault();
    event.stopPropagation();
  };
  const left = open >= 0 ? heads()[open]?.getBoundingClientRect().left : 0;
  return (
    <nav ref={bar} className={`menubar ${open >= 0 ? "open" : ""}`} role="menubar" aria-label="Menu" onKeyDown={onKeyDown}>
      {menus.map((menu, i) => (
        <button
          key={menu.name}
          type="button"
          role="menuitem"
          aria-haspopup="menu"
          aria-expanded={i === open}
          tabIndex={i === Math.max(open, 0) ? 0 : -1}
          aria-keyshortcuts={MAC ? undefined : `Alt+${menu.name[0]}`}
          onPointerDown={(event) => {
            if (event.button) return;
            event.preventDefault();
            if (open === i) close();
            else show(i);
          }}
          onPointerEnter={() => open >= 0 && open !== i && show(i)}
          onClick={(event) => event.detail === 0 && show(i, "first")}
        >
          <u>{menu.name[0]}</u>
          {menu.name.slice(1)}
        </button>
      ))}
      {open >= 0 ? (
        <div ref={list} className="drop" role="menu" aria-label={menus[open].name} style={{ left }}>
          {asTheyStand(menus[open].rows).map((row) => (
            <Entry key={row.id} row={row} choose={choose} />
          ))}
        </div>
      ) : null}
    </nav>
  );
}

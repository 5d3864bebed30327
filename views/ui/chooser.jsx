// The command palette: a native <dialog>, so focus is trapped, Escape closes it and nothing can cover it.
import { useEffect, useRef, useState } from "react";
import { asTheyStand } from "./commands.js";
import { Icon } from "./icons.jsx";
import { shown } from "./keys.js";
import { recall, remember } from "./memory.js";
import { searched } from "./words.js";

const SHOWN = 80;

/** Commands that have all words, whatever they are called now, best first: recent ones, those starting with the first word. */
function search(commands, query) {
  const has = searched(query);
  const [first] = query.trim().toLowerCase().split(/\s+/);
  const recent = recall("recent") ?? [];
  const rank = (command) => {
    const used = recent.indexOf(command.id);
    const starts = first && command.label.toLowerCase().startsWith(first) ? 0 : 100;
    return starts + (used < 0 ? 50 : used);
  };
  return commands
    .filter((c) => c.id !== "palette")
    .filter((c) => has(`${c.label} ${c.always} ${c.menu ?? ""} ${c.id}`))
    .map((command, at) => [rank(command), at, command])
    .sort((a, b) => a[0] - b[0] || a[1] - b[1])
    .slice(0, SHOWN)
    .map(([, , command]) => command);
}

export function Chooser({ commands, onRun, onClose }) {
  const dialog = useRef(),
    [query, setQuery] = useState(""),
    [at, setAt] = useState(0);
  useEffect(() => dialog.current.showModal(), []);
  const standing = asTheyStand(commands).map((command, i) => ({ ...command, always: commands[i].label }));
  const found = search(standing, query);
  const choose = (command) => {
    if (command?.off) return;
    dialog.current.close();
    if (!command) return;
    remember("recent", [command.id, ...(recall("recent") ?? []).filter((id) => id !== command.id)].slice(0, 8));
    onRun(command.id);
  };
  const onKeyDown = (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) {
      event.preventDefault();
      setAt((at + step + found.length) % Math.max(1, found.length));
    }
    if (event.key === "Enter") {
      event.preventDefault();
      choose(found[at]);
    }
  };
  return (
    <dialog
      ref={dialog}
      className="chooser"
      aria-label="Run a command"
      onClose={onClose}
      onClick={(event) => event.target === dialog.current && dialog.current.close()}
    >
      <label className="ask">
        <Icon name="search" />
        <input
          autoFocus
          value={query}
          placeholder="Type a command or a block"
          aria-label="Command"
          onKeyDown={onKeyDown}
          role="combobox"
          aria-expanded="true"
          aria-controls="found"
          aria-activedescendant={found[at] ? `found-${at}` : undefined}
          onChange={(event) => {
            setQuery(event.target.value);
            setAt(0);
          }}
        />
      </label>
      <ul role="listbox" id="found" aria-label="Commands">
        {found.map((command, i) => (
          <li
            key={command.id}
            id={`found-${i}`}
            role="option"
            aria-selected={i === at}
            aria-disabled={command.off || undefined}
            className={i === at ? "on" : ""}
            ref={(li) => i === at && li?.scrollIntoView({ block: "nearest" })}
            onPointerMove={() => i !== at && setAt(i)}
            onClick={() => choose(command)}
          >
            <span>{command.label}</span>
            {command.menu ? <em>{command.menu}</em> : null}
            {command.keys ? <kbd>{shown(command.keys)}</kbd> : null}
          </li>
        ))}
        {found.length ? null : <li className="none">No command has these words.</li>}
      </ul>
    </dialog>
  );
}

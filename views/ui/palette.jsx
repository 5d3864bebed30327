// The list of blocks. A row can be dragged to the canvas, or placed with Enter or a double click.
import { useEffect, useRef, useState } from "react";
import { command, subscribe } from "./commands.js";
import { useGiven } from "./given.js";
import { Icon } from "./icons.jsx";
import { focusSoon, shown as written } from "./keys.js";
import { BLOCK, plain, searched } from "./words.js";

/** Focus a field when its command is run. */
function useFocusOn(id, input) {
  useEffect(() => {
    const hear = (event) => event.detail === id && focusSoon(input);
    window.addEventListener("stepwise", hear);
    return () => window.removeEventListener("stepwise", hear);
  }, []);
}

function filtered(groups, query) {
  const has = searched(query);
  const fits = (group, item) => has(`${item.label} ${group.name} ${item.kind}`);
  return groups
    .map((group) => ({ ...group, items: group.items.filter((item) => fits(group, item)) }))
    .filter((group) => group.items.length);
}

function Item({ item, on, choose, add }) {
  const drag = (event) => {
    event.dataTransfer.setData(BLOCK, item.kind);
    event.dataTransfer.effectAllowed = "copy";
  };
  return (
    <button
      type="button"
      className={on ? "item on" : "item"}
      draggable
      data-kind={item.kind}
      aria-pressed={on}
      title={plain(item.hint)}
      onDragStart={drag}
      onClick={choose}
      onDoubleClick={add}
      onKeyDown={(event) => {
        if (event.key !== "Enter") return;
        event.preventDefault();
        add();
      }}
    >
      {item.label}
    </button>
  );
}

export function render({ model }) {
  const [groups] = useGiven(model, "groups");
  const [chosen, setChosen] = useState("");
  const [query, setQuery] = useState("");
  const [, redraw] = useState(0);
  const input = useRef(),
    list = useRef();
  useEffect(() => subscribe(() => redraw((n) => n + 1)), []);
  useFocusOn("find-block", input);
  const found = filtered(groups, query);
  const add = (kind) => model.send_msg({ add: kind });
  const walk = (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const stops = [input.current, ...list.current.querySelectorAll(".item")];
    stops[Math.min(stops.length - 1, Math.max(0, stops.indexOf(event.target) + step))]?.focus();
  };
  const onSearchKey = (event) => {
    if (event.key === "Escape") {
      setQuery("");
      input.current.blur();
    }
    if (event.key === "Enter" && found.length) add(found[0].items[0].kind);
  };
  const keys = written(command("find-block")?.keys ?? "/");
  return (
    <div className="list" onKeyDown={walk}>
      <label className="search">
        <Icon name="search" />
        <input
          ref={input}
          value={query}
          placeholder="Search blocks"
          aria-label="Search blocks"
          onChange={(event) => setQuery(event.target.value)}
          onKeyDown={onSearchKey}
        />
        <kbd>{keys}</kbd>
      </label>
      <div className="scroll" ref={list}>
        {found.map((group) => (
          <section key={group.name} aria-label={group.name} style={{ "--family": `var(--${group.colour})` }}>
            <h4>
              {group.name}
              <span>{group.items.length}</span>
            </h4>
            {group.items.map((item) => (
              <Item
                key={item.kind}
                item={item}
                on={item.kind === chosen}
                choose={() => setChosen(item.kind)}
                add={() => add(item.kind)}
              />
            ))}
          </section>
        ))}
        {found.length ? null : (
          <div className="empty">
            <p>No block is called “{query}”.</p>
            <button type="button" className="button" onClick={() => setQuery("")}>
              Show all blocks
            </button>
          </div>
        )}
      </div>
    </div>
  );
}

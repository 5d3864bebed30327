// One line of controls made from data; every press sends { id, value }, or runs the command it names.
import { useEffect, useLayoutEffect, useRef, useState } from "react";
import { inform } from "./commands.js";
import { Controls } from "./controls.jsx";
import { useGiven } from "./given.js";
import { useRows } from "./rows.js";

/** How wide the bar is, where one of its items wants to know. */
function useWidth(wanted) {
  const element = useRef();
  const [width, setWidth] = useState(Infinity);
  useLayoutEffect(() => {
    if (!wanted) return undefined;
    const observer = new ResizeObserver(([entry]) => entry.contentRect.width && setWidth(Math.round(entry.contentRect.width)));
    observer.observe(element.current);
    return () => observer.disconnect();
  }, [wanted]);
  return [element, width];
}

/** How the commands of a bar stand, for the menus: they cannot be done while their button is off, and are called like it. */
function useStanding(items, look) {
  const latest = useRef();
  latest.current = items;
  useEffect(() => {
    if (look !== "toolbar") return undefined;
    const labelled = ({ kind, command, text, title }) => (kind === "button" ? text : /^(un|re)do$/.test(command) ? title : undefined);
    const standing = (item) => ({ off: Boolean(item.disabled), ...(labelled(item) ? { label: labelled(item) } : {}) });
    const pressed = () => latest.current.filter((item) => item.command && /^(button|icon)$/.test(item.kind));
    return inform(() => Object.fromEntries(pressed().map((item) => [item.command, standing(item)])));
  }, [look]);
}

export function render({ model }) {
  const [items, change] = useRows(model, "items");
  const [look] = useGiven(model, "look");
  useStanding(items, look);
  const send = (id, value) => {
    if (value !== undefined) change(id, { value });
    model.send_msg(value === undefined ? { id } : { id, value }); // undefined cannot travel
  };
  const [strip, width] = useWidth(items.some((item) => item.above));
  return (
    <div ref={strip} className={`strip ${look}`}>
      <Controls items={items.filter((item) => !(item.above > width))} send={send} />
    </div>
  );
}

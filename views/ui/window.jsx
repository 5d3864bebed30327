// The frame. Dock sizes are CSS variables on <html>, so dragging a splitter renders nothing and the page's first
// paint (page.html) already has the right sizes.
import { useEffect, useLayoutEffect, useRef, useState } from "react";
import { Chooser } from "./chooser.jsx";
import { inform, offer } from "./commands.js";
import { useConnection } from "./connection.js";
import { DialogBox, shortcutsDialog } from "./dialog.jsx";
import { useDocks } from "./docks.js";
import { download, visit } from "./files.js";
import { useGiven } from "./given.js";
import { handOver, isTyping, keysOf } from "./keys.js";
import { MenuBar } from "./menu.jsx";
import { Notices, useNotices } from "./notices.jsx";
import { Splitter } from "./splitter.jsx";
import { followSystem, paintModels, setTheme, themeName, wishedTheme } from "./theme.js";
import { said } from "./said.js";

/** Light, dark or the machine's own: the browser decides and tells Python what it shows. */
function useTheme(model, bokeh, tellAll) {
  const [, setDark] = useGiven(model, "dark");
  const [wish, setWish] = useGiven(model, "theme");
  const change = (next) => {
    setTheme(next, bokeh);
    setDark(themeName() === "dark");
    setWish(next);
    tellAll();
  };
  useEffect(() => {
    if (wish && wish !== wishedTheme()) change(wish);
  }, [wish]);
  useEffect(() => {
    change(wish || wishedTheme());
    const later = (event) => event.kind === "ModelChanged" && setTimeout(() => paintModels(bokeh));
    bokeh.on_change(later); // a pane opened for the first time brings new models
    const stop = followSystem(change);
    return () => {
      bokeh.remove_on_change(later);
      stop();
    };
  }, []);
  return change;
}

/** Keys that mean the text or the table they are pressed in, not the graph. */
function meansText(id, event, root) {
  const onCanvas = event.composedPath().some((at) => at.classList?.contains("canvas-keys"));
  if (!onCanvas && (id === "copy" || id === "cut")) {
    const selected = [root.getSelection?.(), document.getSelection()].some((found) => found?.toString());
    if (selected) return true;
  }
  const inside = event.composedPath()[0].closest?.("[role=grid], pre");
  return Boolean(inside) && ["copy", "cut", "delete", "select-all", "open-inside"].includes(id);
}

/** One listener for all shortcuts. */
function useShortcuts(commands, run, frame) {
  const latest = useRef();
  latest.current = { commands, run };
  useEffect(() => {
    const onKey = (event) => {
      if (event.defaultPrevented || event.composedPath().some((at) => at.localName === "dialog")) return;
      const keys = keysOf(event);
      const found = latest.current.commands.find((command) => command.keys === keys);
      if (!found || (isTyping(event) && !found.typing)) return;
      if (meansText(found.id, event, frame.current.getRootNode())) return;
      if (keys === "Enter" && event.composedPath()[0].matches?.("button, a, summary, [role=separator], [role=tab]")) return;
      event.preventDefault();
      if (event.repeat && !/^(undo|redo)$/.test(found.id)) return;
      handOver();
      latest.current.run(found.id);
    };
    window.addEventListener("keydown", onKey);
    return () => window.removeEventListener("keydown", onKey);
  }, []);
}

/** Take the skeleton away once the style sheet is in, and tell Python when Bokeh is idle. */
function useArrival(frame, model, view) {
  useEffect(() => {
    const reveal = () => {
      if (getComputedStyle(frame.current).display !== "grid") {
        requestAnimationFrame(reveal);
        return;
      }
      document.getElementById("skeleton")?.remove();
      performance.mark("window-ready");
    };
    requestAnimationFrame(reveal);
    const idle = setInterval(() => {
      if (!view.root.is_idle) return;
      clearInterval(idle);
      model.send_msg({ type: "ready", id: "ready" });
    }, 25);
    return () => clearInterval(idle);
  }, []);
}

/** What the window itself knows of how commands stand, for the menus; `unavailable` is what Python said last. */
function useStanding(unavailable, docks) {
  const latest = useRef();
  latest.current = docks;
  useEffect(
    () =>
      inform(() => ({
        ...Object.fromEntries(unavailable.current.map((id) => [id, { off: true }])),
        theme: { label: themeName() === "dark" ? "Light theme" : "Dark theme" },
        docks: { label: latest.current.allFolded() ? "Show the docks" : "Hide the docks" },
      })),
    [],
  );
}

/** Where the keyboard was last Tab, focus is shown stronger on big areas. */
function useTabbed(frame) {
  useEffect(() => {
    const set = (on) => frame.current?.classList.toggle("tabbed", on);
    const key = (event) => event.key === "Tab" && set(true);
    const pointer = () => set(false);
    window.addEventListener("keydown", key, true);
    window.addEventListener("pointerdown", pointer, true);
    return () => {
      window.removeEventListener("keydown", key, true);
      window.removeEventListener("pointerdown", pointer, true);
    };
  }, []);
}

export function render({ model, view }) {
  const [commands] = useGiven(model, "commands");
  const [hints] = useGiven(model, "hints");
  const [brand] = useGiven(model, "brand");
  const [choosing, setChoosing] = useState(false);
  const [dialog, setDialog] = useState(null);
  const [notices, notify, dismiss] = useNotices();
  const docks = useDocks(model);
  const frame = useRef();
  const bokeh = view.model.document;

  const own = {
    reload: () => location.reload(),
    palette: () => setChoosing(true),
    shortcuts: () => setDialog({ ...shortcutsDialog(commands, hints), local: true }),
    docks: docks.toggleAll,
    "toggle-left": () => docks.toggle("left"),
    "toggle-right": () => docks.toggle("right"),
    "toggle-bottom": () => docks.toggle("bottom"),
    theme: () => change(themeName() === "dark" ? "light" : "dark"),
    "theme-light": () => change("light"),
    "theme-dark": () => change("dark"),
    "theme-system": () => change("system"),
  };
  const run = (id) => {
    window.dispatchEvent(new CustomEvent("stepwise", { detail: id })); // parts react at once, without the server
    if (own[id]) own[id]();
    else model.send_msg({ type: "command", id });
  };
  const latest = useRef();
  latest.current = run;
  const tellAll = () => offer(commands, (id) => latest.current(id));
  useLayoutEffect(tellAll, [commands]);
  const change = useTheme(model, bokeh, tellAll);
  useShortcuts(commands, run, frame);
  useArrival(frame, model, view);
  useTabbed(frame);
  useConnection(bokeh, notify);
  const unavailable = useRef([]);
  useStanding(unavailable, docks);

  useEffect(() => {
    const hear = (sent) => {
      const message = said(sent);
      if (message.notice) notify(message.notice);
      if (message.dismiss) dismiss(message.dismiss);
      if (message.unavailable) unavailable.current = message.unavailable;
      if ("dialog" in message) setDialog(message.dialog);
      if (message.download) download(message.download);
      if (message.visit) visit(message.visit);
    };
    model.on("msg:custom", hear);
    return () => model.off("msg:custom", hear);
  }, []);
  const answer = (reply) => {
    if (!dialog.local) model.send_msg({ type: "dialog", id: dialog.id, ...reply });
    setDialog(null);
  };

  const child = (name) => model.get_child(name);
  return (
    <div ref={frame} className={`frame ${docks.names}`}>
      <header className="menu">
        <b className="brand">{brand}</b>
        <MenuBar commands={commands} run={run} />
        {child("title")}
      </header>
      <div className="toolbar" role="toolbar" aria-label="Model and run">
        {child("toolbar")}
      </div>
      <aside className="left" aria-label="Left dock">
        {child("left")}
      </aside>
      <main className="centre">{child("centre")}</main>
      <section className="bottom" aria-label="Bottom dock">
        {child("bottom")}
      </section>
      <aside className="right" aria-label="Right dock">
        {child("right")}
      </aside>
      <footer className="status">{child("status")}</footer>
      <Splitter name="left" axis="x" sign={1} docks={docks} />
      <Splitter name="right" axis="x" sign={-1} docks={docks} />
      <Splitter name="bottom" axis="y" sign={-1} docks={docks} />
      <Notices notices={notices} dismiss={dismiss} run={run} />
      {choosing ? <Chooser commands={commands} onRun={run} onClose={() => setChoosing(false)} /> : null}
      {dialog ? <DialogBox key={dialog.id + dialog.title} dialog={dialog} answer={answer} /> : null}
    </div>
  );
}

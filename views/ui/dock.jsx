// A tab strip over the active panes. A click swaps the newest pane, Ctrl+click or Shift+Enter adds one beside it.
import { useEffect, useRef, useState } from "react";
import { useGiven } from "./given.js";
import { Icon } from "./icons.jsx";
import { recall, remember } from "./memory.js";
import { useRows } from "./rows.js";
import { said } from "./said.js";

// Bokeh measures every child of a part, also one that React has not mounted yet, and a figure that was never rendered
// throws there; React then drops the whole window. So only mounted children are offered for measuring.
function measureMountedOnly(view) {
  const get = () => view.child_views.filter((child) => child.el.isConnected);
  Object.defineProperty(view, "layoutable_views", { get, configurable: true });
}

/** The active panes, remembered by place; a remembered pane that no longer exists is left out. */
function useActive(model, place, tabs) {
  const [active, setActive] = useGiven(model, "active");
  useEffect(() => {
    const saved = place && recall(`tabs.${place}`);
    const known = Array.isArray(saved) ? saved.filter((id) => tabs.some((tab) => tab.id === id)) : [];
    if (known.length && String(known) !== String(active)) setActive(known);
  }, []);
  const first = useRef(true);
  useEffect(() => {
    if (!first.current && place) remember(`tabs.${place}`, active);
    first.current = false;
  }, [active]);
  return [active, setActive];
}

const fold = (place, want) => window.dispatchEvent(new CustomEvent("stepwise-fold", { detail: { place, want } }));

function Tab({ tab, on, limit, choose }) {
  return (
    <button
      type="button"
      role="tab"
      id={`tab-${tab.id}`}
      aria-selected={on}
      tabIndex={on ? 0 : -1}
      title={limit > 1 ? `${tab.label} (Ctrl+click: beside the other)` : tab.label}
      onClick={(event) => choose(tab.id, event.ctrlKey || event.metaKey || event.shiftKey)}
      onKeyDown={(event) => {
        if (event.key === "Enter" && event.shiftKey) {
          event.preventDefault();
          choose(tab.id, true);
        }
      }}
    >
      <span className="steady" data-text={tab.label}>
        {tab.label}
      </span>
      {tab.badge === undefined || tab.badge === null ? null : <span className={`badge ${tab.tone ?? ""}`}>{tab.badge}</span>}
    </button>
  );
}

/** Between two panes: `left` is the share of the pane before it, both together stay what they were. */
function Between({ pair, weights, setWeights, order }) {
  const [a, b] = pair;
  const both = (weights[a] ?? 1) + (weights[b] ?? 1);
  const put = (share) => {
    const next = { ...weights, [a]: both * share, [b]: both * (1 - share) };
    setWeights(next);
    return next;
  };
  const clamp = (share) => Math.min(0.85, Math.max(0.15, share));
  const grab = (down) => {
    const bar = down.currentTarget;
    const [before, after] = [a, b].map((id) => bar.parentElement.querySelector(`[data-pane="${id}"]`).getBoundingClientRect());
    let now = weights;
    bar.setPointerCapture(down.pointerId);
    bar.onpointermove = (move) => {
      now = put(clamp((move.clientX - before.left) / (after.right - before.left)));
    };
    bar.onpointerup = () => {
      bar.onpointermove = bar.onpointerup = null;
      setWeights(now, true);
    };
  };
  const nudge = (event) => {
    const step = { ArrowLeft: -0.02, ArrowRight: 0.02 }[event.key];
    if (!step) return;
    event.preventDefault();
    setWeights(put(clamp((weights[a] ?? 1) / both + step)), true);
  };
  return (
    <div
      className="splitter x within"
      style={{ order }}
      role="separator"
      tabIndex={0}
      aria-orientation="vertical"
      aria-label="Share of the two panes"
      aria-valuenow={Math.round((100 * (weights[a] ?? 1)) / both)}
      onPointerDown={grab}
      onKeyDown={nudge}
      onDoubleClick={() => setWeights(put(0.5), true)}
    />
  );
}

export function render({ model, view }) {
  useState(() => measureMountedOnly(view));
  const [tabs] = useRows(model, "tabs");
  const [limit] = useGiven(model, "limit");
  const [names] = useGiven(model, "names");
  const [place] = useGiven(model, "place");
  const [active, setActive] = useActive(model, place, tabs);
  const [weights, keep] = useState(() => recall(`shares.${place}`) ?? {});
  const panes = model.get_child("objects");
  const setWeights = (next, done) => {
    keep(next);
    if (done) remember(`shares.${place}`, next);
  };
  useEffect(() => {
    const hear = (message) => said(message).expand && fold(place, false);
    model.on("msg:custom", hear);
    return () => model.off("msg:custom", hear);
  }, []);
  const before = useRef([]); // what stood side by side before a pane that wants the dock for itself
  const choose = (id, add) => {
    fold(place, false);
    const on = active.includes(id);
    const isAlone = (name) => tabs.find((tab) => tab.id === name)?.alone;
    if (!on && isAlone(id)) {
      if (!active.some(isAlone)) before.current = active;
      setActive([id]);
    } else if (!on && active.some(isAlone)) {
      const back = before.current;
      setActive(back.includes(id) ? back : [...back.slice(0, -1), id]);
    } else if (add && limit > 1 && on && active.length > 1) setActive(active.filter((other) => other !== id));
    else if (!on) setActive([...(add && limit > 1 ? active.slice(1 - limit) : active.slice(0, -1)), id]);
  };
  const onKeyDown = (event) => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    const others = [...event.currentTarget.querySelectorAll("[role=tab]")];
    if (step && others.includes(event.target)) others[(others.indexOf(event.target) + step + others.length) % others.length].focus();
  };
  return (
    <div className="docked">
      <div className="tabs" role="tablist" aria-label="Panes" onKeyDown={onKeyDown}>
        {tabs.map((tab) => (
          <Tab key={tab.id} tab={tab} on={active.includes(tab.id)} limit={limit} choose={choose} />
        ))}
        <span className="end" />
        {place ? (
          <button type="button" className="icon fold" title="Collapse or expand this dock" aria-label="Collapse or expand" onClick={() => fold(place)}>
            <Icon name={{ left: "left", right: "right", bottom: "down" }[place]} />
          </button>
        ) : null}
      </div>
      <div className="panes">
        {panes.map((pane, i) => {
          const at = active.indexOf(names[i]);
          return (
            <div
              key={names[i]}
              data-pane={names[i]}
              role="tabpanel"
              aria-labelledby={`tab-${names[i]}`}
              hidden={at < 0}
              className={at > 0 ? "pane next" : "pane"}
              style={{ order: 2 * at, flexGrow: weights[names[i]] ?? 1 }}
            >
              {pane}
            </div>
          );
        })}
        {active.slice(1).map((id, i) => (
          <Between key={id} pair={[active[i], id]} order={2 * i + 1} weights={weights} setWeights={setWeights} />
        ))}
      </div>
    </div>
  );
}

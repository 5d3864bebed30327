// The docks' sizes: drawn by CSS variables, remembered by the browser, known to Python.
import { useEffect, useLayoutEffect, useRef } from "react";
import { useGiven } from "./given.js";
import { recall, remember } from "./memory.js";

const root = document.documentElement;
const STANDARD = { left: 216, right: 284, bottom: 304 };
const LEAST = { left: 150, right: 200, bottom: 120 };
const MOST = { left: 480, right: 560, bottom: 720 };
const STRIP = 31; // a folded bottom dock keeps its tabs

export const clampDock = (name, value) => {
  const room = name === "bottom" ? innerHeight - 240 : innerWidth / 2 - 60;
  return Math.round(Math.max(LEAST[name], Math.min(MOST[name], room, value)));
};

export function drawDocks(sizes) {
  for (const [name, size] of Object.entries(sizes)) root.style.setProperty(`--dock-${name}`, `${size}px`);
}

export function useDocks(model) {
  const [sizes, setSizes] = useGiven(model, "docks");
  const before = useRef({ ...STANDARD });
  const latest = useRef();
  latest.current = sizes;
  const put = (changes) => {
    const next = { ...latest.current, ...changes };
    for (const name of Object.keys(STANDARD)) if (latest.current[name] > STRIP) before.current[name] = latest.current[name];
    latest.current = next;
    setSizes(next);
    remember("docks", next);
  };
  const isFolded = (name) => !(latest.current[name] > STRIP);
  const folded = (name) => (name === "bottom" ? STRIP : 0);
  const toggle = (name) => put({ [name]: isFolded(name) ? before.current[name] : folded(name) });
  const allFolded = () => Object.keys(STANDARD).every(isFolded);
  const toggleAll = () => {
    const names = Object.keys(STANDARD);
    const all = allFolded();
    put(Object.fromEntries(names.map((name) => [name, all ? before.current[name] : folded(name)])));
  };
  useLayoutEffect(() => drawDocks(sizes), [sizes]);
  useEffect(() => {
    const saved = recall("docks");
    if (saved) put(saved);
    const fold = ({ detail: { place, want } }) => {
      if (want === undefined || want !== isFolded(place)) toggle(place);
    };
    window.addEventListener("stepwise-fold", fold);
    return () => window.removeEventListener("stepwise-fold", fold);
  }, []);
  const names = Object.keys(STANDARD).map((name) => {
    if (!sizes[name]) return `no-${name}`;
    return sizes[name] <= STRIP ? `folded-${name}` : "";
  });
  return { sizes, put, toggle, toggleAll, allFolded, isFolded, names: names.filter(Boolean).join(" ") };
}

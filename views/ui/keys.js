// Shortcuts are texts such as "Ctrl+Shift+Z"; Meta counts as Ctrl.
const isLetter = (key) => key.length === 1 && key.toLowerCase() !== key.toUpperCase();

export function keysOf(event) {
  let key = event.key.length === 1 ? event.key.toUpperCase() : event.key;
  if ((event.ctrlKey || event.altKey) && /^Key[A-Z]$/.test(event.code)) key = event.code.slice(3);
  const shift = event.shiftKey && (key.length > 1 || isLetter(key));
  return [(event.ctrlKey || event.metaKey) && "Ctrl", event.altKey && "Alt", shift && "Shift", key].filter(Boolean).join("+");
}

// Inside shadow roots `event.target` is only the host; the composed path starts at the real element.
export function isTyping(event) {
  const at = event.composedPath()[0];
  if (at.matches?.("input[type=checkbox], input[type=range], input[type=file]")) return false;
  return Boolean(at.matches?.("input, textarea, select, [contenteditable=true]"));
}

/** What has the keyboard, or null; shadow roots know it one by one. */
export function deepFocus() {
  let at = document.activeElement;
  while (at?.shadowRoot?.activeElement) at = at.shadowRoot.activeElement;
  return at === document.body ? null : at;
}

/** Put the keyboard into a field; its pane may be hidden still, so try again for two seconds. */
export function focusSoon(input, tries = 80) {
  input.current?.focus();
  input.current?.select();
  if (input.current && !input.current.checkVisibility() && tries) setTimeout(() => focusSoon(input, tries - 1), 25);
}

/** Hand over what is being typed, as fields do when they are left; the keyboard stays there. */
export function handOver() {
  const at = deepFocus();
  if (!at?.matches("input, textarea")) return;
  at.blur();
  at.focus({ preventScroll: true });
}

export const MAC = /Mac|iP(hone|ad)/.test(navigator.platform ?? "");
const SIGNS = { ArrowUp: "↑", ArrowDown: "↓", ArrowLeft: "←", ArrowRight: "→", Enter: "↵", Delete: "Del", Escape: "Esc" };

/** A shortcut as it is written on this machine. */
export function shown(keys) {
  if (!keys) return "";
  const parts = keys.split("+").map((part) => SIGNS[part] ?? part);
  return MAC ? parts.map((part) => ({ Ctrl: "⌘", Alt: "⌥", Shift: "⇧" })[part] ?? part).join("") : parts.join("+");
}

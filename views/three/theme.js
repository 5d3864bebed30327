// The page's colours: `<html data-theme>` picks them, custom properties hold them.

/** Whether the page is dark, and its colours as this view needs them. */
export function theme() {
  const page = document.documentElement;
  const read = (name, otherwise) => getComputedStyle(page).getPropertyValue(name).trim() || otherwise;
  const dark = page.dataset.theme === "dark";
  const colours = { ink: read("--text", dark ? "#e4e8ee" : "#1c2128"), accent: read("--accent", dark ? "#8ea2ff" : "#3451c6") };
  return { dark, colours };
}

/** Call `handler` whenever the theme changes; returns how to stop. */
export function onTheme(handler) {
  const observer = new MutationObserver(handler);
  observer.observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme"] });
  return () => observer.disconnect();
}

// What one browser remembers between visits; without storage (private mode) it is simply forgotten.
export function recall(name) {
  try {
    return JSON.parse(localStorage.getItem(`stepwise.${name}`));
  } catch {
    return null;
  }
}

export function remember(name, value) {
  try {
    localStorage.setItem(`stepwise.${name}`, JSON.stringify(value));
  } catch {
    /* private mode */
  }
}

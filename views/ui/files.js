// Files out of and into the browser.
const MOST = 5_000_000; // characters of a graph file

export function download({ name, content }) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([content]));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

export function visit(url) {
  if (/^https?:\/\//.test(url)) window.open(url, "_blank", "noopener");
}

/** The text of a file; refuses one that is no graph by its size. */
export async function readText(file) {
  if (file.size > MOST) throw new Error(`${file.name} has ${(file.size / 1e6).toFixed(0)} MB; a graph file has at most 5 MB.`);
  return { name: file.name, text: await file.text() };
}

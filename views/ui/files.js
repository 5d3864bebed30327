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

const MOST_BYTES = 12_000_000; // of an export that is sent whole
const megabytes = (size) => `${(size / 1e6).toFixed(0)} MB`;

/** Bytes as text that a message can carry. */
const encoded = (blob) =>
  new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result.slice(reader.result.indexOf(",") + 1));
    reader.onerror = () => reject(reader.error);
    reader.readAsDataURL(blob);
  });

/** The part of an export that has its graph: of safetensors only the head, 8 bytes of its length and JSON. */
async function withGraph(file) {
  if (!/\.safetensors$/i.test(file.name)) return file;
  const head = new DataView(await file.slice(0, 8).arrayBuffer());
  return head.byteLength < 8 ? file : file.slice(0, 8 + Number(head.getBigUint64(0, true)));
}

/** A graph file as text, or of an export the bytes that have its graph; refuses one that is too large to send. */
export async function readFile(file) {
  if (/\.(safetensors|pt2|onnx)$/i.test(file.name)) {
    const part = await withGraph(file);
    if (part.size > MOST_BYTES) throw new Error(`${file.name} has ${megabytes(part.size)}; up to 12 MB are sent. Type its path instead.`);
    return { name: file.name, bytes: await encoded(part) };
  }
  if (file.size > MOST) throw new Error(`${file.name} has ${megabytes(file.size)}; a graph file has at most 5 MB.`);
  return { name: file.name, text: await file.text() };
}

// Files out of and into the browser.

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

const megabytes = (size) => `${(size / 1e6).toFixed(1)} MB`;

/** Bytes as text that a message can carry. */
const encoded = (blob) =>
  new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result.slice(reader.result.indexOf(",") + 1));
    reader.onerror = () => reject(reader.error);
    reader.readAsDataURL(blob);
  });

/** The part of an export that has its graph: of large safetensors only the head, 8 bytes of its length and JSON. */
async function withGraph(file, most) {
  if (!/\.safetensors$/i.test(file.name) || 1.4 * file.size < most) return file;
  const head = new DataView(await file.slice(0, 8).arrayBuffer());
  return head.byteLength < 8 ? file : file.slice(0, 8 + Number(head.getBigUint64(0, true)));
}

/** A graph file as text, or of an export the bytes that have its graph; refuses more than `most` bytes of a message. */
export async function readFile(file, most) {
  const isExport = /\.(safetensors|pt2|onnx)$/i.test(file.name);
  const part = isExport ? await withGraph(file, most) : file;
  const check = (size) => {
    if (size > most)
      throw new Error(`${file.name} takes ${megabytes(size)} to send; up to ${megabytes(most)} are sent. Type its path instead.`);
  };
  check(part.size); // before it is read
  const content = { name: file.name, ...(isExport ? { bytes: await encoded(part) } : { text: await file.text() }) };
  check(new Blob([JSON.stringify(content)]).size);
  return content;
}

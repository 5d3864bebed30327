// Python source as lines of coloured pieces. Only what stands out is a piece of its own; all else is plain text.
const TOKEN =
  /(?<comment>#.*)|(?<text>[rbf]*(?:"""|'''|"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'))|(?<name>@?[A-Za-z_][\w.]*)|(?<number>\b\d[\w.]*)/g;
const WORDS = new Set(
  "and as assert class def elif else except False for from if import in is lambda None not or pass raise return True while with yield".split(" "),
);

function kindOf({ groups }, before) {
  if (groups.comment) return "comment";
  if (groups.text) return "text";
  if (groups.number) return "number";
  if (WORDS.has(groups.name)) return "word";
  if (groups.name.startsWith("@")) return "word";
  if (/\b(def|class) $/.test(before)) return "title";
  return /^self\.\w/.test(groups.name) ? "member" : "";
}

/** Lines of pieces `{ kind, text }`; `self.q_proj(x)` gives a piece of kind `member` with the text `q_proj`. */
export function pieces(source) {
  let open = ""; // the quotes of a text that goes on over lines
  return source.split("\n").map((line) => {
    const found = [];
    const add = (kind, text) => {
      const last = found[found.length - 1];
      if (!text) return;
      if (last && last.kind === kind && kind !== "member") last.text += text;
      else found.push({ kind, text });
    };
    let at = 0;
    if (open) {
      const end = line.indexOf(open);
      if (end < 0) return line ? [{ kind: "text", text: line }] : [];
      at = end + open.length;
      add("text", line.slice(0, at));
      open = "";
    }
    TOKEN.lastIndex = at;
    for (let match = TOKEN.exec(line); match; match = TOKEN.exec(line)) {
      add("", line.slice(at, match.index));
      at = match.index + match[0].length;
      const quotes = match.groups.text?.slice(-3);
      if (quotes === '"""' || quotes === "'''") {
        const end = line.indexOf(quotes, at);
        open = end < 0 ? quotes : "";
        add("text", line.slice(match.index, end < 0 ? undefined : end + 3));
        at = end < 0 ? line.length : end + 3;
        TOKEN.lastIndex = at;
        continue;
      }
      const kind = kindOf(match, line.slice(0, match.index));
      if (kind !== "member") add(kind, match[0]);
      else {
        const [, name, rest] = match[0].match(/^self\.(\w+)(.*)$/);
        add("", "self.");
        add("member", name);
        add("", rest);
      }
    }
    add("", line.slice(at));
    return found;
  });
}

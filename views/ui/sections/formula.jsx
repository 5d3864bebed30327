// A formula as plain text: `d_k` sets a subscript, `x^2` or `Kᵀ` a superscript. No markup is read from it.
const MARK = /([_^])(\{[^}]*\}|[\p{L}\p{N}]+)/gu;

function partsOf(given) {
  const text = given.replaceAll("ᵀ", "^{⊤}");
  const parts = [];
  let at = 0;
  for (const match of text.matchAll(MARK)) {
    if (match.index > at) parts.push({ text: text.slice(at, match.index) });
    const inner = match[2].replace(/^\{|\}$/g, "");
    parts.push(match[1] === "_" ? { sub: inner } : { sup: inner });
    at = match.index + match[0].length;
  }
  if (at < text.length) parts.push({ text: text.slice(at) });
  return parts;
}

const Span = ({ part }) => (
  <>
    {part.text}
    {part.sub ? <sub>{part.sub}</sub> : null}
    {part.sup ? <sup>{part.sup}</sup> : null}
  </>
);

export const Formula = ({ section }) => (
  <div className="formula" role="math" aria-label={section.text}>
    {(section.parts ?? partsOf(section.text ?? "")).map((part, i) => (
      <Span key={i} part={part} />
    ))}
  </div>
);

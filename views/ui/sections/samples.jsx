// What the model makes now: tokens side by side, wrong ones red and underlined, right ones green.
const tokensOf = (text) => (Array.isArray(text) ? text : [...(text ?? "")]);
const visible = (token) => (token === " " ? "␣" : token === "\n" ? "↵" : token);

function Tokens({ label, tokens, tone }) {
  return (
    <>
      <u>{label}</u>
      <span>
        {tokens.map((token, i) => (
          <i key={i} className={tone?.(token, i) ?? ""}>
            {visible(token)}
          </i>
        ))}
      </span>
    </>
  );
}

export const Samples = ({ section }) => (
  <div className="samples mono">
    {section.rows.map((row, i) => {
      const wanted = row.wanted === undefined || row.wanted === null ? null : tokensOf(row.wanted);
      const tone = wanted && ((token, at) => (token === wanted[at] ? "ok" : "err"));
      return (
        <div key={i}>
          {row.input === undefined ? null : <Tokens label={section.label ?? "input"} tokens={tokensOf(row.input)} />}
          {row.answer || wanted?.length ? <Tokens label="answer" tokens={tokensOf(row.answer)} tone={tone} /> : null}
        </div>
      );
    })}
  </div>
);

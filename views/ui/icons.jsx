// One family of icons: 16 px, 1.5 px strokes.
const PATHS = {
  undo: <path d="M6 3L3 6l3 3M3 6h6a4 4 0 010 8H6" />,
  redo: <path d="M10 3l3 3-3 3M13 6H7a4 4 0 000 8h3" />,
  play: <path d="M5 3l8 5-8 5z" fill="currentColor" />,
  pause: <path d="M5 3v10M11 3v10" strokeWidth="2.4" />,
  step: <path d="M4 3l7 5-7 5zM13 3v10" />,
  stop: <rect x="4" y="4" width="8" height="8" rx="1" fill="currentColor" />,
  plus: <path d="M3 8h10M8 3v10" />,
  minus: <path d="M3 8h10" />,
  close: <path d="M4 4l8 8M12 4l-8 8" />,
  check: <path d="M3 8.5l3.2 3.2L13 5" />,
  fit: <path d="M3 6V3h3M10 3h3v3M13 10v3h-3M6 13H3v-3" />,
  arrange: (
    <>
      <rect x="2.5" y="3" width="4" height="4" />
      <rect x="9.5" y="9" width="4" height="4" />
      <path d="M6.5 5h3v6" />
    </>
  ),
  search: (
    <>
      <circle cx="7" cy="7" r="4" />
      <path d="M10 10l3 3" />
    </>
  ),
  down: <path d="M4 6l4 4 4-4" />,
  up: <path d="M4 10l4-4 4 4" />,
  left: <path d="M10 4L6 8l4 4" />,
  right: <path d="M6 4l4 4-4 4" />,
  save: <path d="M3 3h8l2 2v8H3zM5.5 3v3.5h5V3M5.5 13V9.5h5V13" />,
  open: <path d="M2.5 12.5v-9h4l1.5 2h5.5v7z" />,
  new: <path d="M4 2.5h5l3 3v8H4zM9 2.5v3h3" />,
  upload: <path d="M8 11V3M5 6l3-3 3 3M3 11v2.5h10V11" />,
  download: <path d="M8 3v8M5 8l3 3 3-3M3 11v2.5h10V11" />,
  link: <path d="M9 3h4v4M13 3L7.5 8.5M11 9.5V13H3V5h3.5" />,
  copy: <path d="M5.5 5.5h8v8h-8zM10.5 5.5v-3h-8v8h3" />,
  more: <path d="M3.5 8v.1M8 8v.1M12.5 8v.1" strokeWidth="2.2" />,
  refresh: <path d="M13 3v3.5H9.5M12.7 6.4A5 5 0 103.2 9" />,
  eye: (
    <>
      <path d="M1.5 8S4 3.5 8 3.5 14.5 8 14.5 8 12 12.5 8 12.5 1.5 8 1.5 8z" />
      <circle cx="8" cy="8" r="2" />
    </>
  ),
  warn: <path d="M8 2.5l6 11H2zM8 6.5v3.5M8 11.8v.2" />,
  info: (
    <>
      <circle cx="8" cy="8" r="5.5" />
      <path d="M8 7.2v3.6M8 5v.2" />
    </>
  ),
  sun: (
    <>
      <circle cx="8" cy="8" r="2.8" />
      <path d="M8 1.5v1.6M8 12.9v1.6M1.5 8h1.6M12.9 8h1.6M3.4 3.4l1.1 1.1M11.5 11.5l1.1 1.1M3.4 12.6l1.1-1.1M11.5 4.5l1.1-1.1" />
    </>
  ),
  moon: <path d="M13 9.5A5.5 5.5 0 016.5 3a5.5 5.5 0 106.5 6.5z" />,
};

export function Icon({ name }) {
  return (
    <svg
      className="glyph"
      width="16"
      height="16"
      viewBox="0 0 16 16"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.5"
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
    >
      {PATHS[name] ?? null}
    </svg>
  );
}

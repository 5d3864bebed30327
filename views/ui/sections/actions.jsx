// Buttons and lines of controls inside a sheet.
import { Controls } from "../controls.jsx";
import { Icon } from "../icons.jsx";
import { act } from "./text.jsx";

export const Actions = ({ section, send }) => (
  <div className="actions">
    {section.items.map((item) => (
      <button
        key={item.id}
        type="button"
        className={`button ${item.primary ? "primary" : ""} ${item.danger ? "danger" : ""}`}
        disabled={item.disabled}
        title={item.title}
        onClick={() => act(item.id, send)}
      >
        {item.icon ? <Icon name={item.icon} /> : null}
        {item.text}
      </button>
    ))}
  </div>
);

export function ControlRow({ section, send, change }) {
  const press = (id, value) => {
    if (value !== undefined) {
      const items = section.items.map((item) => (item.id === id ? { ...item, value } : item));
      if (section.id) change(section.id, { items });
    }
    send(id, value);
  };
  return (
    <div className="controls">
      <Controls items={section.items} send={press} />
    </div>
  );
}

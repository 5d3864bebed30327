// One line of controls made from data; every press sends { id, value }, or runs the command it names.
import { useRows } from "./rows.js";
import { Controls } from "./controls.jsx";

export function render({ model }) {
  const [items, change] = useRows(model, "items");
  const [look] = model.useState("look");
  const send = (id, value) => {
    if (value !== undefined) change(id, { value });
    model.send_msg(value === undefined ? { id } : { id, value }); // undefined cannot travel
  };
  return (
    <div className={`strip ${look}`}>
      <Controls items={items} send={send} />
    </div>
  );
}

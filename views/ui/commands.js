// The window's commands, known to every part: a toolbar button or a link runs one by its id.
let known = new Map(),
  run = () => {};
const hearers = new Set();

/** The window says which commands there are, in which state, and how to run one. */
export function offer(commands, states, runner) {
  known = new Map(commands.map((command) => [command.id, { ...command, ...states[command.id] }]));
  run = runner;
  hearers.forEach((hear) => hear());
}

export const command = (id) => known.get(id);

export function runCommand(id) {
  const found = known.get(id);
  if (!found || found.disabled) return Boolean(found);
  run(id);
  return true;
}

export function subscribe(hear) {
  hearers.add(hear);
  return () => hearers.delete(hear);
}

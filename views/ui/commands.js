// The window's commands, known to every part: a toolbar button or a link runs one by its id.
let known = new Map(),
  run = () => {};
const hearers = new Set();

/** The window says which commands there are, and how to run one. */
export function offer(commands, runner) {
  known = new Map(commands.map((command) => [command.id, command]));
  run = runner;
  hearers.forEach((hear) => hear());
}

export const command = (id) => known.get(id);

export function runCommand(id) {
  const found = known.has(id);
  if (found) run(id);
  return found;
}

export function subscribe(hear) {
  hearers.add(hear);
  return () => hearers.delete(hear);
}

const informants = new Set();

/** `tell()` gives {id: {off, label}} for commands: whether they cannot be done now, and what they are called now. */
export function inform(tell) {
  informants.add(tell);
  return () => informants.delete(tell);
}

/** Commands as they stand now; asked when a menu opens, so that a gesture costs nothing. */
export function asTheyStand(commands) {
  const now = {};
  for (const tell of informants) {
    for (const [id, standing] of Object.entries(tell())) now[id] = { ...now[id], ...standing };
  }
  return commands.map((command) => ({ ...command, ...now[command.id] }));
}

// What Python says: most messages come as one text (`Part.tell`).
export const said = (message) => (typeof message?.json === "string" ? JSON.parse(message.json) : message);

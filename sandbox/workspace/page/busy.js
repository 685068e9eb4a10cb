// Pressed buttons: busy until something has come of it.

const PATIENCE_MS = 15_000; // a button looks busy for no longer
const pressed = new Set(); // { message, rest }

/** Makes the button of a message busy; gives back how to let it rest. */
export function busy(message, node) {
  node.setAttribute("aria-busy", "true");
  const rest = () => {
    node.removeAttribute("aria-busy");
    pressed.delete(each);
  };
  const each = { message, rest };
  pressed.add(each);
  setTimeout(rest, PATIENCE_MS);
  return rest;
}

/** A button rests when its message or its thread has changed, or when the person got a private line. */
export function settle({ ts, message }) {
  for (const each of pressed) {
    if (ts === each.message.ts || message?.thread_ts === each.message.ts || message?.private_to) each.rest();
  }
}

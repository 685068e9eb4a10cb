// Talking to the sandbox: what to begin with, what happens, and what the person does.

export const load = async (user) => (await fetch(`/sandbox/state?user=${encodeURIComponent(user)}`)).json();

/** Sends what the person did; the answer's `ok` says whether it worked. */
export async function act(path, body) {
  try {
    const answer = await fetch(`/sandbox/${path}`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(body),
    });
    return await answer.json();
  } catch {
    return { ok: false, error: "the sandbox does not answer" };
  }
}

/** Listens for `user`; `opened` is called at every (re)connection, `lost` when it breaks. Gives back how to stop. */
export function listen(user, { happened, opened, lost }) {
  const stream = new EventSource(`/sandbox/events?user=${encodeURIComponent(user)}`);
  stream.onopen = opened;
  stream.onerror = lost;
  stream.onmessage = (event) => happened(JSON.parse(event.data));
  return () => stream.close();
}

// What to offer while somebody types.

const IN_THREADS = [{ text: "@paybot checkout 1h", what: "Commands do not work in threads: mention paybot instead" }];

/** The hints that go on where the text ends, then those with the same first word that hold the last one. */
export function offered(hints, text, inThread) {
  if (inThread && text.startsWith("/")) return IN_THREADS;
  const typed = text.toLowerCase();
  const words = typed.split(/\s+/);
  const begun = hints.filter((hint) => hint.text.startsWith(typed));
  const holding = words.length < 2 ? [] : hints.filter((hint) => holds(hint.text, words));
  return [...new Set([...begun, ...holding])].filter((hint) => hint.text !== text);
}

const holds = (hint, words) => hint.startsWith(`${words[0]} `) && hint.includes(words.at(-1));

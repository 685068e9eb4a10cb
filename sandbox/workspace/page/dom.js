// Elements from plain values. Texts become text nodes: nothing here ever parses HTML.

export const $ = (id) => document.getElementById(id);

/** An element; `traits` are attributes, with `on` for listeners and `class` for classes. */
export function el(tag, traits = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(traits)) {
    if (name === "on") for (const [event, act] of Object.entries(value)) node.addEventListener(event, act);
    else if (value === true) node.setAttribute(name, "");
    else if (value !== false && value !== undefined && value !== null) node.setAttribute(name, value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

/** Times as a person in `zone` reads them. */
export function clock(zone) {
  const format = (traits) => new Intl.DateTimeFormat("en-GB", { timeZone: zone, ...traits });
  const time = format({ hour: "2-digit", minute: "2-digit" });
  const day = format({ weekday: "long", day: "numeric", month: "long" });
  const full = format({ weekday: "short", day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" });
  const date = format({ year: "numeric", month: "2-digit", day: "2-digit" });
  return {
    time: (s) => time.format(s * 1000),
    day: (s) => day.format(s * 1000),
    full: (s) => full.format(s * 1000),
    date: (s) => date.format(s * 1000),
  };
}

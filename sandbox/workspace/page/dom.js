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

const FOCUSABLE = "a, button, select, summary, input, [tabindex]";
const nameOf = ({ id, dataset, className, textContent }) =>
  id || dataset.action || dataset.channel || dataset.person || className || textContent;

/** Has something drawn anew inside `old`, or in its place (`draw` gives the new node then), and keeps the keyboard where it was. */
export function keepFocus(old, draw) {
  const held = old.contains(document.activeElement) ? nameOf(document.activeElement) : "";
  const node = draw() ?? old;
  if (held) [...node.querySelectorAll(FOCUSABLE)].find((each) => nameOf(each) === held)?.focus({ preventScroll: true });
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

const SVG = "http://www.w3.org/2000/svg";
const ICONS = {
  archive: "M3 5h14v3H3zM4.5 8v7.5h11V8M8 11h4",
  reply: "M3.5 4.5h13v9h-7l-3.5 3v-3h-2.5z",
  file: "M5 2.5h6.5l3.5 3.5v11.5H5zM11 2.5V6.5h4M7.5 10h5M7.5 13h5",
  eye: "M2 10s3-5 8-5 8 5 8 5-3 5-8 5-8-5-8-5zM10 12.2a2.2 2.2 0 1 0 0-4.4 2.2 2.2 0 0 0 0 4.4z",
  send: "M3 3.5l14 6.5-14 6.5 2-6.5zM5 10h6",
};

/** A small drawing that goes with words and says nothing on its own; no font is needed for it. */
export function icon(name) {
  const [svg, path] = [document.createElementNS(SVG, "svg"), document.createElementNS(SVG, "path")];
  for (const [trait, value] of Object.entries({ viewBox: "0 0 20 20", class: "icon", "aria-hidden": "true" }))
    svg.setAttribute(trait, value);
  path.setAttribute("d", ICONS[name]);
  svg.append(path);
  return svg;
}

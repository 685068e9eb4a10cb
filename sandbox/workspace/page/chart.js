// Slack's chart block, drawn as plainly as Slack does: axes, bars side by side or lines, and a key.
import { el } from "/page/dom.js";

const [WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM] = [640, 270, 52, 8, 10, 64];
const TICKS = 4;
const ROOM = 46; // pixels that a category's label needs
const SVG = "http://www.w3.org/2000/svg";

/** The node of a `data_visualization` block. */
export function chart({ title, chart: drawn }) {
  if (drawn.type === "pie") return framed(title, key(drawn.segments.map(({ label, value }) => `${label}: ${value}`)));
  const names = drawn.series.map((series) => series.name);
  return framed(title, plot(title, drawn), key(names));
}

function framed(title, ...parts) {
  return el("figure", { class: "chart" }, el("figcaption", {}, title), ...parts);
}

function key(names) {
  const entry = (name, number) => el("li", {}, el("span", { class: `swatch tone${number}` }), name);
  return el("ul", { class: "key" }, ...names.map(entry));
}

function plot(title, { type, series, axis_config: axes }) {
  const { categories } = axes;
  const values = series.map(({ data }) => data.map(({ value }) => value));
  const scale = scaled(Math.min(0, ...values.flat()), Math.max(0, ...values.flat()));
  const wide = (WIDTH - LEFT - RIGHT) / categories.length;
  const y = (value) => TOP + ((scale.high - value) / (scale.high - scale.low)) * (HEIGHT - TOP - BOTTOM);
  const middle = (number) => LEFT + (number + 0.5) * wide;
  const every = Math.ceil(ROOM / wide);
  const said = `${title}. ${series.map(({ name, data }) => `${name}: ${data.map(({ label, value }) => `${label} ${value}`).join(", ")}`).join("; ")}`;
  return svg(
    "svg",
    { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": said },
    ...scale.ticks.flatMap((tick) => [
      svg("line", { class: "rule", x1: LEFT, x2: WIDTH - RIGHT, y1: y(tick), y2: y(tick) }),
      svg("text", { class: "tick", x: LEFT - 8, y: y(tick) + 4, "text-anchor": "end" }, short(tick)),
    ]),
    ...values.flatMap((each, number) => marks(type, each, number, { wide, y, middle, count: values.length })),
    ...categories.flatMap((label, number) =>
      number % every
        ? []
        : [svg("text", { class: "tick", x: middle(number), y: HEIGHT - BOTTOM + 18, "text-anchor": "middle" }, label)],
    ),
    axes.x_label ? svg("text", { class: "axis", x: WIDTH / 2, y: HEIGHT - 24, "text-anchor": "middle" }, axes.x_label) : null,
    axes.y_label ? svg("text", { class: "axis", x: WIDTH / 2, y: HEIGHT - 6, "text-anchor": "middle" }, axes.y_label) : null,
  );
}

/** One series: its bars beside those of the others, or its line with a point for each category. */
function marks(type, values, number, { wide, y, middle, count }) {
  if (type === "bar") {
    const each = (wide * 0.8) / count;
    const from = (at) => middle(at) - wide * 0.4 + number * each;
    return values.map((value, at) => {
      const [top, height] = [Math.min(y(value), y(0)), Math.abs(y(0) - y(value))];
      return svg("rect", { class: `tone${number}`, x: from(at), y: top, width: Math.max(each - 1, 1), height });
    });
  }
  const points = values.map((value, at) => `${middle(at)},${y(value)}`).join(" ");
  const ends = [`${middle(values.length - 1)},${y(0)}`, `${middle(0)},${y(0)}`];
  const area = type === "area" ? svg("polygon", { class: `under tone${number}`, points: `${points} ${ends.join(" ")}` }) : null;
  const dots = values.map((value, at) => svg("circle", { class: `tone${number}`, cx: middle(at), cy: y(value), r: 3 }));
  return [area, svg("polyline", { class: `tone${number}`, points }), ...dots];
}

/** An axis from the numbers' own lowest to highest, zero among them, with round ticks. */
function scaled(low, high) {
  const rough = (high - low || 1) / TICKS;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((each) => each * power).find((each) => each >= rough);
  const [first, last] = [Math.floor(low / step), Math.max(Math.ceil(high / step), 1)];
  const ticks = Array.from({ length: last - first + 1 }, (_, number) => (first + number) * step);
  return { low: first * step, high: last * step, ticks };
}

const short = (value) => new Intl.NumberFormat("en-GB", { notation: "compact", maximumFractionDigits: 2 }).format(value);

function svg(tag, traits, ...children) {
  const node = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(traits)) node.setAttribute(name, value);
  node.append(...children.filter((child) => child !== null));
  return node;
}

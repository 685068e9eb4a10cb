// The sandbox's switches: clock, scenarios, faults of the sources.
import { $, el, keepFocus } from "/page/dom.js";
import { act } from "/page/sync.js";
import { panel } from "/page/paged.js";

const JUMPS = [
  ["15 min", 900],
  ["1 h", 3600],
  ["6 h", 21600],
];

/** Draws the switches anew. `me` gives the acting person's ID and clock. */
export function draw(company, me) {
  const parts = () => [clock(company), scenarios(company), panel(me), faults(company)];
  keepFocus($("switches"), () => $("switches").replaceChildren(...parts()));
  const wrong = company.scenarios.some((each) => each.on) || company.faults.some((each) => each.kind !== "ok");
  $("open-drawer").querySelector(".dot").hidden = !wrong;
}

function clock({ clock: { speed, speeds } }) {
  const jumps = JUMPS.map(([label, jump_s]) =>
    el("button", { id: `jump-${jump_s}`, class: "act", on: { click: () => act("clock", { jump_s }) } }, `+ ${label}`),
  );
  const options = (speeds.includes(speed) ? speeds : [speed, ...speeds]).map((times) =>
    el("option", { value: times, selected: times === speed }, `${times} ×`),
  );
  const change = (event) => act("clock", { speed: Number(event.currentTarget.value) });
  return el(
    "section",
    {},
    el("h3", {}, "Clock"),
    el("p", {}, "Payments go on meanwhile; what you have started shows at once."),
    el("div", { class: "row" }, ...jumps),
    el(
      "label",
      { class: "choice", for: "speed" },
      el("span", {}, "Speed"),
      el("select", { id: "speed", class: "act", on: { change } }, ...options),
    ),
  );
}

function scenarios(company) {
  return el("section", {}, el("h3", {}, "What goes wrong at the company"), ...company.scenarios.map(scenario));
}

function scenario({ name, title, does, on }) {
  const id = `scenario-${name}`;
  const change = (event) => act(`scenarios/${name}`, { on: event.currentTarget.checked });
  return el(
    "label",
    { class: "switch", for: id },
    el("input", { id, type: "checkbox", role: "switch", checked: on, on: { change } }),
    el("span", {}, el("strong", {}, title), el("small", {}, does)),
  );
}

function faults(company) {
  return el(
    "section",
    {},
    el("h3", {}, "What goes wrong at the sources"),
    el("p", {}, "paybot names the source that fails and shows the rest."),
    ...company.faults.map(fault),
    el("p", {}, "While Slack itself fails, only paybot's first line is sure: the answer may come late, or not at all."),
  );
}

function fault({ source, title, kind, kinds }) {
  const id = `fault-${source}`;
  const options = kinds.map((each) => el("option", { value: each.kind, selected: each.kind === kind }, each.title));
  const change = (event) => act(`faults/${source}`, { kind: event.currentTarget.value });
  return el(
    "label",
    { class: "choice", for: id },
    el("span", {}, title),
    el("select", { id, class: `act ${kind === "ok" ? "" : "bad"}`, on: { change } }, ...options),
  );
}

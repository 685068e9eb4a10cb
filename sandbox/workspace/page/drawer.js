// The sandbox's switches: clock, scenarios, faults of the sources.
import { $, el } from "/page/dom.js";
import { act } from "/page/sync.js";

const JUMPS = [
  ["15 min", 900],
  ["1 h", 3600],
  ["6 h", 21600],
];

/** Draws the switches anew, and keeps the keyboard where it was. */
export function draw(company) {
  const focus = document.activeElement?.id;
  $("switches").replaceChildren(clock(), scenarios(company), faults(company));
  if (focus) $(focus)?.focus();
  const wrong = company.scenarios.some((each) => each.on) || company.faults.some((each) => each.kind !== "ok");
  $("open-drawer").querySelector(".dot").hidden = !wrong;
}

function clock() {
  const jumps = JUMPS.map(([label, jump_s]) =>
    el("button", { id: `jump-${jump_s}`, class: "act", on: { click: () => act("clock", { jump_s }) } }, `+ ${label}`),
  );
  return el(
    "section",
    {},
    el("h3", {}, "Clock"),
    el("p", {}, "Payments go on meanwhile; what you have started shows at once."),
    el("div", { class: "row" }, ...jumps),
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
  );
}

function fault({ source, title, kind, kinds }) {
  const id = `fault-${source}`;
  const options = kinds.map((each) => el("option", { value: each.kind, selected: each.kind === kind }, each.title));
  const change = (event) => act(`faults/${source}`, { kind: event.currentTarget.value });
  return el(
    "label",
    { class: "fault", for: id },
    el("span", {}, title),
    el("select", { id, class: `act ${kind === "ok" ? "" : "bad"}`, on: { change } }, ...options),
  );
}

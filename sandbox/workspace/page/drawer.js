// The sandbox's switches: clock, scenarios, faults of the sources.
import { $, el, keepFocus } from "/page/dom.js";
import { act } from "/page/sync.js";
import { panel } from "/page/paged.js";

const JUMPS = [
  ["15 min", 900],
  ["1 h", 3600],
  ["6 h", 21600],
];

let said = ""; // what came of the last press on "Stand-up now"

/** Draws the switches anew. `me` gives the acting person's ID and clock. */
export function draw(company, me) {
  const parts = () => [clock(company), standup(company, me), panel(me), scenarios(company), faults(company), bots(company)];
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

/** The stand-up at a press, and the night before the next one. */
function standup({ night, clock: { speed } }, me) {
  const { clock } = me();
  const mishaps = night.mishaps.map(({ title, at }) => `${title.toLowerCase()} at ${clock.time(at)}`).join(", ");
  const until = `until ${clock.full(night.until)}`;
  const waits = night.on && speed === 1 ? "First what a stand-up asks is read, which takes some seconds. " : "";
  const goes = night.on ? `${waits}The night runs ${until}` : `A night in two minutes, ${until}, just after the next stand-up`;
  const post = async (event) => {
    event.currentTarget.setAttribute("aria-busy", "true");
    const answer = await act("standup", {});
    said = answer.said ?? answer.error;
    event.target.removeAttribute("aria-busy");
    $("standup-said").textContent = said;
  };
  return el(
    "section",
    {},
    el("h3", {}, "Stand-up"),
    el("div", { class: "row" }, el("button", { id: "standup", class: "act", on: { click: post } }, "Stand-up now")),
    el("p", { id: "standup-said", role: "status" }, said),
    el("p", { id: "night-plan" }, `${goes}${mishaps ? `: ${mishaps}` : ""}.`),
    el(
      "div",
      { class: "row" },
      el(
        "button",
        { id: "night", class: "act", on: { click: () => act("night", { on: !night.on }) } },
        night.on ? "Stop here" : "Run a night",
      ),
    ),
  );
}

/** The bots that work for the company: two share a database, and either may be stopped. */
function bots({ bots: all, alone }) {
  const item = ({ number, title, on, ends }) => {
    const press = async (event) => {
      event.currentTarget.setAttribute("aria-busy", "true");
      await act(`bots/${number}`, { on: !on });
    };
    const traits = { id: `bot-${number}`, class: "act", "aria-label": `${on ? "Stop" : "Start"} ${title}`, on: { click: press } };
    return el(
      "div",
      { class: "choice" },
      el("span", {}, el("strong", {}, title), ` ${on ? "works" : "is stopped"}`, el("small", {}, on ? ends : "")),
      el("button", traits, on ? "Stop" : "Start"),
    );
  };
  return el(
    "section",
    { id: "bots" },
    el("h3", {}, "Replicas"),
    alone
      ? el("p", {}, `One paybot works here. ${alone}`)
      : el("p", {}, "Two paybots share a PostgreSQL. Alerts go on while either works."),
    ...(alone ? [] : all.map(item)),
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

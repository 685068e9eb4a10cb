// Who was paged: what PagerDuty and Opsgenie have sent out, and what can be done about it.
import { $, el, keepFocus } from "/page/dom.js";
import { act } from "/page/sync.js";

const EVERY_MS = 2_000;
const STATES = {
  triggered: "Triggered",
  open: "Open",
  acknowledged: "Acknowledged",
  resolved: "Resolved",
  closed: "Closed",
};
const ACTS = { acknowledge: "Acknowledge", resolve: "Resolve" };
const LEFT = { triggered: ["acknowledge", "resolve"], open: ["acknowledge", "resolve"], acknowledged: ["resolve"] };

let shown = null; // what the list was drawn from
let pages = [];

/** The panel, with what is known already. `me` gives the acting person's ID and clock. */
export function panel(me) {
  shown = null;
  const list = el("ul", { id: "pages", class: "pages", "aria-live": "polite" });
  draw(list, me);
  return el("section", { "aria-labelledby": "paged" }, el("h3", { id: "paged" }, "Who was paged"), list);
}

/** Asks for the pages anew, and again every other second while anybody looks. */
export function watch(me) {
  setInterval(() => ask(me), EVERY_MS);
}

export async function ask(me) {
  if ($("drawer").hidden || document.hidden) return;
  const answer = await fetch("/sandbox/pages").catch(() => null);
  if (!answer?.ok) return;
  ({ pages } = await answer.json());
  if ($("pages")) draw($("pages"), me);
}

function draw(list, me) {
  const now = JSON.stringify([pages, me().user]);
  if (now === shown) return;
  shown = now;
  const items = pages.length ? pages.map((page) => item(page, me)) : [el("li", { class: "none" }, "Nobody yet.")];
  keepFocus(list, () => list.replaceChildren(...items));
}

function item(page, me) {
  const { service, who, what, when, status, url } = page;
  const acts = (page.actions ?? LEFT[status] ?? []).map((action) => button(page, action, me));
  return el(
    "li",
    { class: `page ${status}` },
    el("p", {}, el("strong", {}, who), el("span", { class: "state" }, STATES[status] ?? status)),
    el("p", {}, what),
    el(
      "small",
      {},
      `${service} · ${me().clock.full(when)}`,
      url ? " · " : null,
      url ? el("a", { href: url, target: "_blank", rel: "noopener" }, "its page") : null,
    ),
    acts.length ? el("div", { class: "row" }, ...acts) : null,
  );
}

function button({ service, id, what }, action, me) {
  const path = `pages/${encodeURIComponent(service)}/${encodeURIComponent(id)}`;
  const press = async (event) => {
    event.currentTarget.setAttribute("aria-busy", "true");
    await act(path, { user: me().user, action });
    shown = null;
    await ask(me);
  };
  const traits = { id: `${action}-${service}-${id}`, class: "act", type: "button", "aria-label": `${ACTS[action]}: ${what}` };
  return el("button", { ...traits, on: { click: press } }, ACTS[action]);
}

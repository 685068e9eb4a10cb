// The modal that the bot has opened: what can be filled in, what is wrong with it, submit and close.
import { $, el } from "/page/dom.js";
import { block, words } from "/page/blocks.js";
import { act } from "/page/sync.js";

const TROUBLE = "We had some trouble connecting. Try again?";
const TYPES = { datepicker: "date", timepicker: "time", plain_text_input: "text" };
const INITIAL = { datepicker: "initial_date", timepicker: "initial_time", plain_text_input: "initial_value" };

let open = null; // the view that is shown, and where the focus was before

/** Shows a view of `user`, or shows it anew. `look` is what blocks need. */
export function show(view, user, look) {
  const dialog = $("modal");
  const held = open?.held ?? place(document.activeElement);
  open = { view, user, held };
  dialog.replaceChildren(form(view, look));
  if (!dialog.open) dialog.showModal();
  focusFirst(view);
}

/** Takes a view away, if it is the one that is shown. */
export function hide(id) {
  if (open?.view.id !== id) return;
  const { held } = open;
  open = null;
  $("modal").close();
  if (document.activeElement === document.body) back(held)?.focus();
}

/** Where the focus is, in words that outlast a message that is drawn anew. */
const place = (node) => ({ node, ts: node?.closest("[data-ts]")?.dataset.ts, action: node?.dataset?.action });

function back({ node, ts, action }) {
  if (node?.isConnected) return node;
  const message = ts && document.querySelector(`[data-ts="${CSS.escape(ts)}"]`);
  return (message && action && message.querySelector(`[data-action="${CSS.escape(action)}"]`)) || $("composer").querySelector("textarea");
}

function form(view, look) {
  const parts = view.blocks.map((part) => (part.type === "input" ? input(part, view, look) : block(part, null, look)));
  const node = el(
    "form",
    { novalidate: true, "aria-labelledby": "modal-title" },
    el(
      "header",
      {},
      el("h2", { id: "modal-title" }, words(view.title)),
      el("button", { type: "button", class: "plain", "aria-label": "Close", on: { click: close } }, "✕"),
    ),
    el("div", { class: "fields-in" }, ...parts, el("p", { class: "wrong", role: "alert", id: "modal-fault" })),
    el(
      "footer",
      { class: "choices" },
      el("button", { type: "button", class: "act", on: { click: close } }, view.close ? words(view.close) : "Cancel"),
      view.submit ? el("button", { type: "submit", class: "act primary" }, words(view.submit)) : null,
    ),
  );
  node.addEventListener("submit", (event) => (event.preventDefault(), submit(node)));
  return node;
}

function input(part, view) {
  const id = `in-${view.id}-${part.block_id}`;
  const many = ["radio_buttons", "checkboxes"].includes(part.element.type);
  const described = [part.hint ? `${id}-hint` : "", `${id}-wrong`].filter(Boolean).join(" ");
  const title = [words(part.label), part.optional ? el("small", {}, " (optional)") : null].filter(Boolean);
  const traits = { id, "data-input": part.block_id, "aria-describedby": described };
  return el(
    many ? "fieldset" : "div",
    { class: "input", ...(many ? traits : {}) },
    many ? el("legend", {}, ...title) : el("label", { for: id }, ...title),
    many ? choices(part.element, id) : field(part, { ...traits, "aria-required": String(!part.optional) }),
    part.hint ? el("p", { class: "hint", id: `${id}-hint` }, words(part.hint)) : null,
    el("p", { class: "wrong", id: `${id}-wrong` }),
  );
}

function field({ element }, traits) {
  const empty = element.placeholder ? words(element.placeholder) : null;
  if (element.type === "static_select")
    return el(
      "select",
      { ...traits, class: "act" },
      el("option", { value: "" }, empty ?? "Choose an option"),
      ...element.options.map((each) => option(each, element.initial_option)),
    );
  const value = element[INITIAL[element.type]] ?? null;
  const limits = { placeholder: empty, maxlength: element.max_length, autocomplete: "off", spellcheck: "false" };
  if (element.multiline) return el("textarea", { ...traits, ...limits, rows: 4 }, value);
  return el("input", { ...traits, ...limits, type: TYPES[element.type], value });
}

const option = (each, chosen) =>
  el("option", { value: each.value, selected: chosen?.value === each.value }, words(each.text));

function choices(element, id) {
  const type = element.type === "checkboxes" ? "checkbox" : "radio";
  const first = element.initial_options ?? [element.initial_option];
  const boxes = element.options.map((each) =>
    el(
      "label",
      { class: "box" },
      el("input", { type, name: id, value: each.value, checked: first.some((one) => one?.value === each.value) }),
      words(each.text),
    ),
  );
  return el("div", {}, ...boxes);
}

function focusFirst(view) {
  const wanted = view.blocks.find((part) => part.element?.focus_on_load) ?? view.blocks.find((part) => part.type === "input");
  const named = wanted && at(wanted.block_id);
  (named?.matches("fieldset") ? named.querySelector("input") : named)?.focus();
}

const at = (name) => $("modal").querySelector(`[data-input="${CSS.escape(name)}"]`);

function value(node) {
  if (!node.matches("fieldset")) return node.value;
  const chosen = [...node.querySelectorAll("input:checked")].map((each) => each.value);
  return node.querySelector("[type=radio]") ? (chosen[0] ?? "") : chosen;
}

async function submit(node) {
  const { view, user } = open;
  const button = node.querySelector("[type=submit]");
  if (!button || button.hasAttribute("aria-busy")) return;
  const values = Object.fromEntries([...node.querySelectorAll("[data-input]")].map((each) => [each.dataset.input, value(each)]));
  button.setAttribute("aria-busy", "true");
  const answer = await act("submit", { user, view: view.id, values });
  button.removeAttribute("aria-busy");
  if (!node.isConnected) return;
  $("modal-fault").textContent = answer.ok ? "" : TROUBLE;
  tell(node, answer.errors ?? {});
}

/** Shows what is wrong at each input, and leads to the first. */
function tell(node, errors) {
  const inputs = [...node.querySelectorAll("[data-input]")];
  for (const each of inputs) {
    const text = errors[each.dataset.input] ?? "";
    if (text) each.setAttribute("aria-invalid", "true");
    else each.removeAttribute("aria-invalid");
    $(`${each.id}-wrong`).textContent = text;
  }
  const first = inputs.find((each) => errors[each.dataset.input]);
  (first?.matches("fieldset") ? first.querySelector("input") : first)?.focus();
}

/** Closes the modal for the person; the sandbox is told, the bot is not. */
function close() {
  if (!open) return;
  const { view, user } = open;
  hide(view.id);
  act("close", { user, view: view.id });
}

$("modal").addEventListener("cancel", (event) => (event.preventDefault(), close()));

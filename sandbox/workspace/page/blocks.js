// Block Kit as Slack draws it.
import { chart } from "/page/chart.js";
import { $, el } from "/page/dom.js";
import { rich, texts } from "/page/mrkdwn.js";

/** The node of one block of `message`. `look` has the reader's clock, and `press(message, block, element, value, node)`. */
export function block(part, message, look) {
  const draw = BLOCKS[part.type];
  return draw
    ? el("div", { class: `block ${part.type}`, "data-block": part.block_id }, draw(part, message, look))
    : null;
}

const BLOCKS = {
  header: (part, _, look) => el("h3", {}, texts(part.text.spans, look)),
  divider: () => el("hr"),
  context: (part, _, look) =>
    el(
      "p",
      {},
      ...part.elements.map((each) => (each.type === "image" ? null : el("span", {}, texts(each.spans, look)))),
    ),
  markdown: (part, _, look) => el("p", {}, texts(part.spans, look)),
  rich_text: (part) => el("p", {}, rich(part)),
  section,
  image,
  table: (part) => table(part),
  data_visualization: (part) => chart(part),
  actions: (part, message, look) => el("div", {}, ...part.elements.map((each) => element(each, part, message, look))),
};

function section(part, message, look) {
  const fields = (part.fields ?? []).map((field) => el("p", {}, texts(field.spans, look)));
  return el(
    "div",
    {},
    part.text ? el("p", {}, texts(part.text.spans, look)) : null,
    fields.length ? el("div", { class: "fields" }, ...fields) : null,
    part.accessory ? element(part.accessory, part, message, look) : null,
  );
}

function image(part, _, look) {
  const path = part.path ?? "";
  const come = (event) => look.settle(event.currentTarget);
  const picture = el("img", { src: path, alt: part.alt_text, on: { load: come, error: come } });
  return el(
    "figure",
    {},
    part.title ? el("figcaption", {}, texts(part.title.spans, look)) : null,
    el(
      "button",
      {
        class: "picture",
        "aria-label": `Enlarge: ${part.alt_text.slice(0, 120)}`,
        on: { click: () => enlarge(path, part.alt_text) },
      },
      picture,
    ),
  );
}

function enlarge(path, alt) {
  const dialog = $("enlarged");
  dialog.replaceChildren(
    el(
      "form",
      { method: "dialog" },
      el("a", { href: path, target: "_blank", rel: "noopener" }, "Open alone"),
      el("button", { class: "plain", "aria-label": "Close" }, "✕"),
    ),
    el("img", { src: path, alt }),
  );
  dialog.showModal();
}

function table(part) {
  const align = (column) => part.column_settings?.[column]?.align ?? "left";
  const cell = (tag) => (each, column) =>
    el(
      tag,
      { class: align(column), scope: tag === "th" ? "col" : null },
      each.type === "rich_text" ? rich(each) : String(each.text ?? each.value ?? ""),
    );
  const [head, ...rows] = part.rows;
  return el(
    "div",
    { class: "sheet", tabindex: "0", role: "group", "aria-label": "Table" },
    el(
      "table",
      {},
      el("thead", {}, el("tr", {}, ...head.map(cell("th")))),
      el("tbody", {}, ...rows.map((row) => el("tr", {}, ...row.map(cell("td"))))),
    ),
  );
}

function element(part, owner, message, look) {
  const press = async (value, node) => {
    if (!part.confirm || (await confirmed(part.confirm, look))) look.press(message, owner, part, value, node);
  };
  if (part.type === "static_select") return select(part, press);
  if (part.type === "overflow") return overflow(part, press);
  if (part.type === "checkboxes") return checkboxes(part, press);
  const traits = {
    class: `act ${part.style ?? ""}`,
    "data-action": part.action_id,
    "aria-label": part.accessibility_label,
  };
  const label = texts(part.text.spans, look);
  if (part.url)
    return el(
      "a",
      {
        ...traits,
        href: safe(part.url),
        target: "_blank",
        rel: "noopener noreferrer",
        on: { click: (event) => press(undefined, event.currentTarget) },
      },
      label,
    );
  return el(
    "button",
    { ...traits, type: "button", on: { click: (event) => press(undefined, event.currentTarget) } },
    label,
  );
}

const safe = (url) => (/^https?:/i.test(url) ? url : "about:blank");
export const words = (text) => text.spans.map((span) => span.text).join("");

function select(part, press) {
  const first = part.initial_option?.value ?? "";
  const options = part.options.map((option) =>
    el("option", { value: option.value, selected: option.value === first }, words(option.text)),
  );
  const blank = el(
    "option",
    { value: "", disabled: true, selected: !first, hidden: true },
    part.placeholder ? words(part.placeholder) : "Choose",
  );
  const node = el(
    "select",
    {
      class: "act",
      "data-action": part.action_id,
      "aria-label": part.placeholder ? words(part.placeholder) : "Choose",
    },
    blank,
    ...options,
  );
  node.addEventListener("change", async () => {
    const value = node.value;
    node.value = first;
    await press(value, node);
  });
  node.addEventListener("keydown", opens);
  return node;
}

function checkboxes(part, press) {
  const ticked = (part.initial_options ?? []).map((option) => option.value);
  const boxes = part.options.map((option) => {
    const traits = { type: "checkbox", value: option.value, checked: ticked.includes(option.value), "data-action": part.action_id };
    return el("label", { class: "box" }, el("input", traits), words(option.text));
  });
  const node = el("div", {}, ...boxes);
  node.addEventListener("change", () => press([...node.querySelectorAll(":checked")].map((box) => box.value), node));
  return node;
}

/** Keys open a menu, as they do in Slack: some browsers would choose what comes next in it at once. */
function opens(event) {
  const letter = event.key.length === 1 && !event.ctrlKey && !event.metaKey && !event.altKey;
  if (!event.currentTarget.showPicker || !(letter || /^(Arrow|Page|Home|End|Enter)/.test(event.key))) return;
  event.preventDefault();
  event.currentTarget.showPicker();
}

function overflow(part, press) {
  const items = part.options.map((option) =>
    el(
      "button",
      {
        type: "button",
        on: { click: (event) => press(option.value, event.currentTarget.closest("details").firstChild) },
      },
      words(option.text),
    ),
  );
  const node = el(
    "details",
    { class: "overflow" },
    el("summary", { class: "act", "data-action": part.action_id, "aria-label": "More" }, "⋯"),
    el("div", {}, ...items),
  );
  node.addEventListener("click", (event) => event.target.tagName === "BUTTON" && (node.open = false));
  node.addEventListener("keydown", (event) => event.key === "Escape" && (node.open = false));
  return node;
}

/** Asks as the block's `confirm` says; whether the person said yes. */
function confirmed(part, look) {
  const dialog = $("confirm");
  const form = el(
    "form",
    { method: "dialog" },
    el("h2", { id: "confirm-title" }, texts(part.title.spans, look)),
    el("p", {}, texts(part.text.spans, look)),
    el(
      "div",
      { class: "choices" },
      el("button", { class: "act", value: "no" }, words(part.deny)),
      el("button", { class: `act ${part.style ?? "primary"}`, value: "yes" }, words(part.confirm)),
    ),
  );
  dialog.replaceChildren(form);
  dialog.showModal();
  // The form's own event, not the dialog's "close": that one comes late, and could answer the question after this one.
  return new Promise((done) => {
    form.addEventListener("submit", (event) => done(event.submitter?.value === "yes"), { once: true });
    dialog.oncancel = () => done(false);
  });
}

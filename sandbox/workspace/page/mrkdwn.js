// Spans of text (the sandbox has taken the mrkdwn apart) as nodes.
import { el } from "/page/dom.js";

const STYLES = { bold: "strong", italic: "em", strike: "s", code: "code" };
const BLOCKS = ["pre", "quote"];
const SIGNS = {
  "🔴": "red circle",
  "🟠": "orange circle",
  "🟡": "yellow circle",
  "🟢": "green circle",
  "⚪": "white circle",
  "✅": "check mark",
  "💤": "asleep",
};
const SIGN = new RegExp(`(${Object.keys(SIGNS).join("|")})`, "u");
const MENTIONS = ["user", "channel", "group", "broadcast"];

/** The nodes of a text. `look` has the clock of the person who reads, and `goTo(channel)`. */
export function texts(spans, look) {
  const out = document.createDocumentFragment();
  let open = null;
  for (const span of spans) {
    const block = BLOCKS.find((style) => span.styles.includes(style));
    if (!block) {
      open = null;
      out.append(one(span, look));
      continue;
    }
    if (open?.style !== block) {
      open = { style: block, node: el(block === "pre" ? "pre" : "blockquote") };
      out.append(open.node);
    }
    open.node.append(one(span, look));
  }
  return out;
}

function one(span, look) {
  let node = leaf(span, look);
  for (const style of span.styles) if (STYLES[style]) node = el(STYLES[style], {}, node);
  return node;
}

function leaf({ kind, text, target }, look) {
  if (kind === "link" && /^(https?|mailto):/i.test(target)) {
    const elsewhere = target.startsWith(`${location.origin}/#`) ? {} : { target: "_blank", rel: "noopener noreferrer" };
    return el("a", { href: target, ...elsewhere }, text);
  }
  if (kind === "channel") return el("button", { class: "mention", on: { click: () => look.goTo(target) } }, text);
  if (MENTIONS.includes(kind)) return el("span", { class: `mention ${kind}` }, text);
  return letters(kind === "date" ? date(target, text, look.clock) : text);
}

/** A text whose signs of state are drawn, as Slack draws all emoji: they must not depend on a machine's fonts. */
function letters(text) {
  const parts = text.split(SIGN);
  if (parts.length === 1) return document.createTextNode(text);
  const out = document.createDocumentFragment();
  for (const part of parts)
    out.append(SIGNS[part] ? el("span", { class: `sign ${SIGNS[part].replace(" ", "-")}`, role: "img", "aria-label": SIGNS[part] }, part) : part);
  return out;
}

function date(target, fallback, clock) {
  const [epoch, format = ""] = target.split("^");
  const at = Number(epoch);
  if (!Number.isFinite(at)) return fallback;
  const parts = { date_num: clock.date(at), time: clock.time(at), time_secs: clock.time(at) };
  return format.replace(/\{(\w+)\}/g, (_, name) => parts[name] ?? clock.day(at));
}

/** The nodes of a rich_text block or cell. */
export function rich(part) {
  const kinds = { rich_text_preformatted: "pre", rich_text_quote: "blockquote", rich_text_list: "ul" };
  if (part.type?.startsWith("rich_text")) {
    const inside = (part.elements ?? []).map((each) =>
      part.type === "rich_text_list" ? el("li", {}, rich(each)) : rich(each),
    );
    return el(kinds[part.type] ?? "span", {}, ...inside);
  }
  let node = document.createTextNode(
    part.text ?? (part.type === "link" ? part.url : part.range ? `@${part.range}` : (part.user_id ?? "")),
  );
  if (part.type === "link" && /^https?:/i.test(part.url)) {
    node = el("a", { href: part.url, target: "_blank", rel: "noopener noreferrer" }, node);
  }
  for (const [style, on] of Object.entries(part.style ?? {}))
    if (on && STYLES[style]) node = el(STYLES[style], {}, node);
  return node;
}

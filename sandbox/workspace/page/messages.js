// A list of messages: one node each, redrawn alone when it changes.
import { el, icon } from "/page/dom.js";
import { block } from "/page/blocks.js";
import { texts } from "/page/mrkdwn.js";

const TOGETHER_S = 300; // what one person says within five minutes stands under one name
const NEAR = 80; // pixels from the end: whoever is that near wants to stay at the end

export const seconds = (ts) => Number(ts);

export class List {
  /** `list` is the <ol>, `scroll` what scrolls around it; `look` is what blocks and texts need. */
  constructor(list, scroll, look) {
    Object.assign(this, { list, scroll, look: { ...look, settle: () => this.atEnd && this.toEnd() }, nodes: new Map(), atEnd: true });
    new ResizeObserver(() => this.look.settle()).observe(scroll);
    scroll.addEventListener("scroll", () => (this.atEnd = scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight < NEAR));
  }

  /** Shows exactly these messages, oldest first. */
  show(messages) {
    this.nodes.clear();
    this.list.replaceChildren();
    for (const message of messages) this.put(message);
    this.toEnd();
  }

  /** Adds a message, or redraws it in its place. */
  put(message) {
    const old = this.nodes.get(message.ts);
    const node = this.draw(message);
    this.nodes.set(message.ts, node);
    if (old) old.replaceWith(node);
    else this.place(node);
    this.group(node);
    if (node.nextElementSibling) this.group(node.nextElementSibling);
    if (this.atEnd) this.toEnd();
  }

  drop(ts) {
    const next = this.nodes.get(ts)?.nextElementSibling;
    this.nodes.get(ts)?.remove();
    this.nodes.delete(ts);
    if (next) this.group(next);
  }

  toEnd() {
    this.scroll.scrollTop = this.scroll.scrollHeight;
    this.atEnd = true;
  }

  place(node) {
    let after = this.list.lastElementChild;
    while (after && seconds(after.dataset.ts) > seconds(node.dataset.ts)) after = after.previousElementSibling;
    if (after) after.after(node);
    else this.list.prepend(node);
  }

  /** A new day gets its line, and a message soon after one of the same person no name. */
  group(node) {
    const before = node.previousElementSibling;
    const [at, { clock }] = [seconds(node.dataset.ts), this.look];
    const sameDay = before && clock.day(seconds(before.dataset.ts)) === clock.day(at);
    node.dataset.day = sameDay ? "" : clock.day(at);
    const goesOn = sameDay && before.dataset.user === node.dataset.user && before.dataset.private === node.dataset.private;
    node.classList.toggle("joined", Boolean(goesOn) && at - seconds(before.dataset.ts) < TOGETHER_S);
  }

  draw(message) {
    const { people, clock } = this.look;
    const person = people.get(message.user) ?? { name: message.user, is_bot: false };
    const at = seconds(message.ts);
    return el(
      "li",
      { class: message.private_to ? "message private" : "message", "data-ts": message.ts, "data-user": message.user, "data-private": message.private_to },
      avatar(person),
      el(
        "div",
        { class: "said" },
        message.private_to ? el("p", { class: "eye" }, icon("eye"), "Only visible to you") : null,
        el("p", { class: "who" }, el("strong", {}, person.name), person.is_bot ? el("span", { class: "badge" }, "APP") : null, el("time", { title: clock.full(at) }, clock.time(at))),
        ...this.content(message),
        this.replies(message),
      ),
      this.tools(message),
    );
  }

  content(message) {
    const blocks = message.blocks.map((part) => block(part, message, this.look));
    const text = blocks.length || !message.text.length ? [] : [el("div", { class: "block text" }, el("p", {}, texts(message.text, this.look)))];
    const edited = message.edited ? [el("span", { class: "edited" }, "(edited)")] : [];
    return [...blocks, ...text, ...edited, ...message.files.map(attachment)];
  }

  replies(message) {
    const { replies, open } = this.look;
    const count = replies?.(message) ?? 0;
    if (!count) return null;
    return el("button", { class: "replies", on: { click: () => open(message) } }, count === 1 ? "1 reply" : `${count} replies`);
  }

  tools(message) {
    const { open } = this.look;
    if (!open || message.private_to) return null;
    return el("button", { class: "tool plain", "aria-label": "Reply in thread", title: "Reply in thread", on: { click: () => open(message) } }, icon("reply"));
  }
}

export function avatar(person) {
  if (person.handle === "paybot") return el("img", { class: "avatar", src: "/page/paybot.svg", alt: "" });
  const initials = person.name.split(" ").map((word) => word[0]).join("").slice(0, 2);
  return el("span", { class: `avatar ${person.handle ?? ""}`, "aria-hidden": "true" }, initials);
}

function attachment(file) {
  if (file.type.startsWith("image/")) return el("div", { class: "block image" }, el("img", { src: file.path, alt: file.title }));
  const size = file.size < 1000 ? `${file.size} B` : `${Math.round(file.size / 1000)} kB`;
  return el("a", { class: "file", href: file.path, download: file.name }, icon("file"), el("strong", {}, file.title), el("small", {}, `${file.name}, ${size}`));
}

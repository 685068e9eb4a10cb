// A list of messages: one node each, redrawn alone when it changes.
import { el, icon, keepFocus } from "/page/dom.js";
import { block } from "/page/blocks.js";
import { texts } from "/page/mrkdwn.js";

const TOGETHER_S = 300; // what one person says within five minutes stands under one name
const MOST_FACES = 3; // beside the number of replies
const NEAR = 80; // pixels from the end: whoever is that near wants to stay at the end

export const seconds = (ts) => Number(ts);

export class List {
  /** `list` is the <ol>, `scroll` what scrolls around it; `look` is what blocks and texts need. */
  constructor(list, scroll, look) {
    Object.assign(this, { list, scroll, nodes: new Map(), stay: "bottom", newest: "" });
    this.look = { ...look, settle: (picture) => this.settle(picture) };
    new ResizeObserver(() => this.hold()).observe(scroll);
    scroll.addEventListener("scroll", () => this.scrolled());
  }

  /** Shows exactly these messages, oldest first. */
  show(messages) {
    this.nodes.clear();
    this.list.replaceChildren();
    for (const message of messages) this.put(message);
    this.newest = "";
    this.stay = "bottom";
    this.hold();
  }

  /** Adds a message, or redraws it in its place, where the reader's eyes are. */
  put(message) {
    const old = this.nodes.get(message.ts);
    const node = this.draw(message);
    this.nodes.set(message.ts, node);
    if (old) keepHeights(old, node);
    if (old) keepFocus(old, () => (old.replaceWith(node), node));
    else this.place(node);
    this.group(node);
    if (node.nextElementSibling) this.group(node.nextElementSibling);
    if (old) return;
    this.newest = message.ts;
    if (this.stay) this.stay = "newest";
    this.hold();
  }

  /** A picture has come, and with it its height. */
  settle(picture) {
    picture.style.minHeight = "";
    this.hold();
  }

  /** Goes to a message, once all pictures are there, and shows which it is. */
  async seek(ts) {
    await Promise.allSettled([...this.list.querySelectorAll("img")].map((picture) => picture.decode()));
    this.nodes.get(ts)?.scrollIntoView({ block: "start" });
    this.nodes.get(ts)?.classList.add("sought");
  }

  drop(ts) {
    const next = this.nodes.get(ts)?.nextElementSibling;
    this.nodes.get(ts)?.remove();
    this.nodes.delete(ts);
    if (next) this.group(next);
  }

  /** Keeps what the reader looks at: the bottom, or the newest message, from its beginning where it is too long to be seen whole. */
  hold() {
    const { list, scroll, newest } = this;
    const last = list.lastElementChild;
    if (this.stay) scroll.scrollTop = this.bottom();
    if (this.stay === "newest" && last?.dataset.ts === newest)
      scroll.scrollTop = Math.min(this.bottom(), last.offsetTop);
    this.held = scroll.scrollTop;
  }

  scrolled() {
    const { scroll } = this;
    if (this.stay === "newest" && Math.abs(scroll.scrollTop - this.held) < 2) return;
    this.stay = this.bottom() - scroll.scrollTop < NEAR ? "bottom" : "";
  }

  bottom() {
    return this.scroll.scrollHeight - this.scroll.clientHeight;
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
    const goesOn =
      sameDay &&
      !node.querySelector("[data-block]") &&
      before.dataset.user === node.dataset.user &&
      before.dataset.private === node.dataset.private;
    node.classList.toggle("joined", Boolean(goesOn) && at - seconds(before.dataset.ts) < TOGETHER_S);
  }

  draw(message) {
    const { people, clock } = this.look;
    const person = people.get(message.user) ?? { name: message.user, is_bot: false };
    const at = seconds(message.ts);
    return el(
      "li",
      {
        class: message.private_to ? "message private" : "message",
        "data-ts": message.ts,
        "data-user": message.user,
        "data-private": message.private_to,
      },
      avatar(person),
      el(
        "div",
        { class: "said" },
        message.private_to ? el("p", { class: "eye" }, icon("eye"), "Only visible to you") : null,
        el(
          "p",
          { class: "who" },
          el("strong", {}, person.name),
          person.is_bot ? el("span", { class: "badge" }, "APP") : null,
          el("time", { title: clock.full(at) }, clock.time(at)),
        ),
        ...this.content(message),
        this.replies(message),
      ),
      this.tools(message),
    );
  }

  content(message) {
    const blocks = message.blocks.map((part) => block(part, message, this.look));
    const text =
      blocks.length || !message.text.length
        ? []
        : [el("div", { class: "block text" }, el("p", {}, texts(message.text, this.look)))];
    const edited = message.edited ? [el("span", { class: "edited" }, "(edited)")] : [];
    return [...blocks, ...text, ...edited, ...message.files.map(attachment)];
  }

  replies(message) {
    const { replies, open, people, clock } = this.look;
    const answers = replies?.(message) ?? [];
    if (!answers.length) return null;
    const faces = [...new Set(answers.map((each) => each.user))].slice(0, MOST_FACES);
    return el(
      "button",
      { class: "replies", on: { click: () => open(message) } },
      ...faces.map((user) => avatar(people.get(user) ?? { name: user })),
      answers.length === 1 ? "1 reply" : `${answers.length} replies`,
      el("small", {}, ` Last at ${clock.time(seconds(answers.at(-1).ts))}`),
    );
  }

  tools(message) {
    const { open, then } = this.look;
    if (message.private_to) return null;
    const traits = { class: "tool plain", "aria-label": "Reply in thread", title: "Reply in thread" };
    const reply = open ? el("button", { ...traits, on: { click: () => open(message) } }, icon("reply")) : null;
    return el("div", { class: "tools" }, reply, menu(() => then(message)));
  }
}

/** The message's menu, with what apps have put into it. */
function menu(chosen) {
  const entry = el("button", { type: "button", on: { click: chosen } }, "What was happening then?");
  const summary = el("summary", { class: "plain", "aria-label": "More actions", title: "More actions" }, "⋯");
  const node = el("details", { class: "overflow" }, summary, el("div", {}, entry));
  const shut = () => (node.open = false);
  entry.addEventListener("click", shut);
  node.addEventListener("keydown", (event) => event.key === "Escape" && node.open && (event.preventDefault(), shut()));
  node.addEventListener("focusout", (event) => node.contains(event.relatedTarget) || shut());
  return node;
}

export function avatar(person) {
  if (person.handle === "paybot") return el("img", { class: "avatar", src: "/page/paybot.svg", alt: "" });
  const initials = person.name
    .split(" ")
    .map((word) => word[0])
    .join("")
    .slice(0, 2);
  return el("span", { class: `avatar ${person.handle ?? ""}`, "aria-hidden": "true" }, initials);
}

/** Until the new pictures have come, their places stay as high as those of the old ones: nothing jumps. */
function keepHeights(old, node) {
  const before = [...old.querySelectorAll(".picture img")];
  [...node.querySelectorAll(".picture img")].forEach((picture, number) => {
    if (before[number]) picture.style.minHeight = `${before[number].offsetHeight}px`;
  });
}

function attachment(file) {
  if (file.type.startsWith("image/"))
    return el("div", { class: "block image" }, el("img", { src: file.path, alt: file.title }));
  const size = file.size < 1000 ? `${file.size} B` : `${Math.round(file.size / 1000)} kB`;
  return el(
    "a",
    { class: "file", href: file.path, download: file.name },
    icon("file"),
    el("strong", {}, file.title),
    el("small", {}, `${file.name}, ${size}`),
  );
}

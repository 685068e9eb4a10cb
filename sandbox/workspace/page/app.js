// The page: who one is, where one is, and what is shown of it.
import { $, clock, el, icon, keepFocus } from "/page/dom.js";
import { act, listen, load } from "/page/sync.js";
import { List, avatar, seconds } from "/page/messages.js";
import { Composer } from "/page/composer.js";
import { busy, settle } from "/page/busy.js";
import { offered } from "/page/hints.js";
import * as home from "/page/home.js";
import * as drawer from "/page/drawer.js";
import * as modal from "/page/modal.js";
import * as paged from "/page/paged.js";

const FAILED = {
  is_archived: "This channel is archived.",
  operation_timeout: "paybot did not answer in 3 s.",
  dispatch_failed: "paybot could not be reached.",
  message_not_found: "This message is gone.",
  action_not_found: "This button is gone.",
  option_not_found: "This choice is gone.",
};

const HOME = "home"; // where one is while one looks at it
const HOME_PRESS = { ts: HOME };
const people = new Map();
const channels = new Map();
const messages = new Map(); // channel -> ts -> message
const unread = new Set();
let hints = [];
let user = localStorage.getItem("user") ?? "";
let here = "";
let published = null; // the Home that paybot has published for the person
let parent = null; // the message whose thread is open
let time = { now: 0, speed: 1, read: 0 };
let stop = () => {};
let early = []; // what happened while the state was being loaded; null afterwards

const me = () => ({ user, clock: look.clock });
const look = { people, clock: clock("UTC"), goTo, press, then };
const main = new List($("messages"), $("scroll"), {
  ...look,
  replies: (message) => thread(message).filter((each) => !each.private_to),
  open: openThread,
});
const side = new List($("thread-messages"), $("thread-scroll"), look);
const composer = new Composer($("composer"), {
  label: "Message",
  tip: "Type / for what paybot answers",
  hints: (text) => offered(hints, text, false),
  send: (text) => say(text),
});
const reply = new Composer($("thread-composer"), {
  label: "Reply …",
  tip: "Ask here with @paybot",
  hints: (text) => offered(hints, text, true),
  send: (text) => say(text, parent),
});

// What is shown

const all = (channel) => [...messages.get(channel).values()].sort((one, other) => seconds(one.ts) - seconds(other.ts));
const top = (channel) => all(channel).filter((message) => !message.thread_ts);
const thread = (message) => all(message.channel).filter((each) => each.thread_ts === message.ts);

function goTo(channel) {
  if (!channels.has(channel)) return;
  here = channel;
  showHome(false);
  unread.delete(channel);
  const { name, topic, archived } = channels.get(channel);
  $("title").textContent = `# ${name}`;
  $("topic").textContent = topic;
  document.title = `#${name} · paybot sandbox`;
  composer.name(`Message #${name}`, archived ? `#${name} is archived: nobody can write here any more.` : "");
  welcome();
  main.show(top(channel));
  closeThread();
  drawSidebar();
  sidebar(false);
}

/** Opens paybot's Home, as a click on the app does: paybot hears of it, and publishes it anew. */
async function openHome() {
  here = HOME;
  $("title").textContent = "paybot";
  $("topic").textContent = "Home";
  document.title = "paybot · paybot sandbox";
  showHome(true);
  home.draw(published, main.look);
  closeThread();
  drawSidebar();
  sidebar(false);
  const answer = await act("home", { user });
  if (!answer.ok) notice(answer.error);
}

function showHome(open) {
  $("home").hidden = !open;
  $("scroll").hidden = $("composer").hidden = open;
  if (open) $("welcome").hidden = true;
}

/** Goes where the address says, as the links to messages do: #channel/ts. */
function follow() {
  const [channel, ts] = location.hash.slice(1).split("/");
  const message = messages.get(channel)?.get(ts);
  if (!message) return;
  goTo(channel);
  main.seek(message.thread_ts || ts);
  if (message.thread_ts) openThread(messages.get(channel).get(message.thread_ts));
}

function drawSidebar() {
  const channel = ({ id, name, archived }) => {
    const traits = {
      class: unread.has(id) ? "unread" : "",
      "data-channel": id,
      "aria-current": id === here ? "true" : null,
      on: { click: () => goTo(id) },
    };
    return el(
      "li",
      {},
      el(
        "button",
        traits,
        archived ? icon("archive") : el("span", { "aria-hidden": "true" }, "#"),
        name,
        unread.has(id) ? el("span", { class: "dot", role: "img", "aria-label": "unread" }) : null,
      ),
    );
  };
  const person = (each) => {
    const traits = {
      "data-person": each.id,
      "aria-pressed": String(each.id === user),
      on: { click: () => become(each.id) },
    };
    return el("li", {}, el("button", traits, avatar(each), el("span", {}, each.name, el("small", {}, each.role))));
  };
  const present = [...people.values()].filter((each) => each.here);
  $("open-home").toggleAttribute("aria-current", here === HOME);
  keepFocus($("channels"), () => $("channels").replaceChildren(...[...channels.values()].map(channel)));
  keepFocus($("people"), () => $("people").replaceChildren(...present.map(person)));
}

function openThread(message) {
  parent = message;
  $("thread").hidden = false;
  $("drawer").hidden = true;
  $("thread-channel").textContent = `# ${channels.get(message.channel).name}`;
  side.show([message, ...thread(message)]);
  reply.field.focus();
}

function closeThread() {
  const inside = $("thread").contains(document.activeElement);
  if (inside) main.nodes.get(parent.ts)?.querySelector(".replies, .tool")?.focus();
  parent = null;
  $("thread").hidden = true;
}

function tick() {
  const now = time.now + ((performance.now() - time.read) / 1000) * time.speed;
  const zone = people.get(user)?.zone ?? "UTC";
  const pace = time.speed < 1.5 ? "" : ` · ${time.speed} × speed`;
  $("clock").textContent = time.now
    ? `${look.clock.full(now)} · ${zone.split("/").pop().replace("_", " ")}${pace}`
    : "";
}

// What happens

function happened(event) {
  if (early) return early.push(event);
  if (event.kind === "company") return company(event.company);
  if (event.kind === "home") return homeCame(event);
  if (event.kind === "view") return modal.show(event.view, user, main.look);
  if (event.kind === "view_gone") return modal.hide(event.id);
  const old = messages.get(event.channel).get(event.ts);
  if (event.kind === "gone") messages.get(event.channel).delete(event.ts);
  else messages.get(event.channel).set(event.ts, event.message);
  settle(event);
  if (event.kind === "said" && event.channel !== here) {
    unread.add(event.channel);
    drawSidebar();
  }
  if (event.channel === here) redraw(event, event.message ?? old);
}

function homeCame(event) {
  published = event.home;
  settle(HOME_PRESS);
  if (here === HOME) home.draw(published, main.look);
}

function redraw({ kind, ts }, message) {
  if (!message) return;
  const root = message.thread_ts ? messages.get(here).get(message.thread_ts) : message;
  if (kind === "gone" && root === message) main.drop(ts);
  else if (root) main.put(root);
  if (!parent || root?.ts !== parent.ts) return;
  if (kind === "gone") side.drop(ts);
  else side.put(message);
}

function company(state) {
  time = { ...state.clock, read: performance.now() };
  drawer.draw(state, me);
  paged.ask(me);
  tick();
}

// What the person does

async function say(text, root) {
  const answer = await act("say", { user, channel: here, text, thread_ts: root?.ts ?? "" });
  if (!answer.ok) notice(answer.error);
  else if (text.startsWith("/pay") && !$("welcome").hidden) welcome("asked");
}

async function press(message, block, element, value, node) {
  if (!message) return notice("buttons do nothing in a modal of this small Slack");
  const rest = busy(message, node);
  const { channel, ts } = message;
  const pressed = { user, block_id: block.block_id, action_id: element.action_id, value };
  const answer = message.home ? await act("home/press", pressed) : await act("press", { ...pressed, channel, ts });
  if (!answer.ok || element.url) rest();
  if (!answer.ok) notice(answer.error);
}

/** Uses the message shortcut "What was happening then?". */
async function then({ channel, ts }) {
  const answer = await act("shortcut", { user, channel, ts });
  if (!answer.ok) notice(answer.error);
}

function notice(error) {
  $("notice").textContent = FAILED[error] ?? `That did not work: ${error}.`;
  $("notice").hidden = false;
  setTimeout(() => ($("notice").hidden = true), 5_000);
}

async function become(id) {
  user = id;
  localStorage.setItem("user", id);
  stop();
  early = [];
  stop = listen(user, { opened: begin, happened, lost: () => ($("offline").hidden = false) });
}

/** Draws everything from the sandbox's present state. */
async function begin() {
  const asked = user;
  early ??= [];
  const state = await load(asked);
  if (asked !== user) return;
  for (const person of state.people) people.set(person.id, person);
  channels.clear();
  for (const channel of state.channels) channels.set(channel.id, channel);
  for (const id of channels.keys()) messages.set(id, new Map());
  for (const message of state.messages) messages.get(message.channel).set(message.ts, message);
  if (!people.get(user)?.here) return become(state.people.find((person) => person.here).id);
  hints = state.hints;
  look.clock = main.look.clock = side.look.clock = clock(people.get(user).zone);
  $("team").textContent = state.team;
  $("offline").hidden = true;
  company(state.company);
  published = state.home;
  home.forget();
  if (here === HOME) openHome();
  else goTo(channels.has(here) ? here : state.channels[0].id);
  follow();
  const missed = early;
  early = null;
  missed.forEach(happened);
  document.body.dataset.ready = user;
}

function sidebar(open) {
  document.body.classList.toggle("menu", open);
  $("menu").setAttribute("aria-expanded", String(open));
}

function toggleDrawer(open) {
  if (!open && $("drawer").contains(document.activeElement)) $("open-drawer").focus();
  $("drawer").hidden = !open;
  $("open-drawer").setAttribute("aria-expanded", String(open));
  if (open) (closeThread(), paged.ask(me));
  sidebar(false);
}

function toggleTheme() {
  const dark =
    document.documentElement.dataset.theme ?? (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
  document.documentElement.dataset.theme = dark === "dark" ? "light" : "dark";
  localStorage.setItem("theme", document.documentElement.dataset.theme);
}

/** The card with the first steps stands in the first channel: its first line until one has asked, all of it until it is closed. */
function welcome(step) {
  if (step) localStorage.setItem("welcomed", step);
  const done = localStorage.getItem("welcomed");
  $("welcome").hidden = done === "closed" || here !== [...channels.keys()][0];
  $("welcome-ask").hidden = done === "asked";
}

$("menu").addEventListener("click", () => sidebar(!document.body.classList.contains("menu")));
$("theme").addEventListener("click", toggleTheme);
$("open-home").addEventListener("click", openHome);
$("open-drawer").addEventListener("click", () => toggleDrawer($("drawer").hidden));
$("drawer-close").addEventListener("click", () => toggleDrawer(false));
$("thread-close").addEventListener("click", closeThread);
$("enlarged").addEventListener("click", (event) => event.target === $("enlarged") && $("enlarged").close());
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && !event.defaultPrevented && !document.querySelector("dialog[open]"))
    (toggleDrawer(false), closeThread(), sidebar(false));
});
$("welcome-close").addEventListener("click", () => (welcome("closed"), composer.field.focus()));
$("welcome-drawer").addEventListener("click", () => toggleDrawer(true));
$("welcome-try").addEventListener("click", () => composer.fill($("welcome-try").textContent));
addEventListener("hashchange", follow);
setInterval(tick, 1_000);
paged.watch(me);
become(user);

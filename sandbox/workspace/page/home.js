// The bot's Home: what it has published for the acting person, redrawn block by block.
import { $, el, keepFocus } from "/page/dom.js";
import { block } from "/page/blocks.js";

const HOME = { home: true, ts: "home" }; // what a press in it belongs to, as a message's would be the message

let nodes = []; // what each block was drawn from, and its node

/** Shows a view, or that there is none yet. Blocks that have not changed stay as they are: pictures do not flash. */
export function draw(home, look) {
  const old = new Map(nodes.map(({ from, node }) => [from, node]));
  const settle = (picture) => (picture.style.minHeight = "");
  const heights = [...$("home-blocks").querySelectorAll("img")].map((picture) => picture.offsetHeight);
  nodes = (home?.blocks ?? []).map((part) => {
    const from = JSON.stringify(part);
    return { from, node: old.get(from) ?? block(part, HOME, { ...look, settle }) };
  });
  const shown = home ? nodes.map(({ node }) => node) : [el("p", { class: "none" }, "paybot has not shown anything here yet.")];
  keepFocus($("home-blocks"), () => $("home-blocks").replaceChildren(...shown));
  [...$("home-blocks").querySelectorAll("img")].forEach((picture, number) => {
    if (!picture.complete && heights[number]) picture.style.minHeight = `${heights[number]}px`;
  });
}

/** Forgets what is drawn: the next view is another person's, on another clock. */
export function forget() {
  nodes = [];
}

// Where one types: hints, what was said before, and sending.
import { el, icon } from "/page/dom.js";

const MOST_HINTS = 8;

export class Composer {
  /** `hints` is a function of the text so far; `send(text)` says it; `tip` stands below the field. */
  constructor(parent, { label, tip, hints, send }) {
    Object.assign(this, { hints, send, said: [], back: 0, picked: -1 });
    const id = `${parent.id}-hints`;
    this.list = el("ul", { id, class: "hints", role: "listbox", "aria-label": "Suggestions", hidden: true });
    this.field = el("textarea", {
      rows: 1,
      "aria-label": label,
      placeholder: label,
      role: "combobox",
      "aria-expanded": "false",
      "aria-controls": id,
      "aria-autocomplete": "list",
      autocomplete: "off",
      spellcheck: "false",
    });
    this.button = el("button", { class: "send", type: "submit", "aria-label": "Send", disabled: true }, icon("send"));
    this.form = el(
      "form",
      { class: "composer" },
      this.list,
      this.field,
      el("div", { class: "under" }, el("small", {}, tip), this.button),
    );
    this.note = el("p", { class: "note", hidden: true });
    parent.replaceChildren(this.form, this.note);
    this.field.addEventListener("input", () => this.typed());
    this.field.addEventListener("keydown", (event) => this.key(event));
    this.field.addEventListener("blur", () => setTimeout(() => this.close(), 150));
    this.form.addEventListener("submit", (event) => (event.preventDefault(), this.submit()));
  }

  /** What one reads in the empty field, or, with `closed`, in place of it. */
  name(label, closed = "") {
    this.field.placeholder = label;
    this.field.setAttribute("aria-label", label);
    this.form.hidden = Boolean(closed);
    this.note.hidden = !closed;
    this.note.textContent = closed;
  }

  fill(text) {
    this.field.value = text;
    this.field.focus();
    this.typed();
  }

  typed() {
    this.field.style.height = "auto";
    this.field.style.height = `${this.field.scrollHeight}px`;
    this.button.disabled = !this.field.value.trim();
    this.offer();
  }

  offer() {
    this.picked = -1;
    this.shown = this.field.value ? this.hints(this.field.value).slice(0, MOST_HINTS) : [];
    this.list.replaceChildren(...this.shown.map((hint, number) => this.hint(hint, number)));
    this.list.hidden = !this.shown.length;
    this.field.setAttribute("aria-expanded", String(!this.list.hidden));
    this.field.removeAttribute("aria-activedescendant");
  }

  hint({ text, what }, number) {
    const take = (event) => (event.preventDefault(), this.fill(text));
    return el(
      "li",
      { id: `${this.list.id}-${number}`, role: "option", "aria-selected": "false", on: { mousedown: take } },
      el("code", {}, text),
      el("span", {}, what),
    );
  }

  pick(step) {
    this.picked = (this.picked + step + this.shown.length) % this.shown.length;
    [...this.list.children].forEach((item, number) =>
      item.setAttribute("aria-selected", String(number === this.picked)),
    );
    this.field.setAttribute("aria-activedescendant", this.list.children[this.picked].id);
    this.list.children[this.picked].scrollIntoView({ block: "nearest" });
  }

  close() {
    this.list.hidden = true;
    this.field.setAttribute("aria-expanded", "false");
  }

  key(event) {
    const keys = this.list.hidden ? this.keysAlone : this.keysWithHints;
    if (event.isComposing || !keys[event.key]?.call(this, event)) return;
    event.preventDefault();
  }

  /** Each says whether it has dealt with the key. */
  keysWithHints = {
    ArrowDown: () => (this.pick(1), true),
    ArrowUp: () => (this.pick(this.picked < 0 ? 0 : -1), true),
    Tab: (event) => !event.shiftKey && (this.fill(this.shown[Math.max(this.picked, 0)].text), this.close(), true),
    Enter: (event) =>
      this.picked >= 0 ? (this.fill(this.shown[this.picked].text), this.close(), true) : this.keysAlone.Enter(event),
    Escape: () => (this.close(), true),
  };

  keysAlone = {
    Enter: (event) => !event.shiftKey && (this.submit(), true),
    ArrowUp: () => this.recall(1),
    ArrowDown: () => this.recall(-1),
  };

  recall(step) {
    const typing = this.field.value && this.field.value !== this.said[this.said.length - this.back];
    const back = Math.min(Math.max(this.back + step, 0), this.said.length);
    if (typing || back === this.back) return false;
    this.back = back;
    this.field.value = this.said[this.said.length - back] ?? "";
    this.typed();
    this.close();
    return true;
  }

  async submit() {
    const text = this.field.value.trim();
    if (!text) return;
    this.said.push(text);
    this.back = 0;
    this.field.value = "";
    this.typed();
    await this.send(text);
  }
}

// A long text with a search. Only the lines on the screen are in the document.
"use strict";

// The greatest height in pixels that a browser can scroll. A longer text scrolls in bigger steps.
const MOST_HEIGHT = 8e6;

class Lines {
  // `open` is called with the number of a line that the user chose.
  constructor(place, name, open) {
    this.open = open;
    this.lines = [];
    this.hits = [];
    this.words = "";
    this.now = 0;
    this.input = make("input", {
      type: "search",
      "aria-label": `Search in the ${name}`,
      placeholder: "Search (/)",
      autocomplete: "off",
      spellcheck: "false",
    });
    this.found = make("output", { role: "status" });
    this.before = make("button", { type: "button", "aria-label": "The hit before" }, "\u2191");
    this.after = make("button", { type: "button", "aria-label": "The next hit" }, "\u2193");
    this.form = make(
      "form",
      { class: "search", role: "search" },
      this.input,
      this.before,
      this.after,
      this.found,
    );
    this.space = make("div", { class: "space" });
    this.box = make(
      "div",
      { class: "lines", tabindex: "0", role: "listbox", "aria-label": sentence(name) },
      this.space,
    );
    this.printed = make("pre", { class: "printed" });
    place.replaceChildren(this.form, this.box, this.printed);
    this.listen();
  }

  listen() {
    this.box.addEventListener("scroll", () => this.fill());
    this.box.addEventListener("keydown", (press) => this.onKey(press));
    this.box.addEventListener("click", ({ target }) => {
      const row = target.closest("[data-at]");
      if (row) this.choose(Number(row.dataset.at));
    });
    this.box.addEventListener("dblclick", () => this.open(this.now));
    this.input.addEventListener("input", () => this.search(this.input.value));
    this.form.addEventListener("submit", (press) => {
      press.preventDefault();
      this.step(1);
    });
    this.input.addEventListener("keydown", (press) => {
      if (press.key === "Enter" && press.shiftKey) {
        press.preventDefault();
        this.step(-1);
      }
    });
    this.before.addEventListener("click", () => this.step(-1));
    this.after.addEventListener("click", () => this.step(1));
    new ResizeObserver(() => this.fill()).observe(this.box);
    addEventListener("beforeprint", () => {
      this.printed.textContent = this.lines.slice(0, 2000).join("\n");
    });
    addEventListener("afterprint", () => {
      this.printed.textContent = "";
    });
  }

  show(text) {
    this.lines = text.split("\n");
    if (this.lines[this.lines.length - 1] === "") this.lines.pop();
    this.widest = this.lines.reduce((most, line) => Math.max(most, line.length), 0);
    this.now = Math.min(this.now, Math.max(0, this.lines.length - 1));
    this.search(this.words);
    this.fill();
  }

  get step_height() {
    return parseFloat(getComputedStyle(this.box).lineHeight);
  }

  // The pixels of the scroll bar for one line. In a very long text a line is higher than that.
  get pitch() {
    return Math.min(this.step_height, MOST_HEIGHT / Math.max(this.lines.length, 1));
  }

  fill() {
    const { box, space, lines } = this;
    if (!box.clientHeight) return;
    const height = this.step_height,
      shown = Math.ceil(box.clientHeight / height) + 2;
    const whole = Math.max(lines.length * this.pitch, box.clientHeight);
    space.style.height =
      (this.pitch < height ? whole + box.clientHeight : lines.length * height) + "px";
    space.style.width = `max(100%, calc(${this.widest}ch + 6.5em))`;
    const first = Math.max(
      0,
      Math.min(Math.floor(box.scrollTop / this.pitch), lines.length - shown + 2),
    );
    const top = this.pitch < height ? box.scrollTop : first * height;
    const rows = [];
    for (let at = first; at < Math.min(first + shown, lines.length); at++) {
      const row = this.row(at);
      row.style.top = top + (at - first) * height + "px";
      rows.push(row);
    }
    space.replaceChildren(...rows);
    const isShown = this.now >= first && this.now < first + shown && lines.length;
    if (isShown) box.setAttribute("aria-activedescendant", "line" + this.now);
    else box.removeAttribute("aria-activedescendant");
  }

  row(at) {
    const line = this.lines[at];
    const kind = line.startsWith("== ")
      ? " mark"
      : line.startsWith("#")
        ? " head"
        : /\b(violation|stop): /.test(line)
          ? " bad"
          : "";
    const row = make("div", {
      class: "line" + kind + (at === this.now ? " now" : ""),
      id: "line" + at,
      "data-at": at,
      role: "option",
      "aria-selected": String(at === this.now),
      "aria-setsize": this.lines.length,
      "aria-posinset": at + 1,
    });
    row.append(make("i", { "aria-hidden": "true" }, String(at + 1)), ...this.marked(line));
    return row;
  }

  // The parts of a line, with each hit of the search marked.
  marked(line) {
    if (!this.words) return [line];
    const lower = line.toLowerCase(),
      words = this.words;
    const parts = [];
    let from = 0;
    for (let at = lower.indexOf(words); at >= 0; at = lower.indexOf(words, from)) {
      parts.push(line.slice(from, at), make("mark", null, line.slice(at, at + words.length)));
      from = at + words.length;
    }
    parts.push(line.slice(from));
    return parts;
  }

  search(words) {
    this.words = words.toLowerCase();
    this.hits = [];
    if (this.words) {
      this.lines.forEach((line, at) => {
        if (line.toLowerCase().includes(this.words)) this.hits.push(at);
      });
      const next = this.hits.find((at) => at >= this.now) ?? this.hits[0];
      if (next !== undefined) this.choose(next);
    }
    this.tell();
    this.fill();
  }

  tell() {
    const at = this.hits.indexOf(this.now);
    this.found.textContent = !this.words
      ? ""
      : !this.hits.length
        ? "not found"
        : `${at < 0 ? "" : grouped(at + 1) + " of "}${counted(this.hits.length, "line")}`;
  }

  // Goes to the next hit or the one before. After the last hit comes the first.
  step(by) {
    if (!this.hits.length) return;
    const next =
      by > 0
        ? (this.hits.find((at) => at > this.now) ?? this.hits[0])
        : (this.hits.filter((at) => at < this.now).pop() ?? this.hits[this.hits.length - 1]);
    this.choose(next);
  }

  choose(at) {
    this.now = Math.max(0, Math.min(at, this.lines.length - 1));
    const top = this.now * this.pitch,
      height = this.step_height;
    const seen = this.box.clientHeight - 2 * height;
    const reach = this.pitch < height ? (seen / height) * this.pitch : seen;
    if (top < this.box.scrollTop) this.box.scrollTop = Math.max(0, top - this.pitch);
    else if (top > this.box.scrollTop + reach) this.box.scrollTop = top - reach;
    this.tell();
    this.fill();
  }

  onKey(press) {
    const page = Math.max(1, Math.floor(this.box.clientHeight / this.step_height) - 2);
    const to = {
      ArrowDown: this.now + 1,
      ArrowUp: this.now - 1,
      PageDown: this.now + page,
      PageUp: this.now - page,
      Home: 0,
      End: this.lines.length - 1,
    }[press.key];
    if (press.key === "Enter") this.open(this.now);
    else if (press.key === "/") this.input.focus();
    else if (to !== undefined) this.choose(to);
    else return;
    press.preventDefault();
  }
}

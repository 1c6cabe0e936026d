// Pictures of a script's run: the bytes on both wires and the interrupt line, over time.
"use strict";

const WAVE = { width: 960, left: 76, right: 14, row: 28, top: 20 };

const hex = (byte) => byte.toString(16).toUpperCase().padStart(2, "0");

// The most parts of a scenario in pictures. A script can start thousands of parts.
const MOST_PARTS = 4;

// The pictures of the scenario that begins at a line: one for each card and each `init`. Pictures
// of the same `init` have the same scale.
function wavesOf(line, on, signals) {
  const drawn = on.flatMap(({ card, scenario }) => {
    const run = signals?.runs.find((one) => one.card === card);
    const parts = run?.scenarios.find((one) => one.line === line)?.parts ?? [];
    const lines = linesOfParts(scenario.lines);
    return parts.map((part, at) => ({ card, at, lines: lines[at] ?? [], ...part }));
  });
  const count = drawn.reduce((most, { at }) => Math.max(most, at + 1), 0);
  const figures = [];
  for (let at = 0; at < Math.min(count, MOST_PARTS); at++) {
    const same = drawn.filter((one) => one.at === at);
    const to = same.reduce((most, one) => Math.max(most, endOf(one)), 1);
    const title = ({ card, line }) => (count > 1 ? `${card}, from line ${line}` : card);
    figures.push(...same.map((one) => new Wave(one, title(one), to).figure()));
  }
  const left = count - MOST_PARTS;
  if (left > 0) figures.push(quiet(`${counted(left, "part")} more, each from an init, not drawn.`));
  return figures;
}

// The lines of a scenario, grouped by the `init` before them.
function linesOfParts(lines) {
  const parts = [];
  for (const one of lines) {
    if (/^init\b/.test(one.text)) parts.push([]);
    parts[parts.length - 1]?.push(one);
  }
  return parts;
}

const endOf = ({ lines, bytes, end_ns }) =>
  [...lines.map(({ time_ns }) => time_ns), ...bytes.map((byte) => byte.end_ns ?? 0)].reduce(
    (most, time) => Math.max(most, time),
    end_ns,
  );

// The step between marks of the axis: 1, 2 or 5 times a power of ten, for about eight marks.
function stepOf(span) {
  const rough = span / 8;
  const power = 10 ** Math.floor(Math.log10(rough));
  return [1, 2, 5, 10].map((times) => times * power).find((step) => step >= rough);
}

class Wave {
  // `to` is the time at the right end, in ns since the `init`.
  constructor({ lines, bytes, irq }, title, to) {
    Object.assign(this, { title, lines, bytes, irq, to });
    this.lanes = ["out", "in"].filter((lane) => bytes.some((byte) => byte.lane === lane));
    this.height = this.y(this.lanes.length + 2);
  }

  x(time) {
    return WAVE.left + (time / this.to) * (WAVE.width - WAVE.left - WAVE.right);
  }

  y(row) {
    return WAVE.top + WAVE.row * row;
  }

  figure() {
    const { lanes } = this;
    const box = { class: "wave", viewBox: `0 0 ${WAVE.width} ${this.height}`, role: "img" };
    const picture = draw("svg", { ...box, "aria-label": this.words() });
    picture.append(...this.axis());
    lanes.forEach((lane, row) => picture.append(...this.lane(lane, row)));
    picture.append(this.name("interrupt", lanes.length), this.line(lanes.length));
    picture.append(this.name("script", lanes.length + 1), ...this.ticks(lanes.length + 1));
    const label = { class: "wide", tabindex: "0", "aria-label": `Signals on ${this.title}` };
    return make("figure", label, make("figcaption", null, this.title), picture);
  }

  name(words, row) {
    return draw("text", { class: "name", x: 0, y: this.y(row) + 18 }, words);
  }

  axis() {
    const step = stepOf(this.to);
    const parts = [];
    for (let time = 0; time <= this.to; time += step) {
      const x = this.x(time);
      parts.push(draw("line", { class: "tick", x1: x, x2: x, y1: 4, y2: this.height }));
      if (x < WAVE.width - 60) parts.push(draw("text", { x: x + 3, y: 13 }, shortTime(time)));
    }
    return parts;
  }

  lane(lane, row) {
    const bytes = this.bytes.filter((byte) => byte.lane === lane);
    const boxes = bytes.flatMap((byte) => this.byte(byte, this.y(row)));
    return [this.name(lane === "out" ? "MIDI OUT" : "MIDI IN", row), ...boxes];
  }

  // Draws a byte. A byte that the wire still carried at the end goes up to the right end.
  byte({ lane, byte, start_ns, end_ns, is_own }, y) {
    const x = this.x(start_ns);
    const width = Math.max(1, this.x(end_ns ?? this.to) - x);
    const box = draw("rect", { class: `byte ${lane}`, x, y: y + 4, width, height: 20 });
    const end = end_ns === null ? "still under way" : `to ${micros(end_ns)} \u00b5s`;
    const words = `${hex(byte)}${is_own ? ", by the card itself" : ""}, ${micros(start_ns)} ${end}`;
    box.append(draw("title", null, words));
    if (width < 18) return [box];
    const place = { x: x + width / 2, y: y + 18, "text-anchor": "middle" };
    return [box, draw("text", { class: "value", ...place }, hex(byte))];
  }

  // Draws the interrupt line as steps. If it first falls, it was up before.
  line(row) {
    const y = (level) => this.y(row) + (level ? 5 : 23);
    const [first] = this.irq;
    const before = !first ? 0 : first.time_ns === 0 ? first.level : 1 - first.level;
    let path = `M${this.x(0)} ${y(before)}`;
    for (const { time_ns, level } of this.irq) path += `H${this.x(time_ns)}V${y(level)}`;
    return draw("path", { class: "irq", d: `${path}H${this.x(this.to)}` });
  }

  // Marks the end of each line of the script. A longer mark is a line that did not do what was
  // expected.
  ticks(row) {
    return this.lines.map(({ time_ns, outcome, text, line }) => {
      const x = this.x(time_ns);
      const isFailed = outcome === "fail";
      const place = { x1: x, x2: x, y1: this.y(row) + (isFailed ? 4 : 10), y2: this.y(row) + 23 };
      const tick = draw("line", { class: isFailed ? "failed" : "access", ...place });
      tick.append(draw("title", null, `line ${line}: ${text}`));
      return tick;
    });
  }

  // The picture in words.
  words() {
    const list = (lane) => {
      const all = this.bytes.filter((byte) => byte.lane === lane).map(({ byte }) => hex(byte));
      const more = all.length > 24 ? ` and ${all.length - 24} more` : "";
      return (all.slice(0, 24).join(" ") || "nothing") + more;
    };
    const changes = counted(this.irq.filter(({ time_ns }) => time_ns > 0).length, "time");
    return (
      `${this.title}: on MIDI OUT ${list("out")}; on MIDI IN ${list("in")}; ` +
      `the interrupt line changes ${changes}`
    );
  }
}

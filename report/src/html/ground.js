// The ground of the lanes: their places, their names, the axis, and the folds of idle time.
//
// A picture is a canvas with its size, its colours and its scale. The same code draws the screen
// and the print.

const HEIGHTS = { 0: 24, 1: 26, 2: 8, 3: 8, 4: 8, 5: 56, 6: 50, 7: 24, 8: 30, 9: 30, 10: 34,
  11: 32, 12: 32 };
const ROW_HEIGHT = 24;
const AXIS_HEIGHT = 26;

// Colours by name, from the style.
function inks(element) {
  const style = getComputedStyle(element);
  const names = ["ground", "panel", "rule", "grid", "text", "muted", "thread", "dpc", "isr", "read",
    "write", "out", "in", "bad", "marker", "select", "shade"];
  const colours = {};
  for (const name of names) colours[name] = style.getPropertyValue("--" + name).trim();
  colours.shade = Number(colours.shade);
  return colours;
}

const levelInk = (ink, level) => [ink.muted, ink.thread, ink.dpc, ink.isr, ink.isr][level];

function laneInk(ink, lane) {
  const { kind } = lane;
  if (kind === LANE.thread) return ink.thread;
  if (kind === LANE.dpc) return ink.dpc;
  if (kind === LANE.isr || kind === LANE.line) return ink.isr;
  if (kind === LANE.out) return ink.out;
  if (kind === LANE.in) return ink.in;
  if (kind === LANE.findings) return ink.bad;
  if (kind === LANE.waiting || kind === LANE.signal) return ink.write;
  if (kind === LANE.accesses) return ink.read;
  return ink.text;
}

// Gives each lane its place. `unit` is the size of the letters, 1 for 16 px.
function layout(height, width, unit) {
  const gutter = Math.round(unit * (width < 560 * unit ? 92 : 136));
  const axis = Math.round(AXIS_HEIGHT * unit);
  const want = lanes.map(({ kind, rows }) =>
    HEIGHTS[kind] + (kind >= LANE.thread && kind <= LANE.isr ? ROW_HEIGHT * rows : 0));
  const sum = want.reduce((a, b) => a + b, 0) * unit;
  const stretch = Math.min(Math.max((height - axis) / Math.max(sum, 1), 0.8), 2.6);
  let y = axis;
  lanes.forEach((lane, index) => {
    lane.y = y;
    lane.height = Math.round(want[index] * unit * stretch);
    y += lane.height;
  });
  return { gutter, axis, bottom: y, unit };
}

// The smallest height that shows all lanes.
function neededHeight(unit) {
  return AXIS_HEIGHT * unit + lanes.reduce((sum, { kind, rows }) =>
    sum + unit * (HEIGHTS[kind] + (kind >= LANE.thread && kind <= LANE.isr ? ROW_HEIGHT * rows : 0)),
  0);
}

// The ground of a picture: the axis, the folds, the names of the lanes.
class Ground {
  constructor(context, width, height, unit, ink) {
    Object.assign(this, { context, width, height, unit, ink });
    Object.assign(this, layout(height, width, unit));
    this.scale = (width - this.gutter) / (view.to - view.from);
    this.sans = `${11.5 * unit}px system-ui, "Segoe UI", "DejaVu Sans", sans-serif`;
    this.bold = `600 ${this.sans}`;
    this.mono = `${11 * unit}px ui-monospace, "DejaVu Sans Mono", monospace`;
  }

  x(virtual) { return this.gutter + (virtual - view.from) * this.scale; }
  x0(event) { return this.x(virtualStart[event]); }
  x1(event) { return this.x(virtualFinish[event]); }

  // The axis, the folds and the lines between lanes.
  drawGrid() {
    const { context, ink, unit } = this;
    context.fillStyle = ink.panel;
    context.fillRect(0, 0, this.width, this.axis);
    for (const [index, knot] of knots.entries()) {
      if (knot.isIdle) this.drawFold(knot, knots[index + 1]);
    }
    this.drawTicks();
    context.fillStyle = ink.rule;
    context.fillRect(0, this.axis - 1, this.width, 1);
    for (const lane of lanes) context.fillRect(0, lane.y + lane.height - 1, this.width, 1);
    context.font = this.sans;
    context.textBaseline = "middle";
    context.fillStyle = ink.muted;
    if (this.gutter > 110 * unit) context.fillText("time since mark", 10 * unit, this.axis / 2);
  }

  drawFold(from, to) {
    const { context, ink, unit } = this;
    const left = Math.max(this.x(from.at), this.gutter), right = Math.min(this.x(to.at), this.width);
    if (right - left < 1) return;
    context.save();
    context.beginPath();
    context.rect(left, this.axis, right - left, this.bottom - this.axis);
    context.clip();
    context.fillStyle = ink.grid;
    context.fillRect(left, this.axis, right - left, this.bottom - this.axis);
    context.strokeStyle = ink.rule;
    context.beginPath();
    for (let at = this.axis - (right - left); at < this.bottom; at += 7 * unit) {
      context.moveTo(left, at + (right - left) * 0.5);
      context.lineTo(right, at);
    }
    context.stroke();
    context.restore();
  }

  // How long each folded stretch is, above the lanes.
  drawFoldLabels() {
    for (const [index, knot] of knots.entries()) {
      if (knot.isIdle) this.drawFoldLabel(knot, knots[index + 1]);
    }
  }

  drawFoldLabel(from, to) {
    const { context, ink, unit } = this;
    const left = Math.max(this.x(from.at), this.gutter), right = Math.min(this.x(to.at), this.width);
    if (right - left < 15 * unit) return;
    context.save();
    context.translate((left + right) / 2, this.axis + 0.4 * (this.bottom - this.axis));
    context.rotate(-Math.PI / 2);
    const text = ((to.time - from.time) / 1e6).toFixed(3) + " ms idle";
    context.font = this.sans;
    context.textBaseline = "middle";
    context.textAlign = "center";
    const half = context.measureText(text).width / 2 + 5 * unit;
    context.fillStyle = ink.grid;
    context.fillRect(-half, -8 * unit, 2 * half, 16 * unit);
    context.fillStyle = ink.muted;
    context.fillText(text, 0, 0);
    context.restore();
  }

  drawTicks() {
    const { context, ink, unit } = this;
    const step = tickStep(1 / this.scale, 92 * unit);
    context.font = this.sans;
    context.textBaseline = "middle";
    let free = this.gutter + 2;
    const tick = (time, base) => {
      const x = this.x(toVirtual(time));
      context.fillStyle = ink.grid;
      context.fillRect(Math.round(x), this.axis, 1, this.bottom - this.axis);
      const text = tickLabel(time - base, step);
      const wide = context.measureText(text).width;
      if (x < free || x + wide > this.width) return;
      context.fillStyle = ink.muted;
      context.fillRect(Math.round(x), this.axis - 6 * unit, 1, 5 * unit);
      context.fillText(text, x + 3 * unit, this.axis / 2);
      free = x + wide + 12 * unit;
    };
    // The stretches between folds and marks each have their own ticks.
    const from = toTime(view.from), to = toTime(view.to);
    const bases = [0, ...marks.map((mark) => start[mark])];
    let base = Math.max(0, lower(bases.length, (at) => bases[at], from + 0.5) - 1);
    let knot = Math.max(0, lower(knots.length, (at) => knots[at].time, from) - 1);
    let at = from;
    while (at < to) {
      const nextKnot = knot + 1 < knots.length ? knots[knot + 1].time : Infinity;
      const nextBase = base + 1 < bases.length ? bases[base + 1] : Infinity;
      const stop = Math.min(to, nextKnot, nextBase);
      if (!knots[knot].isIdle) {
        const first = Math.ceil((at - bases[base]) / step - 1e-9);
        for (let number = first; bases[base] + number * step <= stop; number++) {
          const time = bases[base] + number * step;
          if (time < stop || stop === to || stop === nextKnot) tick(time, bases[base]);
        }
      }
      at = stop;
      if (at >= nextKnot) knot++;
      while (base + 1 < bases.length && at >= bases[base + 1]) base++;
    }
  }

  drawGutter() {
    const { context, ink, unit } = this;
    context.textBaseline = "middle";
    context.textAlign = "left";
    for (const lane of lanes) {
      const middle = lane.y + lane.height / 2;
      context.fillStyle = ink.panel;
      context.fillRect(0, lane.y, this.gutter - 1, lane.height - 1);
      context.fillStyle = laneInk(ink, lane);
      context.fillRect(0, lane.y, 4 * unit, lane.height - 1);
      const hasMeaning = lane.height > 33 * unit && this.gutter > 110 * unit;
      context.font = this.bold;
      context.fillStyle = ink.text;
      const room = this.gutter - 18 * unit;
      this.text(lane.title, 11 * unit, middle - (hasMeaning ? 7 * unit : 0), room);
      if (hasMeaning) {
        context.font = `${10.5 * unit}px system-ui, "DejaVu Sans", sans-serif`;
        context.fillStyle = ink.muted;
        this.text(lane.meaning, 11 * unit, middle + 8 * unit, room - 8 * unit);
      }
      if (lane.kind === LANE.irql) this.drawLevels(lane);
    }
    context.fillStyle = ink.rule;
    context.fillRect(this.gutter - 1, 0, 1, this.bottom);
  }

  drawLevels(lane) {
    const { context, ink, unit } = this;
    context.font = `${9.5 * unit}px system-ui, "DejaVu Sans", sans-serif`;
    context.fillStyle = ink.muted;
    for (const [letter, value] of [["P", 0], ["D", 2], ["I", 3]]) {
      context.fillText(letter, this.gutter - 12 * unit, stepY(lane, value, 3, unit));
    }
  }

  // Text, cut to a width.
  text(text, x, y, room) {
    const { context } = this;
    if (room < 10 * this.unit) return 0;
    let wide = context.measureText(text).width;
    if (wide > room) {
      const keep = Math.floor(text.length * room / wide) - 1;
      if (keep < 2) return 0;
      text = text.slice(0, keep) + "\u2026";
      wide = room;
    }
    context.fillText(text, x, y);
    return wide;
  }

  // The first and the last index of those events of a sorted list that may be in the view.
  range(events) {
    const first = lower(events.length, (at) => virtualStart[events[at]], view.from);
    const last = lower(events.length, (at) => virtualStart[events[at]], view.to);
    return [first, last];
  }

  // The spans that begin before the view and end in it or after it.
  reachingIn(lane, first) {
    const found = [];
    for (let at = first - 1; at >= 0; at = lane.around[at]) {
      if (virtualFinish[lane.spans[at]] >= view.from) found.push(lane.spans[at]);
    }
    return found.reverse();
  }
}

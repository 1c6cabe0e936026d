// The scale: simulated time, time with the idle stretches folded, and pixels.
//
// A stretch without an event or a byte on a wire is folded into a short stretch. `virtual` is time
// with these folds. `view` is the part of this time that is on the screen.

const IDLE_NS = 2.5e6;
const FOLDED_NS = 0.4e6;
const NARROWEST_NS = 40;

let isFolding = true;
// Points of the scale: time, virtual time, and whether an idle stretch begins there.
let knots = [];
const virtualStart = new Float64Array(count);
const virtualFinish = new Float64Array(count);
let whole = { from: 0, to: 1 };
let view = { from: 0, to: 1 };

// Events in order of time. A device may report an event late.
const inOrder = (() => {
  const order = Int32Array.from({ length: count }, (_, event) => event);
  for (let event = 1; event < count; event++) {
    if (start[event] < start[event - 1]) {
      order.sort((a, b) => start[a] - start[b] || a - b);
      break;
    }
  }
  return order;
})();

function buildScale() {
  const first = count ? start[inOrder[0]] : 0;
  knots = [{ time: first, at: 0, isIdle: false }];
  let busy = first;
  for (const event of inOrder) {
    const gap = start[event] - busy;
    if (isFolding && gap > IDLE_NS) {
      const last = knots[knots.length - 1];
      const at = last.at + (busy - last.time);
      knots.push({ time: busy, at, isIdle: true });
      knots.push({ time: start[event], at: at + FOLDED_NS, isIdle: false });
    }
    const isBusy = isByteStart(event) || isPoll(event);
    busy = Math.max(busy, isBusy ? finish[event] : start[event]);
  }
  for (let event = 0; event < count; event++) {
    virtualStart[event] = toVirtual(start[event]);
    virtualFinish[event] = toVirtual(finish[event]);
  }
  const length = Math.max(toVirtual(busy), 1000);
  whole = { from: -0.01 * length, to: 1.015 * length };
}

function toVirtual(time) {
  const index = Math.max(0, lower(knots.length, (at) => knots[at].time, time + 0.5) - 1);
  const { time: from, at, isIdle } = knots[index];
  if (!isIdle) return at + (time - from);
  return at + (time - from) * FOLDED_NS / (knots[index + 1].time - from);
}

function toTime(virtual) {
  const index = Math.max(0, lower(knots.length, (at) => knots[at].at, virtual) - 1);
  const { time: from, at, isIdle } = knots[index];
  if (!isIdle) return from + (virtual - at);
  return from + (virtual - at) * (knots[index + 1].time - from) / FOLDED_NS;
}

function setView(from, to) {
  const length = Math.min(Math.max(to - from, NARROWEST_NS), whole.to - whole.from);
  const middle = (from + to) / 2;
  let begin = middle - length / 2;
  begin = Math.min(Math.max(begin, whole.from), whole.to - length);
  view = { from: begin, to: begin + length };
}

// Zooms by a factor. The point `virtual` stays where it is.
function zoom(factor, virtual) {
  const inside = virtual >= view.from && virtual <= view.to ? virtual : (view.from + view.to) / 2;
  setView(inside - (inside - view.from) * factor, inside + (view.to - inside) * factor);
}

// Moves the view so that it shows an event, with some room at both sides. Returns whether the view
// changed.
function showEvent(event) {
  const length = view.to - view.from;
  const at = virtualStart[event];
  if (at >= view.from + 0.04 * length && at <= view.to - 0.08 * length) return false;
  const before = view.from;
  setView(at - 0.35 * length, at + 0.65 * length);
  return view.from !== before;
}

// The distance of the ticks of the axis: 1, 2 or 5 times a power of ten.
function tickStep(nsPerPixel, pixels) {
  const least = nsPerPixel * pixels;
  const power = 10 ** Math.floor(Math.log10(Math.max(least, 1)));
  return [1, 2, 5, 10].map((factor) => factor * power).find((step) => step >= least);
}

// A time since a mark as a label of the axis. It has as many decimals as the ticks need.
function tickLabel(ns, step) {
  const [unit, name] = ns >= 1e9 ? [1e9, "s"] : ns >= 1e6 ? [1e6, "ms"] : [1e3, "us"];
  const decimals = Math.max(0, Math.min(9, Math.ceil(Math.log10(unit / step) - 1e-9)));
  return "+" + (ns / unit).toFixed(decimals) + " " + name;
}

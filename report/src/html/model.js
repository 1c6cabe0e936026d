"use strict";
// The trace: columns of numbers from the data of the page, and values computed from them.
//
// An event is a number from 0; -1 stands for no event. Times are ns.

const data = JSON.parse(document.getElementById("trace").textContent);
const count = data.times.length;

const MARK = 0, ACCESS = 1, CALL = 2, RETURN = 3, SIGNAL = 4, BYTE = 5, NOTE = 6;
const LANE = { scenario: 0, findings: 1, thread: 2, dpc: 3, isr: 4, irql: 5, accesses: 6, device: 7,
  line: 8, signal: 9, waiting: 10, out: 11, in: 12 };
const LEVELS = ["", "PASSIVE_LEVEL", "DISPATCH_LEVEL", "DIRQL", "DIRQL (raised)"];
const LETTERS = ["-", "P", "D", "I", "R"];

const start = new Float64Array(count);
const finish = new Float64Array(count);
const cause = new Int32Array(count);
const trigger = new Int32Array(count);
const parent = new Int32Array(count);
const end = new Int32Array(count);
const depth = new Uint8Array(count);
const row = new Uint8Array(count);
const shapeOf = data.shape_of;
const laneOf = data.lane_of;
const lanes = data.lanes.map(([kind, title, meaning], number) =>
  ({ kind, title, meaning, number, rows: 1, events: [], spans: [], around: [], y: 0, height: 0 }));
const marks = [];

const shape = (event) => data.shapes[shapeOf[event]];
const isAccess = (event) => shape(event).kind === ACCESS;
const isWrite = (event) => isAccess(event) && shape(event).values[0] === 1;
const isPoll = (event) => isAccess(event) && shape(event).values[4] > 1;
const isByteStart = (event) => shape(event).kind === BYTE && shape(event).values[1] === 0;
const isSpan = (event) => shape(event).kind === CALL && end[event] >= 0;

function decode() {
  const back = (distance, event) => (distance === 0 ? -1 : event - distance);
  let time = 0;
  for (let event = 0; event < count; event++) {
    time += data.times[event];
    start[event] = time;
    cause[event] = back(data.causes[event], event);
    trigger[event] = back(data.triggers[event], event);
    parent[event] = back(data.parents[event], event);
    end[event] = data.ends[event] === 0 ? -1 : event + data.ends[event];
  }
  for (let event = 0; event < count; event++) {
    const { kind, values } = shape(event);
    const around = parent[event];
    finish[event] = end[event] >= 0 ? start[end[event]] : start[event];
    if (kind === ACCESS) finish[event] += (values[4] - 1) * values[5];
    if (kind === MARK) marks.push(event);
    if (around >= 0) {
      depth[event] = Math.min(depth[around] + 1, 20);
      row[event] = laneOf[around] === laneOf[event] ? Math.min(row[around] + 1, 3) : 0;
    }
    lanes[laneOf[event]].events.push(event);
  }
  for (const key of ["times", "causes", "triggers", "parents", "ends"]) data[key] = null;
  for (const lane of lanes) fillLane(lane);
}

// The spans of a lane, each with the span around it, and the rows that the lane needs.
function fillLane(lane) {
  lane.events = Int32Array.from(lane.events);
  const open = [];
  for (const event of lane.events) {
    if (!isSpan(event) && !isByteStart(event) && !isPoll(event)) continue;
    while (open.length && finish[lane.spans[open[open.length - 1]]] < start[event]) open.pop();
    lane.around.push(open.length ? open[open.length - 1] : -1);
    open.push(lane.spans.length);
    lane.spans.push(event);
    if (isSpan(event)) lane.rows = Math.max(lane.rows, row[event] + 1);
  }
}

decode();

// For each event the events whose cause or trigger it is: effectsOf[effectsAt[event] ...].
const effectsAt = new Int32Array(count + 1);
const effectsOf = (() => {
  const each = (take) => {
    for (let event = 0; event < count; event++) {
      if (cause[event] >= 0) take(cause[event], event);
      if (trigger[event] >= 0) take(trigger[event], event);
    }
  };
  each((from) => effectsAt[from + 1]++);
  for (let event = 0; event < count; event++) effectsAt[event + 1] += effectsAt[event];
  const next = effectsAt.slice();
  const all = new Int32Array(effectsAt[count]);
  each((from, event) => { all[next[from]++] = event; });
  return all;
})();

// A next step of the same code is not an effect that a reader looks for.
const isStep = (event) => data.reasons[data.reason_of[event]] === "the step before it";

// The effects of an event, or of all events inside a span; at most `most`.
function effects(event, most) {
  const found = [];
  const last = isSpan(event) ? Math.min(end[event], event + 4000) : event;
  for (let from = event; from <= last && found.length < most; from++) {
    for (let at = effectsAt[from]; at < effectsAt[from + 1] && found.length < most; at++) {
      const effect = effectsOf[at];
      const isInside = effect <= last && last !== event;
      const isOwnEnd = effect === end[event];
      if (!isInside && !isOwnEnd && !isStep(effect) && !found.includes(effect)) found.push(effect);
    }
  }
  return found;
}

// The number of entries of a sorted list whose `of` is less than `value`.
function lower(length, of, value) {
  let low = 0, high = length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (of(middle) < value) low = middle + 1; else high = middle;
  }
  return low;
}

// The last mark at or before an event; -1 before the first one.
const markOf = (event) => {
  const index = lower(marks.length, (at) => marks[at], event + 1) - 1;
  return index < 0 ? -1 : marks[index];
};
const markTime = (event) => { const mark = markOf(event); return mark < 0 ? 0 : start[mark]; };

// The IRQL after an event: 0, 2 or 3.
function irqlAt(event) {
  const index = lower(data.irql.length, (at) => data.irql[at][0], event + 1) - 1;
  return index < 0 ? 0 : data.irql[index][1];
}

// The number of bytes that wait after an event.
function waitingAt(event) {
  const index = lower(data.waiting.length, (at) => data.waiting[at][0], event + 1) - 1;
  return index < 0 ? 0 : data.waiting[index][1];
}

// The innermost span that runs at an event; -1 for none.
function runningAt(event) {
  let before = event;
  if (shape(event).level === 0) {
    before--;
    while (before >= 0 && shape(before).level === 0) before--;
    if (before < 0) return -1;
  }
  let span = isSpan(before) ? before : parent[before];
  while (span >= 0 && end[span] >= 0 && end[span] <= event && end[span] !== event) {
    span = parent[span];
  }
  return span;
}

// The accesses of each register, in order.
const registers = data.registers.map(([port, direction, name, bits]) =>
  ({ port, direction, name, bits, events: [] }));
for (const lane of lanes.filter((lane) => lane.kind === LANE.accesses)) {
  for (const event of lane.events) {
    const { values } = shape(event);
    const found = registers.find((one) => one.port === values[1] && one.direction === values[0]);
    if (found) found.events.push(event);
    else {
      const name = "Port " + hex(values[1], 3);
      registers.push({ port: values[1], direction: values[0], name, bits: [], events: [event] });
    }
  }
}

// The last access of a register up to an event.
function lastAccess(register, event) {
  const { events } = register;
  const index = lower(events.length, (at) => events[at], event + 1) - 1;
  return index < 0 ? -1 : events[index];
}

function hex(value, digits) {
  return value.toString(16).toUpperCase().padStart(digits, "0");
}

const valueOf = (event) => hex(shape(event).values[2] >>> 0, 2 * shape(event).values[3]);

// A time in us with three decimals, as in the text of a trace.
function us(ns) {
  const whole = Math.abs(Math.round(ns));
  const below = String(whole % 1000).padStart(3, "0");
  return (ns < 0 ? "-" : "") + Math.floor(whole / 1000) + "." + below;
}

// The words of a call without the verb.
const label = (event) => shape(event).words.replace(/^call /, "");

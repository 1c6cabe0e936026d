// The lanes: all that stays the same when another event is selected.
//
// A thing narrower than a pixel is drawn as strongly as the part of the pixel that it covers.

class Picture extends Ground {
  draw() {
    const { context, ink } = this;
    context.fillStyle = ink.ground;
    context.fillRect(0, 0, this.width, this.height);
    this.drawGrid();
    context.save();
    context.beginPath();
    context.rect(this.gutter, 0, this.width - this.gutter, this.height);
    context.clip();
    for (const lane of lanes) this.drawLane(lane);
    this.drawFoldLabels();
    this.drawGhosts();
    context.restore();
    this.drawGutter();
  }

  drawLane(lane) {
    const { kind } = lane;
    if (kind === LANE.scenario) this.drawScenario(lane);
    else if (kind === LANE.findings) this.drawFindings(lane);
    else if (kind === LANE.irql) this.drawSteps(lane, irqlSteps(), 3, "level");
    else if (kind === LANE.accesses) this.drawAccesses(lane);
    else if (kind === LANE.line || kind === LANE.signal) this.drawSignal(lane);
    else if (kind === LANE.waiting) this.drawSteps(lane, waitingSteps(), mostWaiting, "count");
    else if (kind === LANE.out || kind === LANE.in) this.drawBytes(lane);
    else this.drawSpans(lane);
  }

  drawScenario(lane) {
    const { context, ink, unit } = this;
    const [first, last] = this.range(lane.events);
    const from = Math.max(first - 1, 0);
    for (let at = from; at < last; at++) {
      const event = lane.events[at];
      const x = this.x0(event);
      const next = at + 1 < lane.events.length ? this.x0(lane.events[at + 1]) : Infinity;
      context.fillStyle = ink.text;
      if (x >= this.gutter) context.fillRect(Math.round(x), lane.y, 2 * unit, lane.height - 1);
      context.font = this.bold;
      const left = Math.max(x, this.gutter) + 6 * unit;
      const room = Math.min(next, this.width) - left - 4 * unit;
      this.text(shape(event).words, left, lane.y + lane.height / 2, room);
    }
  }

  drawFindings(lane) {
    const { context, ink, unit } = this;
    const places = findingPlaces();
    context.font = this.bold;
    context.fillStyle = ink.bad;
    const middle = lane.y + lane.height / 2;
    places.forEach((place, at) => {
      const x = this.x(toVirtual(place.time));
      if (x < this.gutter - 6 * unit || x > this.width + 6 * unit) return;
      triangle(context, x, middle, 7 * unit);
      const next = at + 1 < places.length ? this.x(toVirtual(places[at + 1].time)) : Infinity;
      const left = x + 10 * unit;
      const room = Math.min(next - 8 * unit, this.width) - left;
      if (room > 60 * unit) this.text(place.words, left, middle, room);
    });
  }

  rowBox(lane, number) {
    const height = (lane.height - 8 * this.unit) / lane.rows;
    return { y: lane.y + 4 * this.unit + number * height, height: height - 2 * this.unit };
  }

  drawSpans(lane) {
    const { ink, unit } = this;
    const rows = Array.from({ length: lane.rows }, () =>
      ({ cover: new Float32Array(Math.ceil(this.width) + 2), narrow: [], wide: [] }));
    const put = (event) => {
      const x0 = this.x0(event), x1 = isSpan(event) ? this.x1(event) : x0;
      const place = rows[Math.min(row[event], lane.rows - 1)];
      if (x1 - x0 >= 1.6) { place.wide.push({ event, x0, x1 }); return; }
      const pixel = Math.max(0, Math.min(Math.floor(x0), place.cover.length - 1));
      place.cover[pixel] += x1 - x0;
      const last = place.narrow[place.narrow.length - 1];
      const { level } = shape(event);
      if (last && x0 - last.to < 6 * unit) {
        last.to = Math.max(x0, last.to);
        last.level = Math.max(level, last.level);
        last.more++;
      } else place.narrow.push({ event, level, from: x0, to: x0, more: 0 });
    };
    for (const event of this.reachingIn(lane, this.range(lane.spans)[0])) put(event);
    const [first, last] = this.range(lane.events);
    for (let at = first; at < last; at++) {
      const event = lane.events[at];
      if (shape(event).kind !== RETURN) put(event);
    }
    rows.forEach((place, number) => {
      const box = this.rowBox(lane, number);
      for (const span of place.wide) this.drawSpan(span, box);
      this.drawNarrow(place, box, ink, unit);
    });
  }

  drawSpan({ event, x0, x1 }, box) {
    const { context, ink, unit } = this;
    const colour = levelInk(ink, shape(event).level);
    const left = Math.max(x0, this.gutter - 4), right = Math.min(x1, this.width + 4);
    context.fillStyle = colour;
    context.globalAlpha = ink.shade;
    context.fillRect(left, box.y, right - left, box.height);
    context.globalAlpha = 0.6;
    context.strokeStyle = colour;
    context.strokeRect(left + 0.5, box.y + 0.5, right - left - 1, box.height - 1);
    context.globalAlpha = 1;
    context.fillRect(x0, box.y, 2 * unit, box.height);
    if (right - left < 26 * unit) return;
    context.font = this.sans;
    context.fillStyle = ink.text;
    const x = Math.max(left, this.gutter) + 6 * unit;
    this.text(label(event), x, box.y + box.height / 2, right - x - 4 * unit);
  }

  // Draws instants and spans that are too narrow. A single one is a diamond with its words. In a
  // crowd, each pixel is as strong as the part of it that they cover.
  drawNarrow(place, box, ink, unit) {
    const { context } = this;
    const middle = box.y + box.height / 2;
    place.narrow.forEach((group, at) => {
      const colour = levelInk(ink, group.level);
      context.fillStyle = colour;
      if (group.to - group.from > 8 * unit) {
        for (let x = Math.floor(group.from); x <= group.to; x++) {
          context.globalAlpha = 0.22 + 0.78 * Math.min(1, place.cover[x] || 0);
          context.fillRect(x, box.y, 1, box.height);
        }
        context.globalAlpha = 1;
        return;
      }
      const isInside = place.wide.some(({ x0, x1 }) => group.from >= x0 - 2 && group.from <= x1 + 2);
      diamond(context, group.from, middle, Math.min((isInside ? 3 : 5) * unit, box.height / 2));
      if (isInside) return;
      const next = place.narrow[at + 1];
      const wide = place.wide.find((span) => span.x1 > group.from);
      const stop = Math.min(next ? next.from : Infinity, wide ? wide.x0 : Infinity, this.width);
      const words = label(group.event) + (group.more ? " +" + group.more : "");
      context.font = this.sans;
      context.fillStyle = ink.text;
      this.text(words, group.to + 8 * unit, middle, stop - group.to - 14 * unit);
    });
  }

  drawAccesses(lane) {
    const { context, ink, unit } = this;
    const middle = Math.round(lane.y + lane.height / 2);
    context.fillStyle = ink.grid;
    context.fillRect(this.gutter, middle, this.width, 1);
    const [first, last] = this.range(lane.events);
    const list = this.reachingIn(lane, this.range(lane.spans)[0]);
    for (let at = first; at < last; at++) list.push(lane.events[at]);
    const half = lane.height / 2 - 5 * unit;
    const nextOf = [Infinity, Infinity];
    const next = new Float64Array(list.length);
    for (let at = list.length - 1; at >= 0; at--) {
      const side = isWrite(list[at]) ? 1 : 0;
      next[at] = nextOf[side];
      nextOf[side] = this.x0(list[at]);
    }
    const lastX = [-1e9, -1e9];
    list.forEach((event, at) => {
      const side = isWrite(event) ? 1 : 0;
      const x0 = this.x0(event), x1 = this.x1(event);
      if (x1 - x0 < 2 && x0 - lastX[side] < 1) return;
      const isCrowded = x0 - lastX[side] < 2.5;
      lastX[side] = Math.max(x0, x1);
      context.globalAlpha = isCrowded ? 0.55 : 1;
      const room = Math.min(next[at], this.width) - Math.max(x0, this.gutter);
      if (side) this.drawWrite(event, x0, middle, half, room);
      else this.drawRead(event, x0, x1, middle, half, room);
      context.globalAlpha = 1;
    });
  }

  drawRead(event, x0, x1, middle, half, room) {
    const { context, ink, unit } = this;
    const { words, values } = shape(event);
    context.fillStyle = ink.read;
    const top = middle - half;
    context.font = this.mono;
    if (x1 - x0 >= 3) {
      context.globalAlpha *= ink.shade;
      context.fillRect(x0, top + half * 0.25, x1 - x0, half * 0.75);
      context.globalAlpha = 1;
      const pitch = (x1 - x0) / (values[4] - 1);
      if (pitch >= 3) {
        for (let number = 0; number < values[4]; number++) {
          context.fillRect(x0 + number * pitch, top + half * 0.25, 1, half * 0.75);
        }
      }
      context.fillStyle = ink.text;
      const left = Math.max(x0, this.gutter) + 3 * unit;
      const text = "x" + values[4] + " " + valueOf(event);
      const short = x1 - left < context.measureText(text).width ? "x" + values[4] : text;
      this.text(short, left, top + half * 0.6, Math.max(x1, Math.min(x0 + room, x1)) - left);
      return;
    }
    const takesData = !words.includes(": ");
    context.fillRect(x0, takesData ? top : top + half * 0.25, takesData ? 2 : 1.2,
      takesData ? half : half * 0.75);
    if (takesData) dot(context, x0 + 1, top + 1, 3 * unit);
    if (room > 22 * unit) this.text(valueOf(event), x0 + 5 * unit, top + half * 0.35, room);
  }

  drawWrite(event, x0, middle, half, room) {
    const { context, ink, unit } = this;
    context.fillStyle = shape(event).values[6] ? ink.bad : ink.write;
    context.fillRect(x0, middle, 2, half - 4 * unit);
    arrowDown(context, x0 + 1, middle + half, 4 * unit);
    context.font = this.mono;
    const text = valueOf(event);
    if (room > context.measureText(text).width + 7 * unit) {
      context.fillText(text, x0 + 5 * unit, middle + half * 0.42);
    }
  }

  drawSignal(lane) {
    const steps = lane.events;
    const most = lane.kind === LANE.line ? 1 : mostOf(lane);
    const at = (index) => ({ virtual: virtualStart[steps[index]],
      value: shape(steps[index]).values[0] });
    this.drawSteps(lane, { length: steps.length, at }, most,
      lane.kind === LANE.line ? "line" : "count");
  }

  // A value over time as a staircase: a line, a count, or a level with the colour of the level.
  drawSteps(lane, steps, most, form) {
    const { context, ink, unit } = this;
    const first = Math.max(0, lower(steps.length, (at) => steps.at(at).virtual, view.from) - 1);
    const floor = stepY(lane, 0, most, unit);
    const colourOf = (value) => (form !== "level" ? laneInk(ink, lane)
      : value === 0 ? ink.thread : value === 2 ? ink.dpc : ink.isr);
    let x = this.gutter;
    let value = 0;
    let highest = 0;
    const flat = (to) => {
      context.fillStyle = colourOf(value);
      const y = stepY(lane, value, most, unit);
      if (value > 0 && form !== "line") {
        context.globalAlpha = ink.shade + 0.08;
        context.fillRect(x, y, to - x, floor - y);
        context.globalAlpha = 1;
      }
      context.fillRect(x, y - 0.75, Math.max(to - x, 1), 1.5 * unit);
      if (form === "count" && value > 0 && to - x > 15 * unit) {
        context.font = this.mono;
        context.fillStyle = ink.text;
        context.fillText(String(value), x + 4 * unit, Math.min(y + 8 * unit, floor - 5 * unit));
      }
    };
    for (let index = first; index < steps.length; index++) {
      const step = steps.at(index);
      const to = Math.max(this.gutter, this.x(step.virtual));
      if (to > this.width) break;
      if (to - x >= 1) {
        flat(to);
        x = to;
        highest = Math.max(value, step.value);
        this.riser(lane, x, value, step.value, most, colourOf(highest));
      } else if (Math.max(step.value, value) > highest) {
        highest = Math.max(step.value, value);
        context.globalAlpha = 0.5;
        this.riser(lane, x, 0, highest, most, colourOf(highest));
        context.globalAlpha = 1;
      }
      value = step.value;
    }
    flat(this.width);
  }

  riser(lane, x, from, to, most, colour) {
    const { context, unit } = this;
    const a = stepY(lane, from, most, unit), b = stepY(lane, to, most, unit);
    context.fillStyle = colour;
    context.fillRect(x, Math.min(a, b), 1.4 * unit, Math.abs(a - b));
  }

  drawBytes(lane) {
    const { context, ink, unit } = this;
    const colour = laneInk(ink, lane);
    const middle = lane.y + lane.height / 2, half = lane.height / 2 - 4 * unit;
    context.fillStyle = ink.rule;
    context.fillRect(this.gutter, middle, this.width, 1);
    const [first, last] = this.range(lane.spans);
    const list = this.reachingIn(lane, first).concat(lane.spans.slice(first, last));
    let lastPixel = -1;
    for (const event of list) {
      const x0 = this.x0(event), x1 = Math.max(this.x1(event), x0);
      const { values } = shape(event);
      const shade = values[0] >= 0x80 ? ink.shade + 0.22 : ink.shade;
      if (x1 - x0 < 6) {
        if (Math.floor(x0) === lastPixel) continue;
        lastPixel = Math.floor(x0);
        context.globalAlpha = values[0] >= 0x80 ? 0.95 : 0.6;
        context.fillStyle = colour;
        context.fillRect(x0, middle - half, Math.max(1, x1 - x0 - 0.5), 2 * half);
        context.globalAlpha = 1;
        continue;
      }
      this.drawByte(event, x0, x1, middle, half, colour, shade);
    }
  }

  drawByte(event, x0, x1, middle, half, colour, shade) {
    const { context, ink, unit } = this;
    const { values, meaning } = shape(event);
    const slant = Math.min(6 * unit, (x1 - x0) / 3);
    context.beginPath();
    context.moveTo(x0, middle);
    context.lineTo(x0 + slant, middle - half);
    context.lineTo(x1 - slant, middle - half);
    context.lineTo(x1, middle);
    context.lineTo(x1 - slant, middle + half);
    context.lineTo(x0 + slant, middle + half);
    context.closePath();
    context.fillStyle = colour;
    context.globalAlpha = shade;
    context.fill();
    context.globalAlpha = 1;
    context.strokeStyle = colour;
    context.stroke();
    const left = Math.max(x0, this.gutter) + 8 * unit;
    const room = Math.min(x1, this.width) - left - 5 * unit;
    context.fillStyle = ink.text;
    context.font = `600 ${this.mono}`;
    const byte = hex(values[0], 2);
    const wide = context.measureText(byte).width;
    if (room < wide) return;
    context.fillText(byte, left, middle);
    context.font = this.sans;
    if (meaning) this.text(meaning, left + wide + 5 * unit, middle, room - wide - 5 * unit);
  }

  // Draws with dashes what the expected trace of a comparison has.
  drawGhosts() {
    const { context, ink, unit } = this;
    context.strokeStyle = ink.bad;
    context.fillStyle = ink.bad;
    context.setLineDash([4 * unit, 3 * unit]);
    for (const ghost of data.ghosts) {
      const x0 = this.x(toVirtual(ghost.from_ns)), x1 = this.x(toVirtual(ghost.to_ns));
      if (x1 < this.gutter || x0 > this.width) continue;
      const lane = lanes[ghost.lane];
      const isAccessLane = lane.kind === LANE.accesses;
      const height = isAccessLane ? lane.height / 2 : lane.height;
      const y = lane.y + (isAccessLane && ghost.down ? height : 0) + 3 * unit;
      const wide = Math.max(x1 - x0, 4 * unit);
      context.globalAlpha = 0.1;
      context.fillRect(x0, y, wide, height - 7 * unit);
      context.globalAlpha = 1;
      context.strokeRect(x0, y, wide, height - 7 * unit);
    }
    context.setLineDash([]);
  }
}

function stepY(lane, value, most, unit) {
  const top = lane.y + 7 * unit, bottom = lane.y + lane.height - 7 * unit;
  return bottom - (bottom - top) * Math.min(value / Math.max(most, 1), 1);
}

const irqlSteps = () => ({ length: data.irql.length,
  at: (index) => ({ virtual: virtualStart[data.irql[index][0]], value: data.irql[index][1] }) });
const waitingSteps = () => ({ length: data.waiting.length,
  at: (index) => ({ virtual: virtualStart[data.waiting[index][0]], value: data.waiting[index][1] }) });
const mostWaiting = data.waiting.reduce((most, [, value]) => Math.max(most, value), 1);

function mostOf(lane) {
  if (lane.most === undefined) {
    lane.most = lane.events.reduce((most, event) => Math.max(most, shape(event).values[0]), 1);
  }
  return lane.most;
}

// The last event up to a time; the first event if there is none.
function lastUpTo(time) {
  return inOrder[Math.max(0, lower(count, (at) => start[inOrder[at]], time + 0.5) - 1)];
}

// The places of findings in order of time: findings in the trace, and findings of a comparison.
let knownPlaces = null;
function findingPlaces() {
  if (knownPlaces) return knownPlaces;
  knownPlaces = [];
  for (const lane of lanes.filter((lane) => lane.kind === LANE.findings)) {
    for (const event of lane.events) {
      knownPlaces.push({ time: start[event], event, words: shape(event).words, finding: null });
    }
  }
  for (const finding of data.findings) {
    const words = finding.title + (finding.count > 1 ? ` [${finding.count} x]` : "");
    for (const [time, event] of finding.places) {
      knownPlaces.push({ time, event: event < 0 ? lastUpTo(time) : event, words, finding });
    }
  }
  const number = ({ finding }) => (finding ? finding.number : 0);
  knownPlaces.sort((a, b) => a.time - b.time || number(a) - number(b));
  return knownPlaces;
}

function path(context, ...points) {
  context.beginPath();
  points.forEach(([x, y], index) => (index ? context.lineTo(x, y) : context.moveTo(x, y)));
  context.closePath();
  context.fill();
}
const diamond = (context, x, y, r) => path(context, [x - r, y], [x, y - r], [x + r, y], [x, y + r]);
const triangle = (context, x, y, r) => path(context, [x - r, y + r], [x, y - r], [x + r, y + r]);
const arrowDown = (context, x, y, r) =>
  path(context, [x - r, y - 1.4 * r], [x + r, y - 1.4 * r], [x, y]);
function dot(context, x, y, r) {
  context.beginPath();
  context.arc(x, y, r, 0, 7);
  context.fill();
}

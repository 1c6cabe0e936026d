// The overlay: the selected event, its causes and effects, the marker, the hits.
//
// It has its own canvas above the lanes. So a step from event to event does not draw the lanes
// again.

const MOST_ARROWS = 6;

let selected = 0;
let marker = -1;
let hits = [];

// The box of an event on the screen.
function boxOf(picture, event) {
  const lane = lanes[laneOf[event]];
  const { unit } = picture;
  const x0 = picture.x0(event);
  let x1 = isSpan(event) || isPoll(event) || isByteStart(event) ? picture.x1(event) : x0;
  let box = { y: lane.y + 2 * unit, height: lane.height - 5 * unit };
  if (lane.kind >= LANE.thread && lane.kind <= LANE.isr) {
    const own = shape(event).kind === RETURN && parent[event] >= 0 ? parent[event] : event;
    box = picture.rowBox(lane, Math.min(row[own], lane.rows - 1));
  } else if (lane.kind === LANE.accesses) {
    const half = lane.height / 2 - 3 * unit;
    box = { y: isWrite(event) ? lane.y + lane.height / 2 : lane.y + 3 * unit, height: half };
  }
  if (x1 - x0 < 7 * unit) x1 = x0 + (x1 > x0 ? Math.max(x1 - x0, 4 * unit) : 4 * unit);
  return { x0: x1 - x0 <= 4 * unit ? x0 - 2 * unit : x0, x1, y: box.y, height: box.height };
}

// The arrows of an event, each from a cause to its effect; at most six back and six forward.
function arrowsOf(event) {
  const arrows = [];
  let at = event, to = event;
  for (let step = 0; step < 200 && arrows.length < MOST_ARROWS; step++) {
    if (shape(at).kind === MARK) break;
    // A step of code has the call around it as its cause. Start and end of a byte are one thing.
    const isOwn = cause[at] >= 0 && end[cause[at]] === at;
    const from = isStep(at) && parent[at] >= 0 && !isOwn ? parent[at] : cause[at];
    if (from < 0) break;
    if (trigger[at] >= 0 && at === to) arrows.push({ from: trigger[at], to: at, isTrigger: true });
    const goesOn = isOwn || (isStep(at) && laneOf[from] === laneOf[at]);
    if (!goesOn) arrows.push({ from, to, isTrigger: false });
    if (!goesOn || from === parent[at]) to = from;
    at = from;
  }
  for (const effect of effects(event, MOST_ARROWS)) {
    const isInside = (other) => other >= event && other <= Math.max(event, end[event]);
    const isTrigger = !isInside(cause[effect]);
    const from = isTrigger ? trigger[effect] : cause[effect];
    arrows.push({ from, to: effect, isTrigger });
  }
  return arrows;
}

function drawOverlay(picture) {
  const { context, ink, unit } = picture;
  context.save();
  context.beginPath();
  context.rect(picture.gutter, 0, picture.width - picture.gutter, picture.bottom);
  context.clip();
  for (const event of hits) {
    const x = picture.x0(event);
    if (x < picture.gutter || x > picture.width) continue;
    context.fillStyle = ink.select;
    context.fillRect(x - 1, picture.axis - 7 * unit, 3, 7 * unit);
  }
  if (count) {
    drawCursor(picture);
    for (const arrow of arrowsOf(selected)) drawArrow(picture, arrow);
    drawFrame(picture);
  }
  if (marker >= 0) drawMarker(picture);
  context.restore();
}

function drawCursor(picture) {
  const { context, ink, axis, bottom } = picture;
  const x = Math.round(picture.x0(selected)) + 0.5;
  context.strokeStyle = ink.text;
  context.setLineDash([3, 3]);
  context.beginPath();
  context.moveTo(x, axis);
  context.lineTo(x, bottom);
  context.stroke();
  context.setLineDash([]);
}

function drawFrame(picture) {
  const { context, ink, unit } = picture;
  const box = boxOf(picture, selected);
  const left = Math.max(box.x0, picture.gutter - 8), right = Math.min(box.x1, picture.width + 8);
  context.strokeStyle = ink.text;
  context.lineWidth = 4.5 * unit;
  context.globalAlpha = 0.55;
  context.strokeRect(left, box.y, right - left, box.height);
  context.globalAlpha = 1;
  context.strokeStyle = ink.select;
  context.lineWidth = 2.6 * unit;
  context.strokeRect(left, box.y, right - left, box.height);
  context.lineWidth = 1;
}

function drawArrow(picture, { from, to, isTrigger }) {
  const { context, ink, unit } = picture;
  const middle = (event) => { const box = boxOf(picture, event); return box.y + box.height / 2; };
  const at = (event) => (isPoll(event) ? picture.x1(event) : picture.x0(event));
  const x0 = Math.max(at(from), picture.gutter - 40), y0 = middle(from);
  const x1 = Math.min(picture.x0(to), picture.width + 40), y1 = middle(to);
  if (Math.max(x0, x1) < picture.gutter || Math.min(x0, x1) > picture.width) return;
  context.strokeStyle = ink.text;
  context.fillStyle = ink.text;
  context.lineWidth = 1.4 * unit;
  if (isTrigger) context.setLineDash([6 * unit, 3 * unit]);
  const isNear = Math.abs(x1 - x0) < 9 * unit || Math.abs(y1 - y0) < 4 * unit;
  const bend = isNear ? 0 : (x1 - x0) * 0.5;
  context.beginPath();
  context.moveTo(x0, y0);
  context.bezierCurveTo(x0 + bend, y0, x1 - bend, y1, x1, y1);
  context.stroke();
  context.setLineDash([]);
  context.lineWidth = 1;
  dot(context, x0, y0, 2.6 * unit);
  const angle = isNear ? Math.atan2(y1 - y0, x1 - x0) : Math.sign(x1 - x0 || 1) > 0 ? 0 : Math.PI;
  const wing = (turn) => [x1 - 8 * unit * Math.cos(angle + turn),
    y1 - 8 * unit * Math.sin(angle + turn)];
  path(context, [x1, y1], wing(0.42), wing(-0.42));
}

function drawMarker(picture) {
  const { context, ink, unit } = picture;
  const x = picture.x0(marker), other = picture.x0(selected);
  context.fillStyle = ink.marker;
  context.fillRect(Math.round(x), 0, 2 * unit, picture.bottom);
  triangleDown(context, x + unit, 7 * unit, 6 * unit);
  const left = Math.min(x, other), right = Math.max(x, other);
  context.fillRect(left, picture.axis - 3 * unit, right - left, 2 * unit);
  const text = us(start[selected] - start[marker]) + " us";
  context.font = `600 ${picture.mono}`;
  context.textBaseline = "middle";
  const wide = context.measureText(text).width;
  const from = Math.max(left, picture.gutter), to = Math.min(right, picture.width);
  if (to - from < wide + 12 * unit) return;
  context.fillStyle = ink.ground;
  context.fillRect((from + to - wide) / 2 - 4 * unit, 3 * unit, wide + 8 * unit, 17 * unit);
  context.fillStyle = ink.marker;
  context.fillText(text, (from + to - wide) / 2, 12 * unit);
}

const triangleDown = (context, x, y, r) => path(context, [x - r, y - r], [x + r, y - r], [x, y]);

// Draws the whole trace in small: a strip for each lane, in the order of the lanes.
function drawOverview(canvas, ink, unit) {
  const { context, width, height } = sized(canvas);
  context.fillStyle = ink.panel;
  context.fillRect(0, 0, width, height);
  const gutter = currentPicture.gutter;
  const scale = (width - gutter) / (whole.to - whole.from);
  const x = (virtual) => gutter + (virtual - whole.from) * scale;
  const strip = (height - 6 * unit) / lanes.length;
  const order = [];
  lanes.forEach((lane, number) => {
    order.push(lane.title);
    if (lane.kind === LANE.irql || lane.kind === LANE.waiting || lane.kind === LANE.scenario) return;
    context.fillStyle = laneInk(ink, lane);
    let last = -1;
    for (const event of lane.events) {
      const from = x(virtualStart[event]);
      const long = isSpan(event) || isPoll(event) || isByteStart(event);
      const to = long ? x(virtualFinish[event]) : from;
      if (to <= last) continue;
      context.fillRect(Math.max(from, last), 3 * unit + number * strip, Math.max(1, to - from),
        Math.max(1.5, strip - 1));
      last = Math.max(to, from + 1);
    }
  });
  canvas.dataset.lanes = order.join("|");
  context.fillStyle = ink.text;
  for (const mark of marks) context.fillRect(Math.round(x(virtualStart[mark])), 0, 1.4, height);
  context.fillStyle = ink.out;
  const from = x(view.from), to = Math.max(x(view.to), from + 3);
  context.globalAlpha = 0.16;
  context.fillRect(from, 0, to - from, height);
  context.globalAlpha = 1;
  context.strokeStyle = ink.out;
  context.strokeRect(from + 0.5, 0.5, to - from - 1, height - 1);
  context.fillStyle = ink.panel;
  context.fillRect(0, 0, gutter, height);
  context.fillStyle = ink.muted;
  context.font = currentPicture.sans;
  context.textBaseline = "middle";
  if (gutter > 110 * unit) context.fillText("Whole trace", 10 * unit, height / 2 - 8 * unit);
  const events = count.toLocaleString("en") + " events";
  context.fillText(events, 10 * unit, height / 2 + (gutter > 110 * unit ? 8 * unit : 0));
}

// A canvas with as many pixels as the screen has, drawn in CSS pixels.
function sized(canvas) {
  const ratio = window.devicePixelRatio || 1;
  const { clientWidth: width, clientHeight: height } = canvas;
  const wide = Math.round(width * ratio), high = Math.round(height * ratio);
  if (canvas.width !== wide || canvas.height !== high) {
    canvas.width = wide;
    canvas.height = high;
  }
  const context = canvas.getContext("2d");
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  return { context, width, height };
}

// The user's actions: keys, mouse, search, address, theme, print. Then the start of the page.

let currentPicture = null;
let matches = new Set();
let theme = "light";

const unitNow = () => parseFloat(getComputedStyle(document.documentElement).fontSize) / 16;

// Draws the lanes and the overlay above them.
function drawAll() {
  const stage = byId("stage");
  const isStacked = getComputedStyle(document.body).display === "block";
  stage.style.height = isStacked ? Math.ceil(neededHeight(unitNow())) + "px" : "";
  const ink = inks(document.documentElement);
  const { context, width, height } = sized(byId("base"));
  currentPicture = new Picture(context, width, height, unitNow(), ink);
  currentPicture.draw();
  stage.dataset.lanes = lanes.slice().sort((a, b) => a.y - b.y).map(({ title }) => title).join("|");
  drawOver();
  drawOverview(byId("overview"), ink, unitNow());
}

function drawOver() {
  const { context, width, height } = sized(byId("over"));
  context.clearRect(0, 0, width, height);
  const above = Object.assign(Object.create(Picture.prototype), currentPicture, { context });
  drawOverlay(above);
}

// Selects an event, and shows it.
function select(event) {
  if (!(event >= 0 && event < count)) return;
  selected = event;
  if (showEvent(event)) drawAll();
  else drawOver();
  fillPanel();
  fillList();
  rememberPlace();
}

const redraw = () => { drawAll(); rememberPlace(); };

function nextInLane(by) {
  const { events } = lanes[laneOf[selected]];
  const at = lower(events.length, (index) => events[index], selected);
  const next = by > 0 ? events[at] === selected ? at + 1 : at : at - 1;
  if (next >= 0 && next < events.length) select(events[next]);
}

// The event in the lane above or below that is nearest in time.
function nextLane(by) {
  for (let number = laneOf[selected] + by; lanes[number]; number += by) {
    const { events } = lanes[number];
    if (!events.length) continue;
    return select(nearest(events, virtualStart[selected]));
  }
}

function nearest(events, virtual) {
  const at = lower(events.length, (index) => virtualStart[events[index]], virtual);
  const before = events[Math.max(0, at - 1)], after = events[Math.min(at, events.length - 1)];
  return virtual - virtualStart[before] < virtualStart[after] - virtual ? before : after;
}

// The next entry of a list in order, after or before the selected event.
function nextOf(list, by) {
  const at = lower(list.length, (index) => list[index], by > 0 ? selected + 1 : selected);
  const next = by > 0 ? list[at] : list[at - 1];
  if (next !== undefined) select(next);
}

function nextInterrupt() {
  const lane = lanes.find(({ kind }) => kind === LANE.isr) || lanes.find(({ kind }) => kind === LANE.line);
  if (lane) nextOf(Array.from(lane.spans.filter(isSpan).length ? lane.spans.filter(isSpan) : lane.events), 1);
}

function nextFinding() {
  const events = findingPlaces().map(({ event }) => event);
  const sorted = [...new Set(events)].sort((a, b) => a - b);
  if (!sorted.length) return;
  if (sorted[sorted.length - 1] <= selected) select(sorted[0]); else nextOf(sorted, 1);
}

function zoomToEvent() {
  const from = virtualStart[selected];
  const to = Math.max(virtualFinish[selected], from + 1000);
  setView(from - 0.35 * (to - from), to + 0.35 * (to - from));
  redraw();
}

function move(part) {
  const by = (view.to - view.from) * part;
  setView(view.from + by, view.to + by);
  redraw();
}

function toggleFold() {
  const from = toTime(view.from), to = toTime(view.to);
  const isAll = view.from === whole.from && view.to === whole.to;
  isFolding = !isFolding;
  byId("fold").setAttribute("aria-pressed", String(isFolding));
  buildScale();
  if (isAll) setView(whole.from, whole.to); else setView(toVirtual(from), toVirtual(to));
  redraw();
}

function setTheme(name) {
  theme = name;
  document.documentElement.dataset.theme = name;
  byId("theme").textContent = name === "dark" ? "Light" : "Dark";
}

function toggleTheme() {
  setTheme(theme === "dark" ? "light" : "dark");
  drawAll();
}

function toggleMarker() {
  marker = marker === selected ? -1 : selected;
  fillPanel();
  drawOver();
}

function showAll() {
  setView(whole.from, whole.to);
  redraw();
}

// Copies the command that explains the event. If the browser refuses the clipboard, the command is
// selected, so that the user can copy it.
async function copyCommand() {
  const code = byId("explain").firstElementChild;
  if (!code.textContent) return;
  try {
    await navigator.clipboard.writeText(code.textContent);
    byId("copy").textContent = "Copied";
  } catch {
    getSelection().selectAllChildren(code);
  }
}

const KEYS = [
  ["ArrowRight", "Right", "the event after", () => select(selected + 1)],
  ["ArrowLeft", "Left", "the event before", () => select(selected - 1)],
  ["Shift+ArrowRight", "Shift+Right", "the next edge in the same lane", () => nextInLane(1)],
  ["Shift+ArrowLeft", "Shift+Left", "the edge before in the same lane", () => nextInLane(-1)],
  ["ArrowUp", "Up", "the lane above", () => nextLane(-1)],
  ["ArrowDown", "Down", "the lane below", () => nextLane(1)],
  ["+", "+ or W", "zoom in at the event", () => { zoom(0.5, virtualStart[selected]); redraw(); }],
  ["-", "- or S", "zoom out", () => { zoom(2, virtualStart[selected]); redraw(); }],
  ["a", "A", "earlier", () => move(-0.3)],
  ["d", "D", "later", () => move(0.3)],
  ["[", "[", "the mark before", () => nextOf(marks, -1)],
  ["]", "]", "the next mark", () => nextOf(marks, 1)],
  ["c", "C", "the cause", () => select(cause[selected])],
  ["v", "V", "the trigger, if it is another event",
    () => select(trigger[selected] >= 0 ? trigger[selected] : cause[selected])],
  ["x", "X", "the first effect", () => select(effects(selected, 1)[0])],
  ["i", "I", "the next interrupt", nextInterrupt],
  ["e", "E", "the next finding", nextFinding],
  ["m", "M", "the marker: here, or away", toggleMarker],
  ["y", "Y", "copy the command that explains the event", copyCommand],
  ["/", "/", "search", () => byId("query").focus()],
  ["n", "N", "the next hit", () => nextOf(hits, 1)],
  ["Shift+n", "Shift+N", "the hit before", () => nextOf(hits, -1)],
  ["f", "F", "fill the view with the event", zoomToEvent],
  ["0", "0", "the whole trace", showAll],
  ["z", "Z", "fold idle time, or not", toggleFold],
  ["t", "T", "light or dark", toggleTheme],
  ["Home", "Home", "the first event", () => select(0)],
  ["End", "End", "the last event", () => select(count - 1)],
  ["PageDown", "Page down", "ten events on", () => select(Math.min(selected + 10, count - 1))],
  ["PageUp", "Page up", "ten events back", () => select(Math.max(selected - 10, 0))],
  ["?", "?", "this list", () => byId("keys").showModal()],
];
const ALSO = { w: "+", "=": "+", s: "-", Escape: "" };

function onKey(press) {
  const { target } = press;
  if (press.ctrlKey || press.metaKey || press.altKey || byId("keys").open) return;
  if (target.id === "query") {
    if (press.key === "Escape") byId("stage").focus();
    return;
  }
  const isButton = target.tagName === "BUTTON";
  if (isButton && (press.key === "Enter" || press.key === " ")) return;
  let key = press.key.length === 1 ? press.key.toLowerCase() : press.key;
  if (target.id === "list" && key === "ArrowDown") key = "ArrowRight";
  if (target.id === "list" && key === "ArrowUp") key = "ArrowLeft";
  const isScroll = target.id === "panel" && /^(Arrow|Page|Home|End)/.test(key);
  if (isScroll) return;
  const isNamed = key.length > 1 || key === "n";
  const name = press.shiftKey && isNamed ? "Shift+" + key : ALSO[key] ?? key;
  const found = KEYS.find(([own]) => own === name);
  if (!found) return;
  press.preventDefault();
  found[3]();
}

function search() {
  const words = byId("query").value.trim().toLowerCase();
  matches = new Set();
  data.shapes.forEach(({ words: text, sentence, meaning, actor }, number) => {
    const all = [text, sentence, meaning || "", data.actors[actor]].join("\n").toLowerCase();
    if (words && all.includes(words)) matches.add(number);
  });
  hits = [];
  if (matches.size) {
    for (let event = 0; event < count; event++) if (matches.has(shapeOf[event])) hits.push(event);
  }
  byId("hits").textContent = words ? hits.length.toLocaleString("en") + " found" : "";
  drawOver();
}

// Writes the place of an event into the address. A copy of the address then opens the same place.
let remembering = 0;
function rememberPlace() {
  clearTimeout(remembering);
  remembering = setTimeout(() => {
    const place = new URLSearchParams(location.hash.slice(1));
    const mark = markOf(selected);
    place.set("at", us(start[selected] - markTime(selected)) + "us");
    if (mark < 0) place.delete("mark"); else place.set("mark", shape(mark).words);
    place.set("event", selected);
    place.set("span", us(toTime(view.to) - toTime(view.from)) + "us");
    try { history.replaceState(null, "", "#" + place); } catch { /* the address stays */ }
  }, 250);
}

// Reads a time as the command line takes it, in ns; null for another text.
function parseTime(text) {
  const found = /^([0-9]+(?:\.[0-9]+)?)(ns|us|ms|s|m|h)?$/.exec((text || "").trim());
  if (!found) return null;
  const unit = { ns: 1, us: 1e3, ms: 1e6, s: 1e9, m: 6e10, h: 3.6e12 }[found[2] || "us"];
  return Number(found[1]) * unit;
}

// Opens a place; without an argument, the place in the address. Returns false if there is none.
function openPlace(address = location.hash.slice(1)) {
  const place = new URLSearchParams(address);
  document.body.classList.toggle("bare", place.get("bare") === "1");
  if (place.get("theme") === "dark" || place.get("theme") === "light") setTheme(place.get("theme"));
  const words = place.get("mark");
  const mark = words === null ? -1 : marks.find((one) => shape(one).words.startsWith(words)) ?? -1;
  const at = parseTime(place.get("at"));
  const named = place.get("event") === null ? -1 : Number(place.get("event"));
  if (at === null && mark < 0 && !(named >= 0 && named < count)) return false;
  const time = (mark < 0 ? 0 : start[mark]) + (at || 0);
  // The number of an event counts only if the trace is still the same: then the times are equal,
  // too.
  const fits = named >= 0 && named < count && (at === null || Math.abs(start[named] - time) < 1);
  const after = at === null ? mark : lastUpTo(time);
  selected = fits ? named : Math.max(0, after);
  const span = parseTime(place.get("span"));
  const centre = virtualStart[selected];
  if (span) setView(toVirtual(toTime(centre) - 0.35 * span), toVirtual(toTime(centre) + 0.65 * span));
  else showEvent(selected);
  return true;
}

// The event at a point of the lanes; -1 if there is none.
function eventAt(x, y) {
  const lane = lanes.find((one) => y >= one.y && y < one.y + one.height);
  if (!lane || x < currentPicture.gutter || !lane.events.length) return -1;
  const virtual = view.from + (x - currentPicture.gutter) / currentPicture.scale;
  const near = 7 * currentPicture.unit;
  let best = -1;
  const first = lower(lane.spans.length, (at) => virtualStart[lane.spans[at]], virtual);
  for (let at = first - 1; at >= 0; at = lane.around[at]) {
    const event = lane.spans[at];
    const box = boxOf(currentPicture, event);
    if (virtualFinish[event] >= virtual && y >= box.y && y <= box.y + box.height) { best = event; break; }
  }
  if (best >= 0) return best;
  for (const event of around(lane.events, virtual)) {
    const box = boxOf(currentPicture, event);
    const distance = Math.abs(currentPicture.x0(event) - x);
    if (distance < near && y >= box.y - 2 && y <= box.y + box.height + 2) return event;
  }
  return -1;
}

// The events of a sorted list next to a point, the nearest first.
function around(events, virtual) {
  const at = lower(events.length, (index) => virtualStart[events[index]], virtual);
  const some = Array.from(events.slice(Math.max(0, at - 8), at + 8));
  return some.sort((a, b) => Math.abs(virtualStart[a] - virtual) - Math.abs(virtualStart[b] - virtual));
}

function onPoint(press) {
  const box = byId("stage").getBoundingClientRect();
  const x = press.clientX - box.left, y = press.clientY - box.top;
  let event = eventAt(x, y);
  if (press.type === "pointermove") {
    const tip = byId("tip");
    tip.hidden = event < 0;
    if (event < 0) return;
    tip.textContent = "+" + us(start[event] - markTime(event)) + " us  " + sentenceOf(event);
    tip.style.left = Math.max(0, Math.min(x + 12, box.width - tip.offsetWidth - 4)) + "px";
    tip.style.top = Math.min(y + 16, box.height - tip.offsetHeight - 4) + "px";
    return;
  }
  const lane = lanes.find((one) => y >= one.y && y < one.y + one.height);
  if (event < 0 && lane && lane.events.length && x > currentPicture.gutter) {
    event = nearest(lane.events, view.from + (x - currentPicture.gutter) / currentPicture.scale);
  }
  if (event >= 0) select(event);
}

function onWheel(turn) {
  if (turn.shiftKey || Math.abs(turn.deltaX) > Math.abs(turn.deltaY) || turn.ctrlKey) {
    turn.preventDefault();
  } else if (getComputedStyle(document.body).display === "block") {
    return;
  }
  const box = byId("stage").getBoundingClientRect();
  const virtual = view.from + (turn.clientX - box.left - currentPicture.gutter) / currentPicture.scale;
  if (turn.ctrlKey) { zoom(turn.deltaY > 0 ? 1.3 : 1 / 1.3, virtual); redraw(); }
  else move(Math.sign(turn.deltaX || turn.deltaY) * 0.12);
}

// A drag in the overview chooses the view.
function onOverview(press) {
  if (press.type === "pointermove" && !(press.buttons & 1)) return;
  const box = byId("overview").getBoundingClientRect();
  const scale = (box.width - currentPicture.gutter) / (whole.to - whole.from);
  const virtual = whole.from + (press.clientX - box.left - currentPicture.gutter) / scale;
  if (press.type === "pointerdown") onOverview.from = virtual;
  const width = Math.abs(virtual - onOverview.from) * scale;
  if (width > 5) setView(Math.min(virtual, onOverview.from), Math.max(virtual, onOverview.from));
  else {
    const half = (view.to - view.from) / 2;
    setView(virtual - half, virtual + half);
  }
  redraw();
}

// Draws the lanes and the overlay as one picture, in this theme, or light for print.
function render(width, height, ink) {
  const canvas = document.createElement("canvas");
  canvas.width = 2 * width;
  canvas.height = 2 * height;
  const context = canvas.getContext("2d");
  context.setTransform(2, 0, 0, 2, 0, 0);
  const before = currentPicture;
  currentPicture = new Picture(context, width, height, 1, ink);
  currentPicture.draw();
  drawOverlay(currentPicture);
  currentPicture = before;
  return canvas.toDataURL("image/png");
}

function savePicture() {
  const link = make("a");
  link.href = render(1280, Math.ceil(neededHeight(1.1)), inks(document.documentElement));
  link.download = "timeline.png";
  link.click();
  drawAll();
}

function beforePrint() {
  document.documentElement.dataset.theme = "light";
  const image = make("img");
  image.alt = "The lanes; the panel and the list below say the same in words";
  image.src = render(1180, 500, inks(document.documentElement));
  byId("print").replaceChildren(image);
  const shown = [];
  for (const event of inOrder) {
    if (virtualStart[event] < view.from || virtualStart[event] > view.to) continue;
    shown.push(listRow(event));
    if (shown.length === 200) break;
  }
  byId("list").replaceChildren(...shown);
}

function afterPrint() {
  byId("print").replaceChildren();
  document.documentElement.dataset.theme = theme;
  drawAll();
  fillList();
}

function listen() {
  document.addEventListener("keydown", onKey);
  document.addEventListener("click", (press) => {
    const target = press.target.closest("[data-event]");
    if (target) select(Number(target.dataset.event));
  });
  byId("query").addEventListener("input", search);
  byId("search").addEventListener("submit", (press) => {
    press.preventDefault();
    nextOf(hits, 1);
  });
  byId("fold").addEventListener("click", toggleFold);
  byId("all").addEventListener("click", showAll);
  byId("theme").addEventListener("click", toggleTheme);
  byId("picture").addEventListener("click", savePicture);
  byId("copy").addEventListener("click", copyCommand);
  byId("help").addEventListener("click", () => byId("keys").showModal());
  byId("stage").addEventListener("pointerdown", onPoint);
  byId("stage").addEventListener("pointermove", onPoint);
  byId("stage").addEventListener("pointerleave", () => { byId("tip").hidden = true; });
  byId("stage").addEventListener("wheel", onWheel, { passive: false });
  byId("overview").addEventListener("pointerdown", onOverview);
  byId("overview").addEventListener("pointermove", onOverview);
  byId("list").addEventListener("wheel", (turn) => {
    turn.preventDefault();
    scrollList(Math.sign(turn.deltaY) * 3);
  }, { passive: false });
  window.addEventListener("resize", () => { drawAll(); fillList(); });
  const go = (address) => {
    if (openPlace(address)) { drawAll(); fillPanel(); fillList(); }
  };
  window.addEventListener("hashchange", () => go());
  // If another page shows this page in a frame, that page sends the place, because the frame may
  // have no address. The other page has its own title and its own choice of colours.
  window.addEventListener("message", ({ source, data }) => {
    if (source !== window.parent || typeof data !== "string") return;
    document.body.classList.toggle("framed", window.parent !== window);
    go(data);
  });
  window.addEventListener("beforeprint", beforePrint);
  window.addEventListener("afterprint", afterPrint);
}

// The place at the start: the first finding of a comparison, or the first event after the mark with
// the most events.
function openFirst() {
  const place = findingPlaces().find(({ finding }) => finding && finding.number === 1);
  if (place && count) {
    selected = place.event;
    const span = Math.max(3 * (virtualFinish[selected] - virtualStart[selected]), 4e4);
    setView(virtualStart[selected] - span / 2, virtualStart[selected] + span / 2);
    return;
  }
  let best = 0, most = 0;
  marks.forEach((mark, index) => {
    const after = (marks[index + 1] ?? count) - mark;
    if (after > most) { most = after; best = mark; }
  });
  selected = Math.min(best + 1, Math.max(count - 1, 0));
  const next = marks.find((mark) => mark > best);
  const last = next === undefined ? whole.to : virtualStart[next];
  const margin = 0.02 * (last - virtualStart[selected]);
  if (count) setView(virtualStart[selected] - margin, last + 2 * margin);
}

function begin() {
  byId("machine").textContent = data.machine
    + (data.dropped ? `; ${data.dropped} events were not held` : "");
  byId("key-list").append(...KEYS.map(([, keys, words]) =>
    make("div", make("dt", keys), make("dd", words))));
  setTheme(matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
  buildScale();
  setView(whole.from, whole.to);
  if (!openPlace()) openFirst();
  fillFindings();
  listen();
  drawAll();
  fillPanel();
  fillList();
  document.documentElement.dataset.ready = Math.round(performance.now());
}

begin();

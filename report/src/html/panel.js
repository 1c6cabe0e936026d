// The panel beside the lanes and the list of events: everything in words.
//
// A driver chooses some of the words, so words go into the page only as text.

const byId = (id) => document.getElementById(id);

// Makes an element with classes, words and children: make("p.card", "words", child).
function make(name, ...inside) {
  const [tag, ...classes] = name.split(".");
  const element = document.createElement(tag);
  if (classes.length) element.className = classes.join(" ");
  element.append(...inside);
  return element;
}

// A link to an event.
function go(event, words) {
  const button = make("button.go", words);
  button.type = "button";
  button.dataset.event = event;
  return button;
}

const sentenceOf = (event) => shape(event).sentence;

// The sentence of an event and how long the event lasts.
function wholeSentence(event) {
  const long = finish[event] - start[event];
  if (isSpan(event)) return sentenceOf(event) + " It takes " + us(long) + " us.";
  if (isByteStart(event) && long > 0) return sentenceOf(event) + " It takes " + us(long) + " us.";
  return sentenceOf(event);
}

function fillPanel() {
  if (!count) { byId("sentence").textContent = "The trace has no event."; return; }
  const event = selected;
  const mark = markOf(event);
  const since = start[event] - markTime(event);
  byId("time").textContent = (since < 0 ? "" : "+") + us(since) + " us";
  byId("clock").textContent = (mark < 0 ? "since power-on"
    : "since \u201c" + shape(mark).words + "\u201d, " + us(start[event]) + " us on the clock");
  fillLevel(event);
  byId("sentence").textContent = wholeSentence(event);
  fillFinding(event);
  fillLinks(event);
  fillExplain(event);
  fillMarker(event);
  fillRegisters(event);
}

function fillLevel(event) {
  const own = shape(event).level;
  const level = own || [1, 1, 2, 3][irqlAt(event)];
  const running = runningAt(event);
  const words = running < 0 ? "no driver code runs"
    : (own ? "" : "meanwhile ") + label(running);
  byId("level").replaceChildren(make("span.badge.at" + level, LEVELS[level]), " " + words);
}

function fillFinding(event) {
  const [place] = findingPlaces().filter((one) => one.finding && one.event === event)
    .sort((a, b) => a.finding.number - b.finding.number);
  const box = byId("finding");
  box.replaceChildren();
  if (!place) return;
  const { number, owner, title, expected, came, context, follows_from: follows } = place.finding;
  box.append(make("strong", `Finding ${number}, ${owner}: ${title}`), make("dl",
    make("dt", "expected"), make("dd", expected), make("dt", "came"), make("dd", came),
    make("dt", "while"), make("dd", context)));
  if (follows) box.append(make("p", `It follows from finding ${follows}.`));
}

function fillLinks(event) {
  const list = byId("links");
  list.replaceChildren();
  const add = (head, ...entries) => {
    if (entries.length) list.append(make("dt", head), ...entries.map((one) => make("dd", ...one)));
  };
  const from = cause[event];
  if (from >= 0) {
    const reason = isStep(event) ? "" : " (" + data.reasons[data.reason_of[event]] + ")";
    const ago = us(start[event] - finishOfCause(from)) + " us before" + reason;
    add("After", [go(from, sentenceOf(from)), " " + ago]);
  }
  if (trigger[event] >= 0) {
    const ago = us(start[event] - start[trigger[event]]) + " us before";
    add("Because of", [go(trigger[event], sentenceOf(trigger[event])), " " + ago]);
  }
  const around = [];
  for (let at = parent[event]; at >= 0 && around.length < 5; at = parent[at]) around.push(at);
  if (around.length) add("Within", ...around.map((at) => [go(at, label(at))]));
  if (end[event] >= 0) add("Until", [go(end[event], sentenceOf(end[event]))]);
  add("Leads to", ...effects(event, MOST_ARROWS).map((to) =>
    [go(to, sentenceOf(to)), " " + us(start[to] - start[event]) + " us later"]));
}

const finishOfCause = (event) => (isPoll(event) ? finish[event] : start[event]);

// The command that explains the event, the same as in Rust. A page that does not know the file of
// its trace has none.
function explainCommand(event) {
  if (!data.explain) return "";
  const text = BigInt(start[event]).toString().padStart(7, "0");
  const ms = text.slice(0, -6) + "." + text.slice(-6);
  return data.explain + ms.replace(/\.?0+$/, "") + "ms";
}

function fillExplain(event) {
  const box = byId("explain");
  box.hidden = !data.explain;
  const [command, time] = explainCommand(event).split(/(?=--at [^ ]*$)/);
  box.firstElementChild.replaceChildren(command, make("span", time || ""));
  byId("copy").textContent = "Copy";
}

function fillMarker(event) {
  const box = byId("marker");
  box.replaceChildren();
  if (marker < 0) return;
  const since = start[event] - start[marker];
  box.append("From the marker ", make("strong", (since < 0 ? "" : "+") + us(since) + " us"),
    make("div", go(marker, sentenceOf(marker))));
}

function fillRegisters(event) {
  const cards = [];
  for (const register of registers) {
    const last = lastAccess(register, event);
    if (last >= 0) cards.push(registerCard(register, last, event));
  }
  const states = make("dl.bits");
  for (const lane of lanes) {
    if (lane.kind !== LANE.line && lane.kind !== LANE.signal) continue;
    const index = lower(lane.events.length, (at) => lane.events[at], event + 1) - 1;
    const value = index < 0 ? 0 : shape(lane.events[index]).values[0];
    const words = lane.kind === LANE.signal ? String(value)
      : value ? "up: the card asks for service" : "down";
    states.append(make("dt", lane.title), make("dd", words));
  }
  if (data.waiting.length) {
    const waiting = waitingAt(event);
    states.append(make("dt", "waiting"),
      make("dd", waiting + (waiting === 1 ? " byte" : " bytes") + " not sent yet"));
  }
  if (states.childElementCount) cards.push(make("div.card", states));
  byId("registers").replaceChildren(...cards);
  byId("registers-head").hidden = !cards.length;
}

function registerCard(register, last, event) {
  const value = valueOf(last);
  const verb = register.direction ? "written" : "read";
  const title = make("span", register.name + " ",
    make("span.quiet", hex(register.port, 3) + ", " + (register.direction ? "write" : "read")));
  const card = make("div.card", make("h3", title, make("b", value)));
  if (register.bits.length) addBits(card, register, shape(last).values[2]);
  const note = shape(last).words.split("; ")[1] || "";
  // Polls that began before the selected event, or at it, may end after it.
  const since = start[event] - finishOfCause(last);
  const age = since < 0 ? "just now " : us(since) + " us ago ";
  const words = register.bits.length || !note ? verb + " " : note + ", " + verb + " ";
  card.append(make("p.quiet", words + age, go(last, "go there")));
  return card;
}

function addBits(card, register, value) {
  const cells = make("div.cells");
  cells.setAttribute("aria-hidden", "true");
  const list = make("dl.bits");
  for (let number = 7; number >= 0; number--) {
    const bit = register.bits.find(([own]) => own === number);
    const isOne = (value >> number) & 1;
    cells.append(make("i" + (bit ? ".named" : "") + (isOne ? ".one" : ""), String(isOne)));
    if (!bit) continue;
    const words = isOne + ": " + (isOne ? bit[3] : bit[2]);
    list.append(make("dt", number + " " + bit[1]), make("dd", words));
  }
  const named = register.bits.map(([number]) => number);
  const rest = [7, 6, 5, 4, 3, 2, 1, 0].filter((number) => !named.includes(number));
  if (rest.length) {
    const range = rest.length > 1 ? rest[0] + "-" + rest[rest.length - 1] : String(rest[0]);
    list.append(make("dt.quiet", range), make("dd.quiet", "no meaning"));
  }
  card.append(cells, list);
}

// The findings of a comparison, as a list.
function fillFindings() {
  const box = byId("findings");
  if (!data.findings.length) return;
  const list = make("ol");
  for (const finding of data.findings) {
    const { event } = findingPlaces().find((place) => place.finding === finding);
    const words = finding.owner.toUpperCase() + " " + finding.title
      + (finding.count > 1 ? ` [${finding.count} x]` : "");
    const entry = make("li", go(event, words));
    if (finding.follows_from) entry.append(make("span.quiet", ` follows from ${finding.follows_from}`));
    list.append(entry);
  }
  box.append(make("h2", "Findings"), list);
}

// One row of the list of events.
function listRow(event) {
  const { kind, level, actor, words, values } = shape(event);
  const element = make("div.row");
  element.id = "event" + event;
  element.setAttribute("role", "option");
  element.setAttribute("aria-selected", String(event === selected));
  element.setAttribute("aria-posinset", String(event + 1));
  element.setAttribute("aria-setsize", String(count));
  element.dataset.event = event;
  if (kind === MARK) {
    element.classList.add("mark");
    element.append(make("span.at", us(start[event])), make("span.on", "="), make("span.words", words));
    return element;
  }
  if (kind === ACCESS && values[6] || lanes[laneOf[event]].kind === LANE.findings) {
    element.classList.add("bad");
  }
  const [main, note] = splitNote(words);
  const body = make("span.words", "  ".repeat(depth[event]) + main);
  if (note) body.append(make("span.more", "  " + note));
  if (isSpan(event)) body.append(make("span.more", "  " + us(finish[event] - start[event]) + " us"));
  if (kind === BYTE && shape(event).meaning) {
    body.append(make("span.more", "  " + shape(event).meaning));
  }
  element.append(make("span.at", us(start[event] - markTime(event))),
    make("span.on.on" + level, LETTERS[level]), make("span.who", data.actors[actor]), body);
  return element;
}

function splitNote(words) {
  const at = words.indexOf(" ; ");
  return at < 0 ? [words, ""] : [words.slice(0, at).trimEnd(), words.slice(at + 1)];
}

let listFirst = 0;

function listRows() {
  const list = byId("list");
  const size = parseFloat(getComputedStyle(document.documentElement).fontSize) * 1.25;
  return Math.max(1, Math.floor(list.clientHeight / size));
}

// Shows the rows around the selected event.
function fillList() {
  const rows = listRows();
  if (selected < listFirst + 1 || selected > listFirst + rows - 2) {
    listFirst = selected - Math.floor(rows / 2);
  }
  scrollList(0);
}

function scrollList(by) {
  const rows = listRows();
  listFirst = Math.min(Math.max(listFirst + by, 0), Math.max(count - rows, 0));
  const shown = [];
  for (let event = listFirst; event < Math.min(count, listFirst + rows); event++) {
    shown.push(listRow(event));
  }
  const list = byId("list");
  list.replaceChildren(...shown);
  const isShown = selected >= listFirst && selected < listFirst + rows && count;
  if (isShown) list.setAttribute("aria-activedescendant", "event" + selected);
  else list.removeAttribute("aria-activedescendant");
}

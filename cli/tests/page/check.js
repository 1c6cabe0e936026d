// Opens pages of traces in Chromium, and checks what they show and say.
//
// node check.js PART FOLDER PICTURES: PART is one of the functions below, FOLDER has the pages and
// their traces as text. A check that fails ends the script with its reason.

const assert = require("node:assert/strict");
const fs = require("node:fs");
const path = require("node:path");
const { chromium } = require("playwright-core");

const [part, folder, pictures] = process.argv.slice(2);

// The fixed views: a page, a place or keys, and the size and the scheme of the screen.
const VIEWS = [
  { name: "interrupt", page: "capture", keys: ["i", "i", "i", "f"], size: [1440, 900] },
  { name: "byte", page: "play", place: "at=4753.745us&mark=the song begins&span=1.5ms",
    size: [1440, 900], scheme: "dark" },
  { name: "polls", page: "play", place: "at=26.259us&mark=the song begins&span=550us",
    size: [3840, 2160] },
  { name: "overwritten", page: "broken", 
    keys: ["/", ..."overwrites", "Enter", "Escape", "f", "-", "-", "-", "-"],
    size: [1440, 900] },
  { name: "rule", page: "rule", keys: ["e", "f", "-", "-", "-"], size: [1100, 700], scheme: "dark" },
  { name: "difference", page: "diff", size: [1440, 900] },
  { name: "telephone", page: "capture", keys: ["i", "i", "i", "f"], size: [360, 740] },
];

const faults = [];

async function open(browser, name, { size = [1440, 900], scheme = "light", place = "" } = {}) {
  const viewport = { width: size[0], height: size[1] };
  const context = await browser.newContext({ viewport, colorScheme: scheme });
  const page = await context.newPage();
  page.on("pageerror", (error) => faults.push(name + ": " + error.message));
  page.on("console", (message) => faults.push(name + ": " + message.text()));
  page.on("request", (request) => {
    const address = request.url();
    if (!/^(file|data|blob):/.test(address)) faults.push(name + " asks for " + address);
  });
  const file = "file://" + path.join(folder, name + ".html");
  await page.goto(file + (place ? "#" + encodeURI(place) : ""));
  await page.waitForFunction(() => document.documentElement.dataset.ready);
  return page;
}

const press = async (page, keys) => { for (const key of keys) await page.keyboard.press(key); };
const text = (page, id) => page.locator("#" + id).innerText();
const selected = (page) => page.evaluate("selected");

async function views(browser) {
  for (const view of VIEWS) {
    const page = await open(browser, view.page, view);
    await press(page, view.keys || []);
    console.log(`== ${view.name}`);
    console.log((await text(page, "panel")).replace(/\n+/g, "\n").trim());
    const wide = await page.evaluate(() => document.documentElement.scrollWidth);
    assert.ok(wide <= view.size[0], `${view.name} is ${wide} px wide`);
    await page.screenshot({ path: path.join(pictures, `view-${view.name}.png`) });
    await page.context().close();
  }
}

async function keys(browser) {
  const page = await open(browser, "capture");
  await press(page, ["Home"]);
  assert.equal(await selected(page), 0);
  await press(page, ["ArrowRight", "ArrowRight", "ArrowLeft"]);
  assert.equal(await selected(page), 1);
  await press(page, ["End"]);
  assert.equal(await selected(page), 423);
  await press(page, ["Home", "]", "]"]);
  assert.match(await text(page, "sentence"), /^The mark "/);
  // An interrupt, back to its cause, and on to its effect.
  await press(page, ["i"]);
  assert.match(await text(page, "sentence"), /^The service routine of irq 9 begins\. It takes /);
  const isr = await selected(page);
  await press(page, ["c"]);
  assert.equal(await text(page, "sentence"), "irq 9 rises.");
  await press(page, ["x"]);
  assert.equal(await selected(page), isr);
  await press(page, ["Shift+ArrowRight"]);
  assert.equal(await page.evaluate("lanes[laneOf[selected]].title"), "ISR");
  // The marker stays, and its difference is told.
  await press(page, ["Home", "]", "m", "i"]);
  const since = await page.evaluate("us(start[selected] - start[marker])");
  assert.match(await text(page, "marker"), new RegExp("\\+" + since.replace(".", "\\.") + " us"));
  // The command that explains the event, as the program takes it, and a copy of it.
  const command = await page.locator("#explain code").innerText();
  const at = await page.evaluate("start[selected]");
  assert.equal(command, `portcls-emu explain capture.txt --at ${at / 1e6}ms`);
  await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
  const copied = () => page.evaluate("navigator.clipboard.readText()");
  await press(page, ["y"]);
  await page.waitForFunction(() => document.getElementById("copy").textContent === "Copied");
  assert.equal(await copied(), command);
  await press(page, ["ArrowRight"]);
  await page.locator("#copy").click();
  await page.waitForFunction(() => document.getElementById("copy").textContent === "Copied");
  assert.notEqual(await copied(), command);
  // Zoom, fold, theme, and a link of the panel.
  const span = () => page.evaluate("view.to - view.from");
  const before = await span();
  await press(page, ["+"]);
  assert.ok(await span() < before);
  await press(page, ["0", "z"]);
  assert.equal(await page.getAttribute("#fold", "aria-pressed"), "false");
  await press(page, ["z", "t"]);
  assert.equal(await page.getAttribute("html", "data-theme"), "dark");
  await page.locator("#registers .go").first().click();
  assert.match(await text(page, "sentence"), /^The driver reads /);
  await press(page, ["?"]);
  assert.ok(await page.locator("#keys").isVisible());
  await press(page, ["Escape"]);
  // A click on a byte selects it.
  await page.evaluate("select(lanes.find(({ title }) => title === 'MIDI IN').spans[3]); zoomToEvent()");
  const byte = await selected(page);
  await press(page, ["Home"]);
  await page.evaluate((event) => { selected = event; zoomToEvent(); selected = 0; }, byte);
  const [x, y] = await page.evaluate((event) => {
    const { x0, x1, y, height } = boxOf(currentPicture, event);
    const { left, top } = document.getElementById("stage").getBoundingClientRect();
    return [left + (x0 + x1) / 2, top + y + height / 2];
  }, byte);
  await page.mouse.click(x, y);
  assert.equal(await selected(page), byte);
  // The address opens the same place, and a bare page shows the lanes alone.
  await page.waitForTimeout(400);
  const hash = await page.evaluate("location.hash");
  const again = await open(browser, "capture", { place: decodeURI(hash.slice(1)) });
  assert.equal(await selected(again), byte);
  const bare = await open(browser, "capture", { place: "at=257ms&bare=1" });
  assert.ok(!await bare.locator("#panel").isVisible());
  assert.ok(await bare.evaluate("start[selected] <= 257e6"));
  // A page around this one sends a place.
  await bare.evaluate((place) => postMessage(place, "*"), decodeURI(hash.slice(1)));
  await bare.waitForFunction((event) => selected === event, byte);
  // The overview has the lanes in the order of the lanes.
  const orders = await page.evaluate(() =>
    [document.getElementById("overview"), document.getElementById("stage")].map((one) => one.dataset.lanes));
  assert.equal(orders[0], orders[1]);
  assert.equal(orders[0], "Scenario|Thread|DPC|ISR|IRQL|Port accesses|irq 9|MIDI OUT|MIDI IN");
  // The print has the picture and the events of the view.
  await page.emulateMedia({ media: "print" });
  await page.evaluate("beforePrint()");
  assert.ok(await page.locator("#print img").isVisible());
  assert.ok(await page.locator(".row").count() > 2);
  await page.pdf({ path: path.join(pictures, "print.pdf"), preferCSSPageSize: true });
  await page.context().close();
}

// Each line of the text against the row of the page.
async function numbers(browser) {
  for (const name of ["play", "capture", "broken", "rule"]) {
    const lines = [];
    for (const line of fs.readFileSync(path.join(folder, name + ".txt"), "utf8").split("\n")) {
      const more = /^\s+\|(.*)$/.exec(line);
      if (more) lines[lines.length - 1] += more[1];
      else if (line && !line.startsWith("#")) lines.push(line);
    }
    const page = await open(browser, name);
    const rows = await page.evaluate(() => Array.from({ length: count }, (_, event) => {
      const { kind, level, actor, words } = shape(event);
      if (kind === MARK) return "== " + us(start[event]) + " " + words;
      const time = us(start[event] - markTime(event));
      return [time, LETTERS[level], data.actors[actor], words].join(" ");
    }));
    const plain = (line) => line.trim().replace(/\s+/g, " ");
    assert.deepEqual(rows.map(plain), lines.map(plain), name);
    console.log(`${name}: ${rows.length} events`);
    await page.context().close();
  }
}

async function access(browser) {
  const axe = fs.readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
  for (const name of ["capture", "broken", "diff"]) {
    for (const scheme of ["light", "dark"]) {
      for (const size of [[1440, 900], [360, 740]]) {
        const page = await open(browser, name, { scheme, size });
        await page.keyboard.press("m");
        // The policy of the page refuses a script tag; this way it need not be weakened.
        await page.evaluate(axe);
        const { violations } = await page.evaluate("axe.run()");
        const words = violations.map(({ id, nodes }) => `${id}: ${nodes[0].html}`);
        assert.deepEqual(words, [], `${name}, ${scheme}, ${size}`);
        await page.context().close();
      }
    }
  }
  // By keys alone: the list is one stop, its active row is the selected event.
  const page = await open(browser, "capture");
  await page.focus("#list");
  await press(page, ["ArrowDown"]);
  const active = await page.getAttribute("#list", "aria-activedescendant");
  assert.equal(active, "event" + await selected(page));
  assert.equal(await page.getAttribute("#" + active, "aria-selected"), "true");
  assert.equal(await page.getAttribute("#sentence", "aria-live"), "polite");
  // At 200 % a screen of 1440 px has 720: nothing goes beyond its edge.
  const large = await open(browser, "capture", { size: [720, 450] });
  assert.ok(await large.evaluate("document.documentElement.scrollWidth") <= 720);
}

async function harm(browser) {
  const page = await open(browser, "harm");
  assert.match(await page.title(), /^driver <\/script><script>/);
  assert.equal(await page.locator("img").count(), 0);
  assert.match(await text(page, "panel"), /<\/script>/);
  assert.equal(await page.evaluate("count"), 4);
}

const median = (all) => all.sort((a, b) => a - b)[all.length >> 1];

async function speed(browser) {
  const ready = [];
  for (let time = 0; time < 3; time++) {
    const page = await open(browser, "long");
    ready.push(Number(await page.getAttribute("html", "data-ready")));
    if (time < 2) { await page.context().close(); continue; }
    const events = await page.evaluate("count");
    assert.ok(events > 100000, `${events} events`);
    const measure = (key, times) => page.evaluate(([key, times]) => {
      const all = [];
      for (let time = 0; time < times; time++) {
        const before = performance.now();
        document.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }));
        all.push(performance.now() - before);
      }
      return all;
    }, [key, times]);
    const whole = median(await measure("0", 5));
    const step = median(await measure("ArrowRight", 60));
    await measure("+", 8);
    const near = median(await measure("ArrowRight", 60));
    console.log(`${events} events: ready ${median(ready)} ms, a key ${step.toFixed(1)} ms, near `
      + `${near.toFixed(1)} ms, the whole trace drawn ${whole.toFixed(1)} ms`);
    assert.ok(median(ready) < 8000 && step < 80 && near < 80);
  }
}

// The program that the Rust test found.
const executablePath = process.env.PATH.split(path.delimiter)
  .map((folder) => path.join(folder, "chromium")).find((program) => fs.existsSync(program));

(async () => {
  const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
  await { views, keys, numbers, access, harm, speed }[part](browser);
  await browser.close();
  assert.deepEqual(faults, []);
})().catch((error) => {
  console.error(error);
  process.exit(1);
});

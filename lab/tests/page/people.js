// The page for people: by keys alone, with a screen reader, on each screen size, in an old browser,
// as one file without a network, on paper.
"use strict";

const assert = require("node:assert/strict");
const fs = require("node:fs");
const path = require("node:path");
const { chosen, driverBytes, drop, during, state, sum, traceOf, verdict } = require("./bench.js");

const VIEWS = ["timeline", "trace", "report", "imports", "latency", "compare"];
const focused = (page) => page.evaluate(() => document.activeElement.id);

// Presses Tab until an element has the focus.
async function tabTo(page, id) {
  for (let presses = 0; presses < 80; presses++) {
    await page.keyboard.press("Tab");
    if ((await focused(page)) === id) return;
  }
  throw new Error(`Tab does not reach ${id}`);
}

async function keysOnly(bench) {
  const page = await bench.open();
  await tabTo(page, "driver");
  await page.keyboard.type("no_busy");
  assert.match(await page.inputValue("#driver"), /no_busy_test$/);
  await tabTo(page, "run");
  await during(page, () => page.keyboard.press("Enter"));
  assert.equal(await state(page), "bad");
  await tabTo(page, "tab-timeline");
  await page.keyboard.press("ArrowRight");
  assert.equal(await focused(page), "tab-trace");
  assert.ok(await page.locator("#view-trace").isVisible());
  await page.keyboard.press("/");
  await page.keyboard.type("out 330");
  await page.keyboard.press("Enter");
  await page.waitForFunction(() =>
    /^2 of/.test(document.querySelector(".search output").textContent),
  );
  await tabTo(page, "");
  await page.focus(".lines");
  await page.keyboard.press("End");
  const last = await page.evaluate(() => lab.runs.lines.lines.length - 1);
  const active = await page.getAttribute(".lines", "aria-activedescendant");
  assert.equal(active, "line" + last);
  assert.equal(await page.getAttribute("#" + active, "aria-selected"), "true");
  await page.keyboard.press("Home");
  // Opens and closes the menu to save by keys.
  await page.focus("#save summary");
  await page.keyboard.press("Enter");
  assert.ok(await page.locator("#save-trace").isVisible());
  await page.keyboard.press("Escape");
  assert.ok(!(await page.locator("#save-trace").isVisible()));
  await page.keyboard.press("?");
  assert.ok(await page.locator("#help-dialog").isVisible());
  await page.keyboard.press("Escape");
  // Goes from one area of the page to the other.
  await page.focus("#area-driver");
  await page.keyboard.press("ArrowRight");
  assert.equal(await focused(page), "area-script");
  assert.ok(await page.locator("#script-area").isVisible());
  await bench.close(page);
}

async function axe(bench) {
  const source = fs.readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
  const check = async (page, where) => {
    // The page's policy refuses a script tag. This call runs the script without a weaker policy.
    await page.evaluate(source);
    const { violations } = await page.evaluate("axe.run({ iframes: false })");
    const words = violations.map(({ id, nodes }) => `${id}: ${nodes[0].html}`);
    assert.deepEqual(words, [], where);
  };
  for (const scheme of ["light", "dark"]) {
    for (const size of [
      [1280, 800],
      [360, 740],
    ]) {
      const page = await bench.open({ scheme, size, place: "#driver=project:x64/no_busy_test" });
      const where = `${scheme}, ${size}`;
      await page.evaluate(() => {
        byId("setup").open = true;
        byId("more").open = true;
      });
      for (const view of VIEWS) {
        await page.click("#tab-" + view);
        await page.waitForTimeout(150);
        await check(page, `${view}, ${where}`);
      }
      await page.click("#keep");
      await page.waitForSelector("#view-compare .bar:not([hidden])");
      await check(page, `kept, ${where}`);
      await page.click("#save summary");
      await check(page, `save, ${where}`);
      await page.click("#help");
      await check(page, `help, ${where}`);
      await page.keyboard.press("Escape");
      await page.click("#area-script");
      await page.fill("#ops-text", "init uart\nW D 90\nwire -> 90\nwire -> none\n");
      await page.click("#ops-run");
      await page.waitForFunction(() => document.documentElement.dataset.scripts);
      await check(page, `script, ${where}`);
      await page.fill("#ops-text", "init uart\nW D 9\n");
      await page.waitForFunction(() => byId("ops-error").textContent);
      await check(page, `script with an error, ${where}`);
      await bench.close(page);
    }
  }
}

const SIZES = [
  [360, 740],
  [720, 450],
  [1100, 700],
  [1440, 900],
  [3840, 2160],
];

// Compares a run with a kept one.
async function compare(page) {
  await page.click("#keep");
  await page.evaluate(() => lab.inputs.set({ driver: "project:x64/uart" }));
  await during(page, () => page.keyboard.press("Control+Enter"));
  await page.waitForSelector("#view-compare iframe");
}

// No view is wider than the screen. With a folder for pictures, each view gives a picture.
async function screens(bench) {
  const pictures = process.env.PORTCLS_PICTURES;
  for (const [width, height] of SIZES) {
    for (const scheme of ["light", "dark"]) {
      const place = "#driver=project:x64/no_busy_test";
      const page = await bench.open({ size: [width, height], scheme, place });
      const look = async (name) => {
        const wide = await page.evaluate(() => document.documentElement.scrollWidth);
        assert.ok(wide <= width, `${name} is ${wide} px wide on ${width}`);
        if (!pictures) return;
        await page.waitForTimeout(400);
        const file = `lab-${name}-${width}-${scheme}.png`;
        await page.screenshot({ path: path.join(pictures, file) });
      };
      for (const view of VIEWS) {
        await page.click("#tab-" + view);
        if (view === "compare") await compare(page);
        await look(view);
      }
      await page.click("#area-script");
      await page.click("#ops-run");
      await page.waitForFunction(() => document.documentElement.dataset.scripts);
      await look("scripts");
      await bench.close(page);
    }
  }
}

async function firstVisit(bench) {
  const page = await bench.open();
  assert.equal(await state(page), "good");
  assert.equal(await page.getAttribute("#verdict-line", "aria-live"), "polite");
  const words = await page.locator("#welcome-words").innerText();
  assert.equal(words.split(/[.](?: |$)/).filter(Boolean).length, 3, words);
  assert.match(words, /uart.*roland-mpu401/);
  const ready = await page.frameLocator("#view-timeline iframe").locator("html[data-ready]");
  await ready.waitFor({ state: "attached" });
  await page.click("#welcome-close");
  await page.reload();
  await page.waitForFunction(() => document.documentElement.dataset.shown);
  assert.ok(!(await page.locator("#welcome").isVisible()));
  // Dark and light; the frame of the timeline changes with the page.
  await page.click("#theme");
  assert.equal(await page.getAttribute("html", "data-theme"), "dark");
  const frame = page.frameLocator("#view-timeline iframe").locator("html[data-theme=dark]");
  await frame.waitFor({ state: "attached" });
  await bench.close(page);
}

const trouble = (page) => page.locator("#trouble").innerText();

async function oldBrowser(bench) {
  const page = await bench.open({ before: "WebAssembly.validate = () => false;" });
  assert.match(await trouble(page), /lacks exceptions in WebAssembly.*Firefox \d+/);
  await page.click("#theme");
  await page.click("#help");
  assert.ok(await page.locator("#help-dialog").isVisible());
  await bench.close(page);
}

// A page that cannot be loaded whole. Returns it and what its scripts did not catch.
async function brokenPage(bench, address, prepare = () => {}) {
  const context = await bench.browser.newContext();
  const page = await context.newPage();
  const uncaught = [];
  page.on("pageerror", (error) => uncaught.push(error.message));
  await prepare(page);
  await page.goto(address);
  return { page, uncaught, close: () => context.close() };
}

// A browser does not give the parts in a folder to a page from a disk.
async function folderOnDisk(bench) {
  const address = "file://" + path.join(bench.out, "index.html");
  const { page, uncaught, close } = await brokenPage(bench, address);
  await page.locator("#verdict[data-state='error']").waitFor();
  assert.match(await trouble(page), /open portcls-lab\.html/);
  assert.deepEqual(uncaught, []);
  await close();
}

// The host lost a part.
async function partMissing(bench) {
  const whole = "The page could not be loaded whole";
  for (const [part, place, id, words] of [
    ["lab.wasm", "", "trouble", `${whole} (lab.wasm: 404): load it again.`],
    ["lab.wasm", "#area=area-script", "trouble", `${whole} (lab.wasm: 404): load it again.`],
    ["catalog.json", "", "trouble", `${whole} (catalog.json: 404): load it again.`],
    ["lab.js", "", "loading", `${whole} (lab.js): load it again.`],
    ["worker.js", "", "verdict-line", "worker.js could not be loaded"],
  ]) {
    const { page, uncaught, close } = await brokenPage(bench, bench.address + place, (page) =>
      page.route("**/" + part, (route) => route.fulfill({ status: 404 })),
    );
    await page.locator("#" + id, { hasText: words }).waitFor();
    assert.deepEqual(uncaught, []);
    await close();
  }
}

// The module takes its time: the form can be filled, nothing is run and nothing is said to run.
async function slowModule(bench) {
  let send;
  const held = new Promise((done) => (send = done));
  const { page, uncaught, close } = await brokenPage(bench, bench.address, (page) =>
    page.route("**/lab.wasm", async (route) => {
      await held;
      await route.continue();
    }),
  );
  await page.selectOption("#driver", "project:x64/no_busy_test");
  assert.ok(await page.locator("#run").isDisabled());
  await page.keyboard.press("Control+Enter");
  await page.keyboard.press("Escape");
  await page.waitForTimeout(1500);
  assert.equal(await verdict(page), "Loading\u2026");
  send();
  await page.waitForFunction(() => document.documentElement.dataset.shown);
  // The first run is the run that was chosen.
  assert.equal(await state(page), "bad");
  assert.deepEqual(uncaught, []);
  await close();
}

// A job that is asked for before the module is there waits for its own worker.
async function earlyStop(bench) {
  const page = await bench.open();
  const words = await page.evaluate(async () => {
    let send;
    const engine = new Engine(new Promise((done) => (send = done)));
    const stopped = engine.ask({ job: "kept" }).catch((error) => error);
    engine.stop();
    const later = engine.ask({ job: "kept" });
    send(await lab.engine.module);
    const { result } = await later;
    engine.stop();
    return [(await stopped) instanceof Stopped, result.exit_code];
  });
  assert.deepEqual(words, [true, 0]);
  await bench.close(page);
}

async function singleFile(bench) {
  const page = await bench.open({ single: true });
  assert.equal(await state(page), "good");
  const file = path.join(__dirname, "../../../guest/drivers/bin/x64/uart.sys");
  const native = bench.run("play", "--driver", file, "--trace", "-").stdout;
  assert.equal(sum(await traceOf(page, { driver: "project:x64/uart" })), sum(native));
  await page.click("#tab-timeline");
  const lanes = page.frameLocator("#view-timeline iframe").locator("#stage[data-lanes]");
  await lanes.waitFor();
  await drop(page, [{ name: "mine.sys", bytes: driverBytes("x64/null_adapter.sys") }]);
  await chosen(page, "driver", "file:mine.sys");
  await during(page, () => page.keyboard.press("Control+Enter"));
  assert.equal(await state(page), "bad");
  // A link works here, too.
  const linked = await bench.open({ single: true, place: "#driver=project:x64/no_busy_test" });
  assert.equal(await state(linked), "bad");
  await bench.close(linked);
  await bench.close(page);
}

async function offline(bench) {
  const page = await bench.open();
  await page.context().setOffline(true);
  await page.selectOption("#card", "name:sb16");
  await during(page, () => page.keyboard.press("Control+Enter"));
  assert.equal(await state(page), "good");
  await bench.close(page);
}

async function paper(bench) {
  const page = await bench.open({ place: "#view=tab-trace" });
  await page.emulateMedia({ media: "print" });
  await page.evaluate(() => dispatchEvent(new Event("beforeprint")));
  assert.ok(await page.locator("#verdict-line").isVisible());
  assert.ok(!(await page.locator("#inputs").isVisible()));
  assert.match(await page.locator(".printed").innerText(), /the song begins/);
  await bench.close(page);
}

module.exports = {
  "all of it can be done by keys alone": keysOnly,
  "axe-core finds nothing, light and dark": axe,
  "the page fits screens from 360 px to 4K": screens,
  "a first visit shows a finished run in three sentences": firstVisit,
  "an old browser gets one sentence": oldBrowser,
  "a folder on a disk names the file that works there": folderOnDisk,
  "a part that is missing is named": partMissing,
  "while the module is slow, the form waits for it": slowModule,
  "Stop before the module ends the job that waits": earlyStop,
  "the single file works from a disk without a network": singleFile,
  "a loaded page needs no network": offline,
  "a print has the verdict and the view": paper,
};

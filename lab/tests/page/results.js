// The results of a run: the verdict, the views, the comparison, and saved files.
"use strict";

const assert = require("node:assert/strict");
const fs = require("node:fs");
const path = require("node:path");
const zlib = require("node:zlib");
const { DRIVERS, during, state, sum, traceOf, verdict } = require("./bench.js");

const run = (page) => during(page, () => page.keyboard.press("Control+Enter"));
const choose = (page, id, value) => page.selectOption("#" + id, value);
const timelineOf = (page, view = "view-timeline") =>
  page.frameLocator(`#${view} iframe`).locator("#sentence");

async function bugCheck(bench) {
  const page = await bench.open({ place: "#driver=project:x64/null_adapter" });
  assert.equal(await state(page), "bad");
  const file = path.join(DRIVERS, "x64/null_adapter.sys");
  const native = JSON.parse(bench.run("play", "--driver", file, "--format", "json").stdout);
  assert.match(await verdict(page), /^Fault\s*SYSTEM_THREAD_EXCEPTION_NOT_HANDLED \(7E\)/);
  assert.ok((await verdict(page)).includes(native.bug_check.message));
  await page.click("#tab-report");
  const report = await page.locator("#view-report").innerText();
  assert.match(report, /Bugcheck Analysis/);
  assert.match(report, /WHAT_HAPPENED/);
  // With its PDB, the page names the file and line of the same driver.
  await choose(page, "driver", "project:msvc-x64/null_adapter");
  await run(page);
  assert.match(await verdict(page), /null_adapter\.cpp @ 9/);
  // A click on the place of the failure shows its moment in the timeline.
  await page.click("#verdict-place");
  await timelineOf(page).filter({ hasText: "SYSTEM_THREAD_EXCEPTION_NOT_HANDLED" }).waitFor();
  // The page still works.
  await choose(page, "driver", "project:x64/uart");
  await run(page);
  assert.equal(await state(page), "good");
  assert.equal(await page.locator("#tab-report .count").count(), 0);
  await bench.close(page);
}

async function rulesAndLeaks(bench) {
  const page = await bench.open({ place: "#driver=project:x64/pool_in_isr&verb=capture" });
  assert.equal(await state(page), "bad");
  assert.match(await verdict(page), /IrqlExAllocatePool/);
  assert.ok(await page.locator("#verdict-place").isVisible());
  assert.match(await page.locator("#tab-report").innerText(), /Report\s*\d+/);
  await bench.close(page);
}

async function endlessDriver(bench) {
  const budget = "1000000000000000";
  const page = await bench.open();
  await page.evaluate(() => {
    byId("more").open = true;
  });
  await page.fill("#budget", budget);
  await choose(page, "driver", "project:x64/endless_loop");
  // To list the pins, the page also starts the driver. That must not be an endless loop.
  await page.keyboard.press("Control+Enter");
  await page.waitForFunction(() => /^running, [1-9]/.test(byId("elapsed").textContent));
  assert.match(await verdict(page), /Stop ends it/);
  await during(page, () => page.click("#stop"));
  assert.match(await verdict(page), /^Stopped\s*The run was ended by Stop/);
  // The new worker takes the next run. Escape stops a run as well.
  await page.keyboard.press("Control+Enter");
  await page.waitForSelector("#stop:not([hidden])");
  await during(page, () => page.keyboard.press("Escape"));
  assert.match(await verdict(page), /^Stopped/);
  await page.fill("#budget", "");
  await choose(page, "driver", "project:x64/uart");
  await run(page);
  assert.equal(await state(page), "good");
  await bench.close(page);
}

async function views(bench) {
  const page = await bench.open({ place: "#driver=project:x64/uart" });
  const trace = await traceOf(page, { driver: "project:x64/uart" });
  await page.click("#tab-trace");
  await page.waitForSelector(".lines .line");
  const first = await page.locator(".lines .line").first().innerText();
  assert.match(first, /# portcls-emu trace/);
  // Only what is on the screen is in the document.
  assert.ok((await page.locator(".lines .line").count()) < 80);
  await page.keyboard.press("/");
  await page.keyboard.type("out 330 <- 90");
  const lines = trace.split("\n").filter((line) => line.includes("out 330 <- 90"));
  await page.waitForFunction(
    (count) => document.querySelector(".search output").textContent.endsWith(`${count} lines`),
    lines.length,
  );
  assert.equal(await page.locator(".line.now mark").innerText(), "out 330 <- 90");
  await page.keyboard.press("Enter");
  assert.match(await page.locator(".search output").innerText(), /^2 of/);
  // A line of the trace is shown in the timeline.
  await page.focus(".lines");
  await page.keyboard.press("Enter");
  await page.waitForSelector("#view-timeline:not([hidden]) iframe");
  const sentence = timelineOf(page);
  await sentence.filter({ hasText: "writes 90 to DATA" }).waitFor();
  await page.click("#tab-imports");
  await page.waitForSelector(".imports");
  assert.match(await page.locator("#view-imports").innerText(), /all \d+ imports served/);
  await page.click("#tab-latency");
  await page.waitForSelector("#view-latency table");
  assert.match(await page.locator("#view-latency").innerText(), /polls before a byte/);
  await page.locator("#view-latency .link").first().click();
  await page.waitForSelector("#view-timeline:not([hidden])");
  await bench.close(page);
}

async function comparison(bench) {
  const page = await bench.open({ place: "#driver=project:x64/uart" });
  await page.click("#keep");
  await page.waitForSelector("#view-compare:not([hidden]) .bar:not([hidden])");
  assert.match(await page.locator("#view-compare").innerText(), /Kept: uart on roland-mpu401/);
  await choose(page, "driver", "project:x64/no_busy_test");
  await run(page);
  await page.waitForSelector("#view-compare iframe");
  const text = await page.locator("#view-compare .text").innerText();
  assert.match(text, /DRIVER/);
  // The page has the words that `diff` prints for the same two traces.
  for (const name of ["uart", "no_busy_test"]) {
    const file = path.join(DRIVERS, `x64/${name}.sys`);
    bench.run("play", "--driver", file, "--trace", `${name}.txt`);
  }
  const native = bench.run("diff", "uart.txt", "no_busy_test.txt").stdout;
  const finding = native
    .split("\n")
    .find((line) => / DRIVER /.test(line))
    .trim();
  assert.ok(text.includes(finding), `${finding}\n${text}`);
  await timelineOf(page, "view-compare").filter({ hasText: /./ }).waitFor();
  // The same run again has no difference.
  await choose(page, "driver", "project:x64/uart");
  await run(page);
  await page.waitForFunction(() =>
    /same/.test(document.querySelector("#view-compare .text").innerText),
  );
  await bench.close(page);
}

// The files of an archive, stored or deflated.
function unpack(bytes, folder) {
  const names = [];
  for (let at = 0; bytes.readUInt32LE(at) === 0x04034b50;) {
    const [method, size] = [bytes.readUInt16LE(at + 8), bytes.readUInt32LE(at + 18)];
    const [nameLength, more] = [bytes.readUInt16LE(at + 26), bytes.readUInt16LE(at + 28)];
    const name = bytes.toString("utf8", at + 30, at + 30 + nameLength);
    const from = at + 30 + nameLength + more;
    const content = bytes.subarray(from, from + size);
    fs.writeFileSync(path.join(folder, name), method ? zlib.inflateRawSync(content) : content);
    names.push(name);
    at = from + size;
  }
  return names;
}

async function download(page, work) {
  const [file] = await Promise.all([page.waitForEvent("download"), work()]);
  return { name: file.suggestedFilename(), bytes: fs.readFileSync(await file.path()) };
}

async function saving(bench) {
  for (const place of [
    "#driver=project:x64/uart&card=name:sb16",
    "#driver=project:x64/null_adapter",
  ]) {
    const page = await bench.open({ place });
    const save = async (id) => {
      await page.click("#save summary");
      return download(page, () => page.click("#" + id));
    };
    const trace = await save("save-trace");
    assert.match(trace.name, /\.trace$/);
    const kept = await page.evaluate(() =>
      lab.engine.ask({ job: "view", of: "run", outputs: ["trace"] }),
    );
    assert.equal(sum(trace.bytes), sum(kept.trace));
    const html = await save("save-page");
    assert.match(html.name, /\.html$/);
    assert.match(html.bytes.toString(), /^<!doctype html>[^]*Content-Security-Policy/);
    const packed = await save("save-scenario");
    const folder = fs.mkdtempSync(path.join(bench.folder, "scenario-"));
    const names = unpack(packed.bytes, folder);
    const scenario = names.find((name) => name.endsWith(".toml"));
    assert.ok(
      names.some((name) => name.endsWith(".trace")) && names.some((name) => /\.sys$/.test(name)),
    );
    const checked = bench.run("check", path.join(folder, scenario));
    assert.equal(checked.status, 0, checked.stdout + checked.stderr);
    await bench.close(page);
  }
}

module.exports = {
  "a bug check ends in its report, and the page goes on": bugCheck,
  "a broken rule is told with its place": rulesAndLeaks,
  "Stop ends a driver that never returns": endlessDriver,
  "every view shows the run, and a line leads to its moment": views,
  "a kept run and a new one differ as diff says": comparison,
  "what is saved is what the program takes": saving,
};

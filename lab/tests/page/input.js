// Inputs: dropped files, typed music, bad files, hostile names, links.
"use strict";

const assert = require("node:assert/strict");
const fs = require("node:fs");
const path = require("node:path");
const { ROOT, chosen, driverBytes, drop, during, state, verdict } = require("./bench.js");
const { SONGS, midiFile } = require("./songs.js");

const run = (page) => during(page, () => page.keyboard.press("Control+Enter"));
const trouble = (page) => page.locator("#trouble").innerText();

async function droppedFiles(bench) {
  const page = await bench.open();
  const driver = { name: "mine.sys", bytes: driverBytes("x64/uart.sys") };
  await drop(page, [driver, { name: "scale.mid", bytes: SONGS["scale.mid"] }]);
  await chosen(page, "driver", "file:mine.sys");
  await chosen(page, "song", "file:scale.mid");
  await run(page);
  assert.equal(await state(page), "good");
  assert.match(await page.locator("#figures").innerText(), /144 bytes|146 bytes/);
  // A card file of the user, and an INF.
  const card = fs.readFileSync(path.join(ROOT, "docs/my-card.toml"));
  await drop(page, [{ name: "my-card.toml", bytes: card }]);
  await chosen(page, "card", "file:my-card.toml");
  await run(page);
  assert.ok(["good", "bad"].includes(await state(page)), await verdict(page));
  // The PDB beside a driver gives names and lines.
  await drop(page, [
    { name: "null_adapter.sys", bytes: driverBytes("msvc-x64/null_adapter.sys") },
    { name: "null_adapter.pdb", bytes: driverBytes("msvc-x64/null_adapter.pdb") },
  ]);
  await chosen(page, "driver", "file:null_adapter.sys");
  await page.waitForFunction(() => /symbols/.test(byId("driver-about").textContent));
  await run(page);
  assert.match(await verdict(page), /null_adapter\.cpp @ 9/);
  // A scenario with its golden, and a trace to compare with.
  const scenario = (name) => fs.readFileSync(path.join(ROOT, "tests/scenarios", name));
  await drop(page, [
    { name: "chord.toml", bytes: scenario("chord.toml") },
    { name: "chord.trace", bytes: scenario("chord.trace") },
  ]);
  await page.waitForFunction(() => byId("scenario-name").textContent === "chord.toml");
  await run(page);
  assert.equal(await state(page), "good", await verdict(page));
  await page.click("#tab-report");
  await page.waitForFunction(() => /wire-out/.test(byId("view-report").innerText));
  await page.click("#scenario-drop");
  await drop(page, [{ name: "old.trace", bytes: scenario("chord.trace") }]);
  await page.waitForFunction(() => /Kept: old\.trace/.test(byId("view-compare").innerText));
  await bench.close(page);
}

async function typedMusic(bench) {
  const page = await bench.open();
  await page.selectOption("#song", "notes");
  await page.fill("#notes", "C4 E4 G4");
  await run(page);
  assert.equal(await state(page), "good", await verdict(page));
  await page.fill("#notes", "C4 H9");
  await run(page);
  assert.equal(await state(page), "error");
  assert.match(await page.locator("#notes-error").innerText(), /H9/);
  assert.equal(await page.getAttribute("#notes", "aria-invalid"), "true");
  await page.selectOption("#song", "bytes");
  await page.fill("#notes", "90 3C 40");
  await run(page);
  assert.equal(await state(page), "good", await verdict(page));
  assert.match(await page.locator("#figures").innerText(), /[35] bytes on the wire/);
  await bench.close(page);
}

async function settings(bench) {
  const page = await bench.open({ place: "#driver=project:x64/uart" });
  await page.click("#more > summary");
  // The list shows the pins that the driver itself has.
  await page.waitForSelector("#pin option[value='Uart:2']", { state: "attached" });
  const native = JSON.parse(bench.run("filters", "--format", "json").stdout);
  const pins = native.filters[0].pins.map(({ pin_id }) => `Uart:${pin_id}`);
  const listed = await page.evaluate(() => [...byId("pin").options].map(({ value }) => value));
  assert.deepEqual(listed, ["", ...pins]);
  await page.selectOption("#pin", "Uart:2");
  await run(page);
  assert.match(await verdict(page), /Uart:2 is no render pin/);
  await page.selectOption("#verb", "capture");
  await run(page);
  assert.equal(await state(page), "good", await verdict(page));
  await page.selectOption("#pin", "");
  await page.selectOption("#verb", "both");
  await run(page);
  assert.equal(await state(page), "good", await verdict(page));
  await page.selectOption("#verb", "play");
  await page.fill("#until", "300ms");
  await run(page);
  assert.match(await verdict(page), /300 ms after power-on/);
  // A wrong value marks its input.
  for (const [id, value] of Object.entries({ until: "soon", port: "12345", registry: "x" })) {
    await page.fill("#" + id, value);
    await run(page);
    assert.equal(await state(page), "error");
    assert.equal(await page.getAttribute("#" + id, "aria-invalid"), "true", id);
    await page.fill("#" + id, "");
  }
  await run(page);
  assert.equal(await state(page), "good", await verdict(page));
  assert.equal(await page.locator("[aria-invalid]").count(), 0);
  await bench.close(page);
}

// Each bad file gives one sentence, and the next run is good.
async function badFiles(bench) {
  const page = await bench.open();
  const arm = Buffer.from(driverBytes("x64/uart.sys"));
  arm.writeUInt16LE(0xaa64, arm.readUInt32LE(0x3c) + 4);
  const bad = [
    ["driver", "letter.sys", Buffer.from("Dear driver,\n"), /letter\.sys.*not a Windows driver/],
    ["driver", "empty.sys", Buffer.from(""), /empty/],
    ["driver", "arm.sys", arm, /ARM/i],
    ["song", "empty.mid", Buffer.from(""), /empty\.mid/],
    ["song", "nothing.mid", midiFile([[]]), /nothing\.mid|no message|no byte|empty/i],
    ["card", "card.toml", Buffer.from('based-on = "sb16"\ntx-dept = 3\n'), /card\.toml:2/],
  ];
  for (const [id, name, bytes, words] of bad) {
    await drop(page, [{ name, bytes }]);
    await chosen(page, id, `file:${name}`);
    await run(page);
    const told = await verdict(page);
    assert.match(told, words, name);
    assert.ok(!/undefined|null|\[object/.test(told), told);
    await page.evaluate(() => lab.inputs.set(lab.inputs.usual));
    await run(page);
    assert.equal(await state(page), "good", `after ${name}`);
  }
  await drop(page, [{ name: "photo.jpg", bytes: Buffer.from([255, 216, 255]) }]);
  await page.waitForSelector("#trouble:not([hidden])");
  assert.match(await trouble(page), /photo\.jpg is of no kind/);
  await bench.close(page);
}

// A driver, a file and a script with tags in their words. None of them becomes an element.
async function hostileNames(bench) {
  const page = await bench.open();
  const name = "</script><img src=x onerror=alert(1)>.sys";
  const bytes = Buffer.from(driverBytes("x64/no_busy_test.sys"));
  const words = bytes.indexOf("Uart", 0, "utf16le");
  if (words > 0) bytes.write("<b>x", words, "utf16le");
  await drop(page, [{ name, bytes }]);
  await chosen(page, "driver", `file:${name}`);
  for (const view of ["timeline", "trace", "report", "imports", "latency"]) {
    await page.click("#tab-" + view);
    await run(page);
  }
  await page.click("#keep");
  await page.selectOption("#song", "notes");
  await page.fill("#notes", "C4");
  await run(page);
  await page.waitForSelector("#view-compare iframe");
  await page.click("#area-script");
  await page.fill("#ops-text", "title: <img src=x onerror=alert(2)>\ninit uart\nR S -> 80\n");
  await page.click("#ops-run");
  await page.waitForFunction(() => document.documentElement.dataset.scripts);
  for (const frame of page.frames()) {
    assert.equal(await frame.locator("img[src=x], b:text-is('x')").count(), 0);
  }
  await bench.close(page);
}

async function links(bench) {
  const page = await bench.open();
  await page.evaluate(() => {
    byId("more").open = true;
  });
  await page.selectOption("#driver", "project:x64/no_busy_test");
  await page.selectOption("#card", "name:sb16");
  await page.selectOption("#timing", "seeded");
  await page.fill("#seed", "42");
  await page.selectOption("#song", "notes");
  await page.fill("#notes", "C4 E4 & <G4>");
  await page.fill("#notes", "C4 E4 G4");
  await page.selectOption("#irq", "5");
  await page.fill("#until", "400ms");
  await page.fill("#registry", "A=dword:1\nB=string:x y & z");
  await page.click("#tab-trace");
  await run(page);
  const before = await page.evaluate(() => lab.inputs.values());
  const told = await verdict(page);
  await page.click("#copy-link");
  await page.waitForFunction(() => byId("copy-link").textContent === "Copied");
  const address = await page.evaluate(() => navigator.clipboard.readText());
  assert.equal(address, await page.evaluate("location.href"));
  const again = await bench.open({ place: new URL(address).hash });
  assert.deepEqual(await again.evaluate(() => lab.inputs.values()), before);
  assert.equal(await verdict(again), told);
  assert.ok(await again.locator("#view-trace").isVisible());
  await bench.close(again);
  // A script with its cards. The opened link says that the user's file is missing.
  await page.click("#area-script");
  await page.fill("#ops-text", "init uart\nR S -> 80/C0\n");
  await page.click("#ops-none");
  await page.check("#ops-cards input[value=sb16]");
  await page.click("#copy-link");
  const script = await bench.open({ place: await page.evaluate("location.hash") });
  assert.equal(await script.inputValue("#ops-text"), "init uart\nR S -> 80/C0\n");
  assert.deepEqual(await script.evaluate(() => lab.scripts.cards()), ["sb16"]);
  await bench.close(script);
  await drop(page, [{ name: "mine.sys", bytes: driverBytes("x64/uart.sys") }]);
  await chosen(page, "driver", "file:mine.sys");
  await page.click("#copy-link");
  await page.waitForSelector("#trouble:not([hidden])");
  assert.match(await trouble(page), /all but your files/);
  const wrong = await bench.open({ place: "#card=name:no-such-card" });
  assert.match(await trouble(wrong), /no-such-card/);
  await bench.close(wrong);
  await bench.close(page);
}

module.exports = {
  "dropped files are taken where they belong": droppedFiles,
  "notes and bytes are typed, and a slip is told in its place": typedMusic,
  "settings do what they do in the program, and a slip marks its input": settings,
  "a bad file is one sentence, and the page lives on": badFiles,
  "a name that is a tag stays a text": hostileNames,
  "a link brings back what was chosen": links,
};

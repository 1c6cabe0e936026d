// Register scripts: marked errors, several cards, pictures.
"use strict";

const assert = require("node:assert/strict");

async function runScript(page, text) {
  await page.click("#area-script");
  if (text !== undefined) await page.fill("#ops-text", text);
  const scripts = () => Number(document.documentElement.dataset.scripts || 0);
  const before = await page.evaluate(scripts);
  await page.keyboard.press("Control+Enter");
  await page.waitForFunction(
    (count) => Number(document.documentElement.dataset.scripts || 0) > count,
    before,
  );
}

async function errors(bench) {
  const page = await bench.open();
  await runScript(page, "init uart\nW D 9\n");
  assert.match(
    await page.locator("#ops-error").innerText(),
    /^Line 2, column 5: '9' is not a byte;/,
  );
  assert.equal(await page.getAttribute("#ops-text", "aria-invalid"), "true");
  assert.equal(await page.getAttribute("#editor-lines .bad", "data-line"), "2");
  assert.match(await page.locator("#ops-verdict").innerText(), /mistake in line 2/);
  // While the user types, the mark of the mistake goes away without a run.
  await page.fill("#ops-text", "init uart\nW D 90\n");
  await page.waitForFunction(() => byId("ops-error").textContent === "");
  await page.fill("#ops-text", "init uart\nQ D 90\n");
  await page.waitForFunction(() => /^Line 2/.test(byId("ops-error").textContent));
  await bench.close(page);
}

async function cards(bench) {
  const page = await bench.open();
  await runScript(page);
  assert.match(await page.locator("#ops-verdict").innerText(), /21 as expected, 0 not, on 3 cards/);
  const heads = await page.locator(".matrix thead").first().innerText();
  assert.match(heads, /roland-mpu401\s+smsc-superio\s+sb16/);
  // Each card has a picture, which is also described in words.
  assert.equal(await page.locator("details[open] svg.wave").count(), 3);
  const words = await page.locator("svg.wave").first().getAttribute("aria-label");
  assert.match(words, /^roland-mpu401: on MIDI OUT 90 3C 40;/);
  // The expected and the read value stand side by side.
  await runScript(page, "title: too early\ninit uart\nW D 90\nwait 380\nwire -> 90\n");
  const cells = await page.locator(".matrix tbody tr").last().locator("td").allInnerTexts();
  assert.match(cells[2], /got none\s+expected 90/);
  assert.ok(
    cells.slice(3).some((one) => /\u2713 90/.test(one)),
    cells,
  );
  assert.equal(await page.getAttribute("#editor-lines .failed", "data-line"), "5");
  await page.click("#ops-all");
  await runScript(page);
  const told = await page.locator("#ops-verdict").innerText();
  const count = await page.evaluate(() => lab.catalog.cards.length);
  assert.ok(told.includes(`on ${count} cards`), told);
  await bench.close(page);
}

// Each script of the module runs as in the program.
async function examples(bench) {
  const page = await bench.open();
  await page.click("#area-script");
  const names = await page.evaluate(() => lab.catalog.scripts.map(({ name }) => name));
  assert.ok(names.length > 15, names);
  for (const name of names.slice(0, 6)) {
    await page.selectOption("#ops-example", name);
    await runScript(page);
    assert.match(await page.locator("#ops-verdict").innerText(), /0 not/, name);
  }
  await bench.close(page);
}

module.exports = {
  "a mistake in a script is told in its line": errors,
  "a script runs on several cards side by side": cards,
  "the project's scripts come as expected": examples,
};

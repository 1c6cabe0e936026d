// The page and the program give the same trace for the same driver, song, card and options.
"use strict";

const assert = require("node:assert/strict");
const fs = require("node:fs");
const path = require("node:path");
const { DRIVERS, sum, traceOf } = require("./bench.js");
const { SONGS } = require("./songs.js");

// Each driver of the project with the built-in tune.
async function everyDriver(bench) {
  const page = await bench.open();
  const listed = await page.evaluate(() => lab.choices.available().map(({ value }) => value));
  const files = fs.readdirSync(DRIVERS).flatMap((architecture) =>
    fs
      .readdirSync(path.join(DRIVERS, architecture))
      .filter((name) => name.endsWith(".sys"))
      .map((name) => `project:${architecture}/${name.replace(".sys", "")}`),
  );
  assert.deepEqual(listed.toSorted(), files.toSorted());
  assert.ok(listed.filter((value) => value.startsWith("project:x64/")).length >= 60, listed);
  const sums = new Set();
  for (const driver of listed) {
    const file = path.join(DRIVERS, driver.replace("project:", "") + ".sys");
    const native = bench.run("play", "--driver", file, "--trace", "-").stdout;
    const here = await traceOf(page, { driver });
    assert.equal(sum(here), sum(native), driver);
    assert.ok(here.startsWith("# portcls-emu trace"), driver);
    sums.add(sum(here));
  }
  assert.ok(sums.size > 0.8 * listed.length, "the traces differ from each other");
  console.log(`   ${listed.length} drivers`);
  await bench.close(page);
}

// Ten songs, each on another card and with another timing, out and in.
async function tenSongs(bench) {
  const page = await bench.open();
  const cards = await page.evaluate(() => lab.catalog.cards.map(({ name }) => name));
  let at = 0;
  for (const [name, bytes] of Object.entries(SONGS)) {
    bench.put(name, bytes);
    const card = cards[(at * 3) % cards.length];
    const timing = ["typ", "min", "max", "seeded"][at % 4];
    for (const verb of ["play", "capture"]) {
      const driver = path.join(DRIVERS, at % 2 ? "x86/uart.sys" : "x64/uart.sys");
      const where = ["--card", card, "--card-timing", timing === "seeded" ? "seeded:7" : timing];
      const native = bench.run(verb, name, "--driver", driver, ...where, "--trace", "-").stdout;
      const files = [{ name, data: bytes.toString("base64") }];
      await page.evaluate((all) => {
        for (const { name, data } of all) {
          const bytes = Uint8Array.from(atob(data), (one) => one.charCodeAt(0));
          lab.files.all.set(name, { name, bytes, kind: "song" });
        }
        lab.choices.fillSongs();
      }, files);
      const values = { driver: `project:${at % 2 ? "x86" : "x64"}/uart`, song: `file:${name}` };
      const more = { card: `name:${card}`, timing, seed: "7", verb };
      const here = await traceOf(page, { ...values, ...more });
      assert.equal(sum(here), sum(native), `${name} on ${card}, ${verb}`);
    }
    at++;
  }
  await bench.close(page);
}

// The built-in driver, and the filter.
async function filtered(bench) {
  const page = await bench.open();
  const native = bench.run("play", "--filter", "registers", "--trace", "-").stdout;
  const here = await page.evaluate(async () => {
    lab.inputs.set({ ...lab.inputs.usual, filter: "registers" });
    await lab.runs.run();
    lab.runs.tabs.show("tab-trace");
    await lab.runs.fill();
    return lab.runs.view(lab.runs.current, "trace");
  });
  assert.equal(sum(here.trace), sum(native));
  await bench.close(page);
}

module.exports = {
  "every driver of the project gives the trace of the program": everyDriver,
  "ten songs on ten cards give the traces of the program": tenSongs,
  "the filter keeps what it keeps in the program": filtered,
};

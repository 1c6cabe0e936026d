// Shared by the tests of the page: a static host, the browser, and the program to compare with.
"use strict";

const assert = require("node:assert/strict");
const { spawnSync } = require("node:child_process");
const { createHash } = require("node:crypto");
const fs = require("node:fs");
const http = require("node:http");
const os = require("node:os");
const path = require("node:path");
const { chromium } = require("playwright-core");

const ROOT = path.resolve(__dirname, "../../..");
const DRIVERS = path.join(ROOT, "guest/drivers/bin");

// The browser's driver cannot see into a frame that runs in a process of its own.
const FLAGS = ["--no-sandbox", "--disable-features=IsolateSandboxedIframes"];

const TYPES = {
  ".html": "text/html; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".json": "application/json",
  ".wasm": "application/wasm",
};

// A static host for the files of a folder.
function serve(folder) {
  const server = http.createServer((request, answer) => {
    const { pathname } = new URL(request.url, "http://localhost");
    const file = path.join(folder, decodeURIComponent(pathname).replace(/\/$/, "/index.html"));
    if (!file.startsWith(folder) || !fs.existsSync(file)) {
      answer.writeHead(404).end();
      return;
    }
    const type = TYPES[path.extname(file)] ?? "application/octet-stream";
    answer.writeHead(200, { "content-type": type }).end(fs.readFileSync(file));
  });
  return new Promise((done) => server.listen(0, "127.0.0.1", () => done(server)));
}

const sum = (text) => createHash("sha256").update(text).digest("hex");

class Bench {
  static async start(out, program) {
    const bench = new Bench();
    bench.out = path.resolve(out);
    bench.program = path.resolve(program);
    bench.server = await serve(bench.out);
    bench.address = `http://127.0.0.1:${bench.server.address().port}/`;
    bench.single = "file://" + path.join(bench.out, "portcls-lab.html");
    bench.folder = fs.mkdtempSync(path.join(os.tmpdir(), "lab-page-"));
    bench.faults = [];
    const found = process.env.PATH.split(path.delimiter).map((one) => path.join(one, "chromium"));
    const executablePath = found.find((one) => fs.existsSync(one));
    bench.browser = await chromium.launch({ executablePath, args: FLAGS });
    return bench;
  }

  async stop() {
    await this.browser.close();
    this.server.close();
    fs.rmSync(this.folder, { recursive: true });
  }

  // Opens the page and waits for its first run. The test fails if the browser logs a message, if a
  // script throws, or if the page asks another host for anything. `pause` is the time in ms between
  // the opening of the window and the loading of the page.
  async open({
    place = "",
    size = [1280, 800],
    scheme = "light",
    single = false,
    pause = 0,
    before,
  } = {}) {
    const viewport = { width: size[0], height: size[1] };
    const permissions = single ? [] : ["clipboard-read", "clipboard-write"];
    const context = await this.browser.newContext({ viewport, colorScheme: scheme, permissions });
    const page = await context.newPage();
    page.on("pageerror", (error) => this.faults.push(error.message));
    page.on("console", (message) => this.faults.push(message.text()));
    page.on("request", (request) => {
      const address = request.url();
      const isOwn = single ? address.startsWith(this.single) : address.startsWith(this.address);
      if (!isOwn && !/^(data|blob|about):/.test(address)) this.faults.push("asks for " + address);
    });
    if (before) await page.addInitScript(before);
    await page.waitForTimeout(pause);
    await page.goto((single ? this.single : this.address) + place);
    await page.waitForFunction(() => {
      const { shown, ready } = document.documentElement.dataset;
      return shown || ready === "old";
    });
    return page;
  }

  async close(page) {
    await page.context().close();
    assert.deepEqual(this.faults.splice(0), []);
  }

  // Runs the program in a folder of its own. Returns its exit code and what it printed.
  run(...words) {
    const most = { maxBuffer: 1 << 28, cwd: this.folder, encoding: "utf8" };
    const { status, stdout, stderr } = spawnSync(this.program, words, most);
    return { status, stdout, stderr };
  }

  put(name, content) {
    fs.writeFileSync(path.join(this.folder, name), content);
  }
}

// Does something that starts a run, and waits for the end of the run.
async function during(page, work) {
  const runs = () => Number(document.documentElement.dataset.runs || 0);
  const before = await page.evaluate(runs);
  await work();
  await page.waitForFunction(
    (count) => Number(document.documentElement.dataset.runs || 0) > count,
    before,
    { timeout: 60000 },
  );
}

// Chooses values in the form and runs. Returns the whole trace.
const traceOf = (page, values) =>
  page.evaluate(async (chosen) => {
    const unknown = lab.inputs.set({ ...lab.inputs.usual, ...chosen });
    if (unknown.length) throw new Error("unknown: " + unknown);
    await lab.runs.run();
    const outputs = ["trace"];
    const answer = await lab.engine.ask({ job: "view", of: "run", outputs });
    return answer.trace ?? "";
  }, values);

const verdict = (page) => page.locator("#verdict-line").innerText();
const state = (page) => page.getAttribute("#verdict", "data-state");

// Drops files on the page. `files` has a name and bytes for each.
const drop = (page, files) =>
  page.evaluate(
    (all) => {
      const dataTransfer = new DataTransfer();
      for (const { name, data } of all) {
        const bytes = Uint8Array.from(atob(data), (one) => one.charCodeAt(0));
        dataTransfer.items.add(new File([bytes], name));
      }
      const options = { dataTransfer, bubbles: true, cancelable: true };
      document.body.dispatchEvent(new DragEvent("drop", options));
    },
    files.map(({ name, bytes }) => ({ name, data: Buffer.from(bytes).toString("base64") })),
  );

// Waits until the page has chosen a value, for example after a file was dropped.
const chosen = (page, id, value) =>
  page.waitForFunction(([id, value]) => document.getElementById(id).value === value, [id, value]);

const driverBytes = (name) => fs.readFileSync(path.join(DRIVERS, name));

module.exports = {
  Bench,
  DRIVERS,
  ROOT,
  chosen,
  driverBytes,
  drop,
  during,
  state,
  sum,
  traceOf,
  verdict,
};

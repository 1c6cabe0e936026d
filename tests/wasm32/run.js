// Runs a test program for wasm32-wasip1 in node: the runner that `cargo xtask wasm32` gives cargo.
//
// node run.js PROGRAM.wasm [ARGUMENTS]
//
// Without arguments it runs all tests of the program, some at a time, each time in a process of
// their own: the machines of some tests live as long as their process, and an address has 32 bits.
"use strict";

const { spawnSync } = require("node:child_process");
const { readFileSync } = require("node:fs");
const { WASI } = require("node:wasi");

// How many tests one process runs.
const AT_ONCE = 100;

const [program, ...words] = process.argv.slice(2);

// What Debian's C library of 2022 lacks and the standard library names. There are no threads here,
// and the answer of `realpath` is that no path has another form.
const absent = {
  __cpp_exception: new WebAssembly.Tag({ parameters: ["i32"] }),
  pthread_join: () => fail("pthread_join"),
  pthread_detach: () => fail("pthread_detach"),
  realpath: () => 0,
};

function fail(name) {
  throw new Error(`a test started a thread: ${name}`);
}

// Runs the program with its arguments, and returns its exit code.
async function run() {
  const wasi = new WASI({
    version: "preview1",
    args: [program, ...words],
    env: process.env,
    // One root only: this C library takes the beginning off a path, so that it cannot tell two
    // roots apart.
    preopens: { "/": "/" },
    returnOnExit: true,
  });
  const module = await WebAssembly.compile(readFileSync(program));
  const instance = await WebAssembly.instantiate(module, {
    wasi_snapshot_preview1: wasi.wasiImport,
    env: absent,
  });
  return wasi.start(instance);
}

// A process of node that runs the program with these arguments.
function start(words, stdout) {
  const own = [...process.execArgv, __filename, program, ...words];
  return spawnSync(process.execPath, own, { stdio: ["ignore", stdout, "inherit"] });
}

function runAll() {
  const list = start(["--list", "--format", "terse"], "pipe");
  if (list.status !== 0) return 1;
  const names = [...list.stdout.toString().matchAll(/^(.*): test$/gm)].map(([, name]) => name);
  let worst = 0;
  for (let at = 0; at < names.length; at += AT_ONCE) {
    const { status } = start(["--exact", ...names.slice(at, at + AT_ONCE)], "inherit");
    worst = Math.max(worst, status ?? 1);
  }
  return worst;
}

async function main() {
  process.exitCode = words.length === 0 ? runAll() : await run();
}

main();

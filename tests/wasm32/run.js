// Runs a test program for wasm32-wasip1 in node, as the runner that cargo calls: see
// `cargo xtask wasm32`.
//
// node run.js PROGRAM.wasm [ARGUMENTS]
"use strict";

const { readFileSync } = require("node:fs");
const { WASI } = require("node:wasi");

const [program, ...words] = process.argv.slice(2);

// What Debian's C library of 2022 lacks and the standard library names. Nothing calls them: there
// are no threads and no links here.
const absent = new Proxy({ __cpp_exception: new WebAssembly.Tag({ parameters: ["i32"] }) }, {
  get: (known, name) =>
    known[name] ??
    (() => {
      throw new Error(`${String(name)} is not here`);
    }),
});

async function main() {
  const wasi = new WASI({
    version: "preview1",
    args: [program, ...words],
    env: process.env,
    // The one root: this C library takes the beginning off a path, so that a second root could not
    // be told from it.
    preopens: { "/": "/" },
    returnOnExit: true,
  });
  const module = await WebAssembly.compile(readFileSync(program));
  const instance = await WebAssembly.instantiate(module, {
    wasi_snapshot_preview1: wasi.wasiImport,
    env: absent,
  });
  process.exitCode = wasi.start(instance);
}

main();

// Tests the page in Chromium.
//
//   node lab/tests/page/run.js OUT PROGRAM [WORDS...]
//
// OUT is the folder that lab/build.sh made. PROGRAM is the native portcls-emu of the same source.
// With WORDS, only tests run that have one of the words in their names. The variable
// PORTCLS_PICTURES names a folder for pictures of the page.
"use strict";

const { Bench } = require("./bench.js");

const TESTS = {
  ...require("./traces.js"),
  ...require("./results.js"),
  ...require("./input.js"),
  ...require("./scripts.js"),
  ...require("./people.js"),
  ...require("./figures.js"),
};

async function main([out, program, ...words]) {
  if (!program) throw new Error("node run.js OUT PROGRAM [WORDS...]");
  const bench = await Bench.start(out, program);
  let failed = 0;
  let done = 0;
  for (const [name, test] of Object.entries(TESTS)) {
    if (words.length && !words.some((word) => name.includes(word))) continue;
    const before = performance.now();
    done++;
    try {
      await test(bench);
      console.log(`ok  ${name} (${((performance.now() - before) / 1000).toFixed(1)} s)`);
    } catch (error) {
      failed++;
      bench.faults.length = 0;
      console.log(`FAILED  ${name}\n${error.stack}`);
    }
  }
  await bench.stop();
  console.log(`${done - failed} of ${done} tests of the page passed`);
  if (failed || !done) process.exitCode = 1;
}

main(process.argv.slice(2)).catch((error) => {
  console.error(error);
  process.exit(1);
});

// Does one job in the module, without files, and prints one of its outputs.
//
//   node lab/job.js MODULE JOB OUTPUT
//
// It runs the page's own worker, page/worker/worker.js, in node.
"use strict";

const fs = require("node:fs");
const path = require("node:path");
const vm = require("node:vm");

const [modulePath, job, output] = process.argv.slice(2);
if (!output) {
  console.error("usage: node lab/job.js MODULE JOB OUTPUT");
  process.exit(2);
}

function fail(words) {
  console.error(`lab/job.js: ${words}`);
  process.exit(1);
}

// What a browser gives to a worker.
globalThis.onmessage = null;
globalThis.postMessage = ({ started, answer, trap }) => {
  if (started) return;
  if (trap) fail(trap);
  if (answer.result.error) fail(JSON.stringify(answer.result.error));
  if (!(output in answer)) fail(`the job has no output ${output}`);
  process.stdout.write(answer[output]);
  process.exitCode = 0;
};
// Until the worker has answered.
process.exitCode = 1;

const worker = path.join(__dirname, "page", "worker", "worker.js");
vm.runInThisContext(fs.readFileSync(worker, "utf8"), { filename: worker });
onmessage({ data: { module: new WebAssembly.Module(fs.readFileSync(modulePath)) } });
onmessage({ data: { id: 1, job: JSON.parse(job), files: [], fresh: false } });

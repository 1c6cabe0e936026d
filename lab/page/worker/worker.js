// The worker with the WebAssembly module: takes jobs, and answers each job with its outputs.
//
// If a run takes too long, the page ends this worker. A trap of the module, such as a full stack,
// ends the instance. The next job then gets a new instance.
"use strict";

const encode = (text) => new TextEncoder().encode(text);
const decode = (bytes) => new TextDecoder().decode(bytes);

let module = null;
let instance = null;

// A part of the module's memory. Any call may move the memory.
const memory = (at, length) => new Uint8Array(instance.memory.buffer, at, length);

function stage(...parts) {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  const at = instance.lab_room(length);
  if (!at && length) throw new Error("the file is too long");
  const room = memory(at, length);
  let from = 0;
  for (const part of parts) {
    room.set(part, from);
    from += part.length;
  }
}

// The outputs of the last call. Texts are strings, all others are bytes.
function outputs() {
  const found = {};
  for (let index = 0; index < instance.lab_output_count(); index++) {
    const name = decode(
      memory(instance.lab_output_name(index), instance.lab_output_name_length(index)),
    );
    found[name] = memory(instance.lab_output(index), instance.lab_output_length(index)).slice();
  }
  found.result = JSON.parse(decode(found.result));
  for (const { name, type } of found.result.outputs) {
    if (/^(text|application\/json)/.test(type)) found[name] = decode(found[name]);
  }
  return found;
}

// With `fresh`, no file of an earlier job is left, because such a file could be taken for a file of
// this job.
function perform({ job, files, fresh }) {
  if (fresh) instance.lab_forget();
  for (const { name, bytes } of files) {
    const label = encode(name);
    stage(label, bytes);
    if (instance.lab_file(label.length) !== 0) return outputs();
  }
  stage(encode(JSON.stringify(job)));
  instance.lab_run();
  return outputs();
}

// Takes the module, which comes before the first job. If there can be no instance, the first job
// tries again, and tells why.
async function begin(given) {
  module = given;
  try {
    await renew();
    postMessage({ started: true });
  } catch {
    instance = null;
  }
}

async function renew() {
  instance = (await WebAssembly.instantiate(module, {})).exports;
}

async function take(data) {
  const { id } = data;
  try {
    if (!instance) await renew();
    const before = performance.now();
    const answer = perform(data);
    const wall = performance.now() - before;
    postMessage({ id, answer, wall, memory: instance.memory.buffer.byteLength });
  } catch (error) {
    instance = null;
    postMessage({ id, trap: String(error) });
  }
}

// Jobs run one after the other. They also wait for the instance.
let newest = Promise.resolve();
onmessage = ({ data }) => {
  newest = newest.then(() => (data.module ? begin(data.module) : take(data)));
};

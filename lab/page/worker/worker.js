// The module in a worker: takes jobs, and answers each with its outputs.
//
// The page ends this worker to end a run that takes too long. A trap of the module, such as a stack
// that is full, takes the instance with it; the next job gets a new one.
"use strict";

const encode = (text) => new TextEncoder().encode(text);
const decode = (bytes) => new TextDecoder().decode(bytes);

let module = null;
let instance = null;

// Bytes of the module's memory. The memory may move with each call.
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

// The outputs of the newest call: texts as texts, all others as bytes.
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

// With `fresh`, nothing of an earlier job is left: its files could lie beside the new ones.
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

async function take(data) {
  const { id } = data;
  try {
    if (data.module) module = data.module;
    if (!instance) instance = (await WebAssembly.instantiate(module, {})).exports;
    const before = performance.now();
    const answer = perform(data);
    const wall = performance.now() - before;
    postMessage({ id, answer, wall, memory: instance.memory.buffer.byteLength });
  } catch (error) {
    instance = null;
    postMessage({ id, trap: String(error) });
  }
}

// One job after the other, also while the instance is still made.
let newest = Promise.resolve();
onmessage = ({ data }) => {
  newest = newest.then(() => take(data));
};

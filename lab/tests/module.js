// Tests the module itself, without a page: no imports, no leak. Prints how fast it is.
//
// node lab/tests/module.js FOLDER     FOLDER is what lab/build.sh made
'use strict';
const assert = require('node:assert');
const { readFileSync } = require('node:fs');
const { join } = require('node:path');

const folder = process.argv[2];
const bytes = readFileSync(join(folder, 'lab.wasm'));
const utf8 = (text) => new TextEncoder().encode(text);

/** A fresh instance with its exports. */
async function lab(module) {
  const doors = (await WebAssembly.instantiate(module, {})).exports;
  const put = (content) => {
    const at = doors.lab_room(content.length);
    assert(at !== 0, 'there is room');
    new Uint8Array(doors.memory.buffer, at, content.length).set(content);
  };
  const text = (at, length) =>
    new TextDecoder().decode(new Uint8Array(doors.memory.buffer, at, length));
  return {
    doors,
    file(name, content) {
      put(Buffer.concat([utf8(name), content]));
      return doors.lab_file(utf8(name).length);
    },
    run(job) {
      put(utf8(typeof job === 'string' ? job : JSON.stringify(job)));
      const exit = doors.lab_run();
      const outputs = {};
      for (let index = 0; index < doors.lab_output_count(); index += 1) {
        const name = text(doors.lab_output_name(index), doors.lab_output_name_length(index));
        outputs[name] = text(doors.lab_output(index), doors.lab_output_length(index));
      }
      return { exit, outputs, result: JSON.parse(outputs.result) };
    },
  };
}

/** How long some work took in ms, and its result. */
function timed(work) {
  const begin = process.hrtime.bigint();
  const value = work();
  return [Number(process.hrtime.bigint() - begin) / 1e6, value];
}

/** A song of 100 s: a note on and off every 100 ms. */
function longSong() {
  const track = [];
  for (let note = 0; note < 500; note += 1) {
    track.push(10, 0x90, 40 + (note % 40), 64, 10, 0x80, 40 + (note % 40), 64);
  }
  track.push(0, 0xff, 0x2f, 0);
  // 10 ticks of 100 a quarter at 1,000,000 us a quarter are 100 ms.
  const tempo = [0, 0xff, 0x51, 3, 0x0f, 0x42, 0x40];
  const content = Buffer.from([...tempo, ...track]);
  const head = Buffer.from([77, 84, 104, 100, 0, 0, 0, 6, 0, 0, 0, 1, 0, 100, 77, 84, 114, 107]);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(content.length);
  return Buffer.concat([head, length, content]);
}

async function main() {
  const [compiled, module] = timed(() => new WebAssembly.Module(bytes));
  assert.deepStrictEqual(WebAssembly.Module.imports(module), [], 'the module has no imports');
  const { doors, file, run } = await lab(module);
  assert.strictEqual(doors.lab_version(), 1);

  const catalog = JSON.parse(readFileSync(join(folder, 'catalog.json'), 'utf8'));
  assert.deepStrictEqual(catalog, JSON.parse(run({ job: 'catalog' }).outputs.catalog));

  const sys = (name) => readFileSync(join(folder, 'drivers', name));
  assert.strictEqual(file('uart.sys', sys('x64/uart.sys')), 0);
  assert.strictEqual(file('long.mid', longSong()), 0);
  assert.strictEqual(file('null_adapter.sys', sys('x64/null_adapter.sys')), 0);
  assert.strictEqual(file('deep_recursion.sys', sys('x64/deep_recursion.sys')), 0);

  const tune = { job: 'run', driver: { file: 'uart.sys' } };
  const [first, answer] = timed(() => run(tune));
  assert.strictEqual(answer.exit, 0, answer.outputs.result);
  const later = [];
  let memory;
  for (let count = 0; count < 30; count += 1) {
    const [time, again] = timed(() => run(tune));
    assert.strictEqual(again.outputs.trace, answer.outputs.trace, 'the same trace');
    later.push(time);
    if (count === 4) memory = doors.memory.buffer.byteLength;
  }
  assert.strictEqual(doors.memory.buffer.byteLength, memory, '25 runs more need no more memory');
  later.sort((a, b) => a - b);
  const [long, played] = timed(() => run({ ...tune, song: { file: 'long.mid' } }));
  assert.strictEqual(played.result.verdict.word, 'complete', played.outputs.result);

  // After a bug check, a full guest stack and an impossible job, the same instance still works.
  const dead = run({ job: 'run', driver: { file: 'null_adapter.sys' }, outputs: ['analysis'] });
  assert.deepStrictEqual([dead.exit, dead.result.verdict.word], [4, 'bug-check']);
  assert(dead.outputs.analysis.includes('SYSTEM_THREAD_EXCEPTION_NOT_HANDLED'));
  const deep = run({ job: 'run', driver: { file: 'deep_recursion.sys' } });
  assert.deepStrictEqual([deep.exit, deep.result.verdict.word], [4, 'bug-check']);
  assert.strictEqual(run('{').exit, 2);
  assert.strictEqual(file('', Buffer.alloc(0)), 3);
  assert.strictEqual(run(tune).outputs.trace, answer.outputs.trace);
  assert.strictEqual(doors.lab_room(2 ** 31), 0, 'no room for that');

  const ms = (time) => `${time.toFixed(1)} ms`;
  console.log(
    `compiled in ${ms(compiled)}; the tune first in ${ms(first)}, then in ${ms(later[15])}; ` +
    `100 s of song in ${ms(long)} (${played.outputs.trace.length} bytes of trace); ` +
    `${memory / 2 ** 20} MiB after 30 runs`);
}

main();

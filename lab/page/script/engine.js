// The WebAssembly module: how its bytes are loaded, the worker that runs it, and the jobs for it.
"use strict";

// The sentence for a browser that cannot run the module.
const OLD_BROWSER =
  "This browser cannot run the emulator: it lacks exceptions in WebAssembly. " +
  "Chrome or Edge 95, Firefox 100 and Safari 15.2, or newer ones, have them.";

// A module with nothing but an exception tag. A browser whose WebAssembly has no exceptions refuses
// it.
const WITH_EXCEPTION = new Uint8Array([
  0, 97, 115, 109, 1, 0, 0, 0, 1, 4, 1, 96, 0, 0, 13, 3, 1, 0, 0,
]);

class Stopped extends Error {}

async function unzip(bytes) {
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

function fromBase64(text) {
  if (Uint8Array.fromBase64) return Uint8Array.fromBase64(text);
  const binary = atob(text);
  const bytes = new Uint8Array(binary.length);
  for (let at = 0; at < binary.length; at++) bytes[at] = binary.charCodeAt(at);
  return bytes;
}

// The parts of the page: inside the single file, or in files beside the page. `early` has asked for
// the first ones.
const Parts = {
  isSingle: () => byId("lab-wasm") !== null,

  module() {
    if (!Parts.isSingle()) return self.early.module;
    const bytes = unzip(fromBase64(byId("lab-wasm").textContent));
    return bytes.then((all) => WebAssembly.compile(all));
  },

  // The project's drivers.
  drivers: async () => (await Parts.list("drivers")).drivers,

  // All choices of the form. The build took them from the module, so that the page has its form
  // before the module is there.
  catalog: () => Parts.list("catalog"),

  async list(name) {
    if (Parts.isSingle()) return JSON.parse(byId(`lab-${name}`).textContent);
    const answer = await self.early[name];
    if (!answer.ok) throw new Error(`${name}.json: ${answer.status}`);
    return answer.json();
  },

  worker() {
    if (!Parts.isSingle()) {
      const { worker } = self.early;
      self.early.worker = null;
      return worker ?? new Worker("worker.js");
    }
    const source = new Blob([byId("lab-worker").textContent], { type: "text/javascript" });
    const address = URL.createObjectURL(source);
    const worker = new Worker(address);
    setTimeout(() => URL.revokeObjectURL(address), 10000);
    return worker;
  },

  // The bytes of a driver of the project, by its entry in the list. The page fetches them once.
  async bytes(entry) {
    if (!Parts.taken.has(entry.path)) Parts.taken.set(entry.path, await Parts.take(entry));
    return Parts.taken.get(entry.path);
  },

  taken: new Map(),

  async take({ path, offset, bytes }) {
    if (!Parts.isSingle()) {
      const answer = await fetch(path);
      if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
      return new Uint8Array(await answer.arrayBuffer());
    }
    Parts.files ??= unzip(fromBase64(byId("lab-driver-files").textContent));
    return (await Parts.files).slice(offset, offset + bytes);
  },
};

// The worker, and the jobs that wait for it. A job that was stopped ends with `Stopped`.
class Engine {
  static canRun() {
    return (
      typeof WebAssembly === "object" &&
      typeof DecompressionStream === "function" &&
      WebAssembly.validate(WITH_EXCEPTION)
    );
  }

  // `module` is a promise: the worker starts before the module is loaded. `started` is fulfilled
  // once the worker can do a job.
  constructor(module) {
    this.module = module;
    this.waiting = new Map();
    this.count = 0;
    // The memory of the module after the newest job, in bytes.
    this.memory = 0;
    this.start();
  }

  start() {
    const worker = Parts.worker();
    this.worker = worker;
    const broken = new Promise((_, failed) => {
      worker.onerror = (event) => {
        event.preventDefault();
        const error = new Error(event.message || "worker.js could not be loaded");
        failed(error);
        this.fail(error);
      };
    });
    this.started = new Promise((done) => {
      worker.onmessage = ({ data }) => (data.started ? done() : this.take(data));
    });
    // The worker, once it has the module.
    this.loaded = Promise.race([this.module, broken]).then((module) => {
      worker.postMessage({ module });
      return worker;
    });
    // Each job that waits for it tells what went wrong.
    this.loaded.catch(() => {});
  }

  // Does a job with files. Returns its outputs, and in `wall` the time that it took in ms. With
  // `fresh`, the module first forgets all files and traces.
  ask(job, files = [], { fresh = false } = {}) {
    const id = ++this.count;
    return new Promise((done, failed) => {
      this.waiting.set(id, { done, failed });
      this.loaded
        .then((worker) => worker.postMessage({ id, job, files, fresh }))
        .catch((error) => {
          this.waiting.delete(id);
          failed(error);
        });
    });
  }

  take({ id, answer, trap, wall, memory }) {
    const job = this.waiting.get(id);
    this.waiting.delete(id);
    if (!job) return;
    if (trap)
      return job.failed(
        new Error(
          `the emulator itself failed (${trap}); this is its fault and not ` +
            "the driver's. The page goes on",
        ),
      );
    this.memory = memory;
    job.done({ ...answer, wall });
  }

  fail(error) {
    for (const { failed } of this.waiting.values()) failed(error);
    this.waiting.clear();
  }

  // Ends the running job and starts a new worker. Kept traces are lost.
  stop() {
    this.worker.terminate();
    this.fail(new Stopped());
    this.start();
  }

  get isBusy() {
    return this.waiting.size > 0;
  }
}

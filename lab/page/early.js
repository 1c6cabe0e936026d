// What a visitor waits for longest: the worker, the module, and the lists of the form. The page in a
// folder asks for them while the browser still reads the page. The single page does not have this
// script.
"use strict";

self.early = {
  module: (async () => {
    const answer = await fetch("lab.wasm");
    if (!answer.ok) throw new Error(`lab.wasm: ${answer.status}`);
    if (/wasm/.test(answer.headers.get("content-type")))
      return WebAssembly.compileStreaming(answer);
    return WebAssembly.compile(await answer.arrayBuffer());
  })(),
  catalog: fetch("catalog.json"),
  drivers: fetch("drivers.json"),
};
// A failure is not reported here, because `start` reports it.
for (const part of Object.values(self.early)) part.catch(() => {});
try {
  self.early.worker = new Worker("worker.js");
} catch {
  /* A browser gives no worker to a page from a disk. The engine asks again, and reports it. */
}

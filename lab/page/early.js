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
// A failure of these three is not reported here, because `start` reports it.
for (const part of Object.values(self.early)) part.catch(() => {});
// If there is no worker, the engine asks again, and reports it: a browser gives no worker to a page
// from a disk, and a host may have lost the file.
try {
  self.early.worker = new Worker("worker.js");
  self.early.worker.onerror = (event) => {
    event.preventDefault();
    self.early.worker = null;
  };
} catch {
  /* See above. */
}
addEventListener(
  "error",
  ({ target }) => {
    if (target.src?.endsWith("/lab.js"))
      document.getElementById("loading").textContent =
        "The page could not be loaded whole (lab.js): load it again.";
  },
  true,
);

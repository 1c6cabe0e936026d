// What the user can save: the trace, the timeline, a scenario, a link.
"use strict";

class Saving {
  constructor(engine, inputs, runs, scripts, areas) {
    Object.assign(this, { engine, inputs, runs, scripts, areas });
    const on = (id, work) =>
      byId(id).addEventListener("click", async () => {
        try {
          await work.call(this);
        } catch (error) {
          tellTrouble(sentence(error.message));
        }
        byId("save").open = false;
      });
    on("save-trace", () => this.saveView("trace"));
    on("save-page", () => this.saveView("timeline"));
    on("save-scenario", this.saveScenario);
    on("copy-link", this.copyLink);
    byId("save").addEventListener("keydown", (press) => {
      if (press.key !== "Escape") return;
      byId("save").open = false;
      byId("save").firstElementChild.focus();
    });
    document.addEventListener("click", ({ target }) => {
      if (!byId("save").contains(target)) byId("save").open = false;
    });
  }

  async saveView(output) {
    const job = { job: "view", of: RUN, outputs: [output], trace_filter: byId("filter").value };
    const answer = await this.engine.ask(job);
    if (answer.result.error) throw new Error(errorWords(answer.result.error));
    const stem = this.stem();
    if (output === "trace") saveFile(`${stem}.trace`, answer.trace);
    else saveFile(`${stem}.html`, answer.timeline, "text/html");
  }

  // Saves the run as a scenario with its golden and all files that it needs, in one archive.
  async saveScenario() {
    const { job, files } = this.runs.current;
    const name = this.stem();
    const answer = await this.engine.ask({ ...job, job: "save", name }, files);
    if (answer.result.error) throw new Error(errorWords(answer.result.error));
    saveFile(`${name}.zip`, answer[`${name}.zip`], "application/zip");
  }

  stem() {
    return (
      this.runs.current.words
        .toLowerCase()
        .replace(/ on /, "-")
        .replace(/\.[a-z]+/g, "")
        .replace(/[^a-z0-9]+/g, "-")
        .replace(/^-+|-+$/g, "") || "run"
    );
  }

  // The address that holds all choices.
  link() {
    const { inputs, scripts, areas, runs } = this;
    const isScript = areas.shown === "area-script";
    const values = { ...inputs.values(), area: areas.shown, view: runs.tabs.shown };
    const usual = { ...inputs.usual, area: "area-driver", view: "tab-timeline" };
    if (isScript) {
      values.cards = scripts.cards().join(",");
      if (byId("ops-example").value) values.script = byId("ops-example").value;
      else values.ops = scripts.text.value;
    }
    return writeLink(values, usual);
  }

  async copyLink() {
    const { address, files } = this.link();
    history.replaceState(null, "", address || location.pathname);
    const whole = location.href.replace(/#.*$/, "") + address;
    const button = byId("copy-link");
    let words = "Copied";
    try {
      await navigator.clipboard.writeText(whole);
    } catch {
      words = "It is in the address bar";
    }
    tellTrouble(files ? "The link has all but your files: who opens it needs them too." : "");
    button.textContent = words;
    setTimeout(() => {
      button.textContent = "Copy link";
    }, 2500);
  }
}

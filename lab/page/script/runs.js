// Starts and stops a run, and shows its results. Each view is made when the user looks at it.
"use strict";

// The name under which the module keeps the trace of the newest run.
const RUN = "run";

// The outputs of each run. The views of its trace are made when the user looks at them.
const RUN_OUTPUTS = ["summary", "text", "analysis", "scenarios"];
const CHECK_OUTPUTS = ["scenarios", "text", "diff-text", "analysis"];

// The messages while a run goes on.
const LONG_RUNS = [
  { seconds: 1, words: "Running\u2026 Stop ends it." },
  {
    seconds: 30,
    words:
      "Running for 30 s: the driver may wait without end. Stop ends it; \u201cStop at\u201d in " +
      "the settings gives it a limit of simulated time.",
  },
];

class Runs {
  constructor(engine, inputs, catalog) {
    Object.assign(this, { engine, inputs });
    this.current = null;
    this.timeline = new Timeline(byId("view-timeline"), "Timeline of the run");
    this.lines = new Lines(byId("view-trace"), "trace", (at) => this.goToLine(at));
    this.verdict = new Verdict((time) => this.goTo(time));
    this.compare = new Compare(byId("view-compare"), engine, catalog.compare_modes);
    this.tabs = new Tabs(byId("views"), () => this.fill());
    this.tabs.show("tab-timeline", { quietly: true });
    byId("inputs").addEventListener("submit", (event) => {
      event.preventDefault();
      this.run();
    });
    byId("stop").addEventListener("click", () => this.stop());
    byId("keep").addEventListener("click", () => this.keep());
  }

  async run() {
    if (this.isRunning) return;
    this.isRunning = true;
    this.begin();
    try {
      const { inputs } = this;
      const job = inputs.job();
      const words = inputs.words();
      const files = await inputs.jobFiles();
      const outputs = job.job === "check" ? [...CHECK_OUTPUTS] : [...RUN_OUTPUTS];
      if (this.tabs.shown === "tab-timeline") outputs.push("timeline");
      const asked = { ...job, keep: RUN, outputs };
      const answer = await this.engine.ask(asked, files, { fresh: true });
      const hasTrace = !answer.result.error || (await this.isKept());
      this.take({ job, files, words, answer, hasTrace, made: {} });
    } catch (error) {
      this.fail(error);
    }
    this.end();
  }

  // Whether the module keeps a trace of the run. A driver that refused to start may have one, too.
  async isKept() {
    const { result } = await this.engine.ask({ job: "kept" });
    return result.notes.includes(RUN);
  }

  begin() {
    const began = performance.now();
    let told = 0;
    this.inputs.tellError(null);
    this.ticking = setInterval(() => {
      const seconds = (performance.now() - began) / 1000;
      byId("stop").hidden = false;
      byId("elapsed").textContent = `running, ${Math.floor(seconds)} s`;
      // A screen reader says these two messages only, and not every second.
      if (seconds > LONG_RUNS[told]?.seconds) this.verdict.wait(LONG_RUNS[told++].words);
    }, 250);
  }

  end() {
    clearInterval(this.ticking);
    if (document.activeElement === byId("stop")) byId("run").focus();
    byId("stop").hidden = true;
    byId("elapsed").textContent = "";
    this.isRunning = false;
    const { dataset } = document.documentElement;
    dataset.runs = Number(dataset.runs || 0) + 1;
  }

  stop() {
    this.engine.stop();
  }

  fail(error) {
    this.current = null;
    this.verdict.wait("");
    const isStopped = error instanceof Stopped;
    this.verdict.tell(
      "error",
      isStopped ? "Stopped" : ERROR_WORD,
      isStopped ? "the run was ended by Stop; nothing of it is left" : error.message,
    );
    this.clear(isStopped ? "The run was stopped." : "There is no run to show.");
  }

  // Takes the answer of a run and shows the answer.
  take(current) {
    const { answer } = current;
    if (answer.summary) answer.summary = JSON.parse(answer.summary);
    this.current = current;
    this.verdict.show(answer);
    const { error } = answer.result;
    this.inputs.tellError(error);
    for (const id of ["keep", "save-trace", "save-page"]) byId(id).disabled = !current.hasTrace;
    byId("save-scenario").disabled = !current.hasTrace || current.job.job !== "run";
    const faults = faultCount(answer);
    byId("tab-report").replaceChildren(
      "Report",
      ...(faults ? [make("span", { class: "count", title: "faults" }, String(faults))] : []),
    );
    this.fill();
  }

  clear(words) {
    for (const id of ["keep", "save-trace", "save-page", "save-scenario"]) {
      byId(id).disabled = true;
    }
    this.timeline.say(words);
    this.lines.show("");
    for (const id of ["report", "imports", "latency"]) {
      byId("view-" + id).replaceChildren(quiet(words));
    }
    byId("tab-report").textContent = "Report";
  }

  // Fills the open tab, if it does not show the newest run yet.
  async fill() {
    const { current } = this;
    const view = this.tabs.shown.replace("tab-", "");
    if (!current) return view === "compare" ? this.compare.update(null) : undefined;
    if (view === "compare") return this.compare.update(current);
    if (current.made[view]) return;
    current.made[view] = true;
    try {
      await this.fillers[view].call(this, current);
    } catch (error) {
      current.made[view] = false;
      if (!(error instanceof Stopped)) tellTrouble(sentence(error.message));
    }
  }

  // Some outputs of a kept run. The module makes them now.
  async view(current, ...outputs) {
    const job = { job: "view", of: RUN, outputs, trace_filter: byId("filter").value };
    const answer = await this.engine.ask(job);
    if (answer.result.error) return {};
    return this.current === current ? answer : {};
  }

  get fillers() {
    return {
      async timeline(current) {
        const { timeline } = current.answer.timeline
          ? current.answer
          : await this.view(current, "timeline");
        const { time } = this.verdict;
        if (timeline) this.timeline.show(timeline, time ? `at=${time}ns` : null);
        else this.timeline.say("There is no trace to show.");
        current.answer.timeline = null;
      },
      async trace(current) {
        const { trace } = await this.view(current, "trace");
        this.lines.show(trace ?? "");
      },
      async report({ answer }) {
        fillReport(byId("view-report"), answer);
      },
      async imports({ job, files, answer }) {
        const file = job.driver?.file;
        const found = file
          ? await this.engine.ask({ job: "imports", driver: { file } }, files)
          : {};
        if (found.result?.error) {
          byId("view-imports").replaceChildren(
            make("p", { class: "error" }, errorWords(found.result.error)),
          );
        } else fillImports(byId("view-imports"), found.imports);
      },
      async latency(current) {
        const found = await this.view(current, "latency", "latency-text");
        fillLatency(byId("view-latency"), found.latency, found["latency-text"], (time) =>
          this.goTo(time),
        );
      },
    };
  }

  // Keeps the newest run for the comparison.
  async keep() {
    const { current } = this;
    if (!current) return;
    const job = { job: "view", of: RUN, outputs: ["trace"], trace_filter: "full" };
    const { trace } = await this.engine.ask(job);
    this.compare.keep(trace, current.words);
    current.isKept = this.compare.kept;
    this.tabs.show("tab-compare");
  }

  // Shows a time since power-on in the timeline.
  goTo(time) {
    this.tabs.show("tab-timeline");
    this.timeline.go(`at=${time}ns`);
    byId("view-timeline").scrollIntoView({ block: "nearest" });
  }

  // Shows a line of the trace in the timeline: its mark and its time since then.
  goToLine(at) {
    const time = lineTime(this.lines.lines, at);
    if (time !== null) this.goTo(time);
  }
}

// The time since power-on of a line of the trace, in ns; null for a line without a time. A mark has
// its own time since power-on, and the lines below it count from there.
function lineTime(lines, at) {
  const ns = (text) => Math.round(Number(text) * 1000);
  const mark = (line) => /^== ([0-9.]+) /.exec(line);
  const own = mark(lines[at] ?? "");
  if (own) return ns(own[1]);
  const found = /^ *([0-9.]+) +[-PDIR]/.exec(lines[at] ?? "");
  if (!found) return null;
  let before = at;
  while (before >= 0 && !mark(lines[before])) before--;
  return ns(found[1]) + (before < 0 ? 0 : ns(mark(lines[before])[1]));
}

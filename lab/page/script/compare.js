// Compares a kept run with the newest one.
"use strict";

// The name under which the module gets the kept trace.
const KEPT_FILE = "the-kept-run.trace";

class Compare {
  constructor(place, engine, modes) {
    Object.assign(this, { engine, place });
    this.kept = null;
    this.mode = make(
      "select",
      { "aria-label": "What counts" },
      modes.map(({ value, words }) => option(value, `${value}: ${words}`)),
    );
    this.tolerance = make("input", {
      size: "8",
      placeholder: "0",
      "aria-label": "Tolerance, as in 5us",
    });
    this.words = make("span", null);
    this.drop = make("button", { type: "button" }, "Forget it");
    this.bar = make(
      "div",
      { class: "bar" },
      this.words,
      this.drop,
      make("label", null, "What counts ", this.mode),
      make("label", null, "Tolerance ", this.tolerance),
    );
    this.text = make("div", {
      class: "text",
      tabindex: "0",
      role: "region",
      "aria-label": "What is different",
    });
    this.frame = make("div", { class: "frame" });
    this.timeline = new Timeline(this.frame, "Timeline of the newest run, with what is different");
    place.replaceChildren(this.bar, this.text, this.frame);
    this.mode.addEventListener("change", () => this.update(this.current, true));
    this.tolerance.addEventListener("change", () => this.update(this.current, true));
    this.drop.addEventListener("click", () => {
      this.keep(null, "");
      this.update(this.current, true);
    });
    this.explain();
  }

  // Keeps the text of a trace; with null, keeps none.
  keep(trace, words) {
    this.kept = trace === null ? null : { name: KEPT_FILE, bytes: new TextEncoder().encode(trace) };
    this.bar.hidden = !this.kept;
    this.words.textContent = `Kept: ${words}`;
    this.shown = null;
  }

  explain() {
    this.bar.hidden = !this.kept;
    this.frame.hidden = true;
    this.text.replaceChildren(
      quiet(
        this.kept
          ? "Now change the driver, the card or anything else, and run again: what is different " +
              "stands here, by its cause."
          : "Keep a run with the button above, change something, and run again. Here stands then " +
              "what is different, and what caused it. A trace of the program can be dropped here " +
              "as the kept run.",
      ),
    );
  }

  // Compares the kept run with the current one, if they were not compared yet.
  async update(current, isForced = false) {
    this.current = current;
    if (!this.kept || !current || current.isKept === this.kept) return this.explain();
    if (this.shown === current && !isForced) return;
    this.shown = current;
    const job = {
      job: "compare",
      first: KEPT_FILE,
      second: RUN,
      mode: this.mode.value,
      outputs: ["diff-text", "timeline"],
    };
    if (this.tolerance.value.trim()) job.tolerance = this.tolerance.value.trim();
    try {
      const answer = await this.engine.ask(job, [this.kept]);
      if (this.shown !== current) return;
      const { verdict, error } = answer.result;
      const words = error ? errorWords(error) : verdict.sentence;
      this.text.replaceChildren(
        make(
          "p",
          { role: "status", class: error ? "error" : "" },
          make("b", null, sentence(words)),
        ),
        make("pre", null, answer["diff-text"] ?? ""),
      );
      this.frame.hidden = !answer.timeline;
      if (answer.timeline) this.timeline.show(answer.timeline);
    } catch (error) {
      if (!(error instanceof Stopped))
        this.text.replaceChildren(make("p", { class: "error" }, error.message));
    }
  }
}

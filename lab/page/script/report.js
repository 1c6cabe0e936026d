// The report of a run: the program's text, the failure, the notes, the checks of a scenario.
"use strict";

function fillReport(place, { result, text, analysis, scenarios, "diff-text": diff }) {
  const parts = [];
  if (result.notes?.length)
    parts.push(
      make(
        "ul",
        { class: "notes" },
        result.notes.map((note) => make("li", null, note)),
      ),
    );
  if (analysis) parts.push(section("The failure", make("pre", null, analysis)));
  if (scenarios) parts.push(...JSON.parse(scenarios).scenarios.map(checksTable));
  if (diff) parts.push(section("Against the golden", make("pre", null, diff)));
  if (text) parts.push(section("The run", make("pre", null, text)));
  if (result.command) {
    parts.push(
      section("The same with the program", make("pre", { class: "command" }, result.command)),
    );
  }
  if (!parts.length)
    parts.push(quiet(result.error ? errorWords(result.error) : "Nothing to report."));
  place.replaceChildren(...parts);
}

const section = (head, ...content) => make("section", null, make("h2", null, head), ...content);

// The checks of one scenario.
function checksTable({ title, why, verdict, checks, error, stop }) {
  const rows = (checks || []).map(({ name, passed, words }) =>
    make(
      "tr",
      null,
      make("td", { class: passed ? "served" : "missing" }, passed ? "ok" : "failed"),
      make("td", null, name),
      make("td", null, words),
    ),
  );
  return section(
    `${sentence(title || "")}: ${verdict}`,
    why ? quiet(why) : null,
    error
      ? make(
          "p",
          { class: "error" },
          typeof error === "string"
            ? error
            : errorWords({ ...error, sentence: error.message ?? error.sentence ?? error.what }),
        )
      : null,
    stop ? make("p", { class: "error" }, String(stop)) : null,
    rows.length
      ? make("table", null, headRow("came", "expected", "words"), make("tbody", null, rows))
      : null,
  );
}

const headRow = (...heads) =>
  make(
    "thead",
    null,
    make(
      "tr",
      null,
      heads.map((head) =>
        make(
          "th",
          { scope: "col", class: head.startsWith("#") ? "number" : null },
          head.replace(/^#/, ""),
        ),
      ),
    ),
  );

// The number of faults in the report, for its tab.
function faultCount({ result, summary }) {
  if (!summary) return 0;
  const isDead = ["bug-check", "hang", "driver-failure"].includes(result.verdict?.word);
  return (isDead ? 1 : 0) + (summary.violation_count || 0) + (summary.leaks?.length || 0);
}

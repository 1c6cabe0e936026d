// The results of a script on each card, side by side.
"use strict";

// A table for each scenario, and its pictures.
function showScriptResults(place, file, signals) {
  const isMeant = (run) => run.verdict !== "not-meant";
  const runs = file.runs.filter(isMeant);
  const left = file.runs.filter((run) => !isMeant(run)).map(({ card }) => card);
  const parts = [];
  if (left.length) parts.push(quiet(`The script is not meant for ${left.join(", ")}.`));
  const titles = new Map();
  for (const run of runs) {
    for (const scenario of run.scenarios) {
      if (scenario.verdict === "not-meant") continue;
      const key = scenario.line;
      if (!titles.has(key)) titles.set(key, { ...scenario, on: [] });
      titles.get(key).on.push({ card: run.card, scenario });
    }
  }
  const ordered = [...titles.values()].sort((a, b) => a.line - b.line);
  parts.push(...ordered.map((one, at) => scenarioPart(one, at === 0, signals)));
  place.replaceChildren(...parts);
}

function scenarioPart({ title, line, on }, isFirst, signals) {
  const failing = on.filter(({ scenario }) => scenario.verdict === "failed");
  const head = make(
    "summary",
    null,
    make("b", null, title || `Line ${line}`),
    " ",
    make(
      "span",
      { class: failing.length ? "missing" : "served" },
      failing.length ? `fails on ${failing.map(({ card }) => card).join(", ")}` : "as expected",
    ),
  );
  const part = make("details", { class: "scenario", open: failing.length > 0 || isFirst }, head);
  const fill = () => {
    if (part.childElementCount > 1 || !part.open) return;
    part.append(wide(matrix(title || `Line ${line}`, on)), ...wavesOf(line, on, signals));
  };
  part.addEventListener("toggle", fill);
  fill();
  return part;
}

// The most rows of a table; a script that repeats lines may have a million.
const MOST_ROWS = 1000;

// A table with a row for each line of the script and a column for each card.
function matrix(title, on) {
  const rows = new Map();
  on.forEach(({ scenario }, column) => {
    scenario.lines.forEach((one, order) => {
      const key = `${order}:${one.line}`;
      if (!rows.has(key)) rows.set(key, { order, line: one.line, cells: [] });
      rows.get(key).cells[column] = one;
    });
  });
  const ordered = [...rows.values()].sort((a, b) => a.order - b.order);
  const body = ordered.slice(0, MOST_ROWS).map(({ line, cells }) => {
    const any = cells.find(Boolean);
    return make(
      "tr",
      null,
      make("td", { class: "number quiet" }, String(line)),
      make("td", { class: "doing" }, doing(any)),
      ...on.map((_, column) => cell(cells[column])),
    );
  });
  return make(
    "table",
    { class: "matrix" },
    make("caption", { class: "hidden" }, title),
    headRow("#line", "does", ...on.map(({ card }) => card)),
    make("tbody", null, body),
    ordered.length > MOST_ROWS
      ? make(
          "tfoot",
          null,
          make(
            "tr",
            null,
            make(
              "td",
              { colspan: on.length + 2 },
              `and ${counted(ordered.length - MOST_ROWS, "line")} more`,
            ),
          ),
        )
      : null,
  );
}

// The access of a line, without the value that the script expects.
const doing = ({ text }) => text.replace(/ -> .*$/, "");

function cell(one) {
  if (!one) return make("td", { class: "quiet" }, "");
  const { outcome, expected, got, text, time_ns } = one;
  const title = `ends ${micros(time_ns)} \u00b5s after init`;
  if (outcome === "fail") {
    return make(
      "td",
      { class: "fail", title },
      make("b", null, `got ${got}`),
      make("br"),
      `expected ${expected}`,
    );
  }
  const came = / -> (.*)$/.exec(text)?.[1] ?? "";
  if (outcome === "pass") return make("td", { class: "pass", title }, `\u2713 ${came}`);
  return make("td", { class: "quiet", title }, came || micros(time_ns));
}

// Tables: what a driver imports, and the latencies.
"use strict";

// The imports of a driver. Missing ones come first.
function fillImports(place, imports) {
  if (!imports) {
    place.replaceChildren(
      quiet("A built-in driver is written in Rust: it imports nothing. Choose a .sys file."),
    );
    return;
  }
  const facts = JSON.parse(imports);
  const isMissing = ({ status }) => status === "missing" || status === "refuses";
  const missing = facts.imports.filter(isMissing);
  const modules = [...new Set(facts.imports.map(({ module }) => module))];
  place.replaceChildren(
    make(
      "p",
      null,
      `${facts.file}, ${facts.machine}: `,
      missing.length
        ? make(
            "b",
            { class: "missing" },
            `${missing.length} of ${counted(facts.imports.length, "import")} not served here`,
          )
        : make("b", { class: "served" }, `all ${counted(facts.imports.length, "import")} served`),
      ".",
    ),
    ...(missing.length ? [importTable("Not served", missing)] : []),
    ...modules
      .map((module) =>
        importTable(
          module,
          facts.imports.filter((one) => one.module === module && !isMissing(one)),
        ),
      )
      .filter(Boolean),
  );
}

function importTable(caption, imports) {
  if (!imports.length) return null;
  return make(
    "table",
    { class: "imports" },
    make("caption", null, caption),
    make(
      "tbody",
      null,
      imports.map(({ name, ordinal, status, module }) =>
        make(
          "tr",
          null,
          make("td", { class: "mono" }, name ?? `ordinal ${ordinal}`),
          make(
            "td",
            { class: status === "missing" || status === "refuses" ? "missing" : "quiet" },
            status === "supported" ? "served" : status,
          ),
          caption === "Not served" ? make("td", { class: "quiet" }, module) : null,
        ),
      ),
    ),
  );
}

const SPANS = {
  isr: "ISR",
  dpc: "DPC",
  line: "line up to ISR",
  queue: "queued to DPC",
  arrival: "byte in to read",
  read: "last byte to request",
  poll: "polls before a byte",
  late: "timer due to byte out",
};

const micros = (ns) => (ns === null ? "" : (ns / 1000).toFixed(3));

// The latencies of a run. `go` shows a moment in the timeline.
function fillLatency(place, latency, text, go) {
  if (!latency) {
    place.replaceChildren(quiet("There is no trace to measure."));
    return;
  }
  const [run] = JSON.parse(latency).runs;
  const rows = run.series.map((one) =>
    make(
      "tr",
      null,
      make("td", null, SPANS[one.span] ?? one.span),
      make("td", null, one.name),
      make("td", { class: "number" }, grouped(one.count)),
      ...["max_ns", "average_ns", "p99_ns", "total_ns"].map((key) =>
        make("td", { class: "number" }, micros(one[key])),
      ),
      make("td", null, one.worst ? momentButton(one.worst, go) : null),
    ),
  );
  const edges = run.bin_edges_ns.map((edge) => "<" + shortTime(edge));
  const last = "\u2265" + shortTime(run.bin_edges_ns[run.bin_edges_ns.length - 1]);
  place.replaceChildren(
    quiet(
      "Simulated time: port accesses and the instructions of a driver take time; " +
        "caches and other drivers do not exist. So the times are the same on every computer.",
    ),
    wide(
      make(
        "table",
        null,
        make("caption", null, "Times, in \u00b5s"),
        headRow("span", "of", "#count", "#longest", "#average", "#p99", "#sum", "the longest"),
        make("tbody", null, rows),
      ),
    ),
    wide(
      make(
        "table",
        null,
        make("caption", null, "How many took how long"),
        headRow("span", "of", ...edges.map((edge) => "#" + edge), "#" + last),
        make(
          "tbody",
          null,
          run.series.map((one) =>
            make(
              "tr",
              null,
              make("td", null, SPANS[one.span] ?? one.span),
              make("td", null, one.name),
              one.bins.map((number) =>
                make("td", { class: "number" + (number ? "" : " quiet") }, grouped(number)),
              ),
            ),
          ),
        ),
      ),
    ),
    text
      ? make(
          "details",
          null,
          make("summary", null, "As the program prints it"),
          make("pre", null, text),
        )
      : "",
  );
}

const wide = (table) =>
  make(
    "div",
    { class: "wide", tabindex: "0", role: "region", "aria-label": table.caption.textContent },
    table,
  );

function momentButton({ at_ns, why }, go) {
  const button = make(
    "button",
    { type: "button", class: "link", title: why.join("\n") },
    `at ${shortTime(at_ns)}`,
  );
  button.addEventListener("click", () => go(at_ns));
  return button;
}

// The help: keys, files, and what the module says about typed texts.
"use strict";

const ABOUT =
  "The page runs the emulator itself, in this browser. No file and no result leaves it, and it " +
  "works without a network.";

const HELP = [
  [
    "Keys",
    [
      ["Ctrl+Enter", "run"],
      ["Escape", "stop a run, close what is open"],
      ["Left, Right, Home, End", "from tab to tab"],
      ["/", "search in the trace"],
      ["Enter, Shift+Enter", "in the search: the next hit, the one before"],
      ["Enter", "on a line of the trace: show it in the timeline"],
      ["?", "this help; in the timeline, its own keys"],
    ],
  ],
  [
    "Files",
    [
      ["driver", ".sys, with its .pdb for names and lines, and its .inf"],
      ["music", ".mid, .rmi, .syx, or bytes"],
      ["card", ".toml, from \u201ccards --show\u201d or by hand"],
      ["scenario", ".toml, and what it names; a golden .trace beside it"],
      ["script", ".ops"],
      ["trace", "from the program: it becomes the kept run"],
    ],
  ],
];

// Fills the help. Without a catalog, as in an old browser, the module's words are left out.
function fillHelp(catalog) {
  const list = (pairs) =>
    make(
      "dl",
      null,
      pairs.flatMap(([term, meaning]) => [make("dt", null, term), make("dd", null, meaning)]),
    );
  const parts = HELP.flatMap(([head, pairs]) => [make("h3", null, head), list(pairs)]);
  if (catalog) {
    const { program_version, words, script_words } = catalog;
    const forms = script_words.map(({ form, words }) => [form, words]);
    parts.push(make("h3", null, "What may be typed"), list(Object.entries(words)));
    parts.push(make("h3", null, "Lines of a register script"), list(forms));
    parts.push(quiet(`portcls-emu ${program_version}`));
  }
  byId("help-words").replaceChildren(make("p", null, ABOUT), ...parts);
}

// Register scripts: an editor that marks errors, the cards, and the results on each card.
"use strict";

const SCRIPT_FILE = "script.ops";

// The script with which the editor opens.
const FIRST_SCRIPT = `# What a driver does to the two ports of the card, and the expected results.
# Change a line, choose cards, and run it.

title: Three bytes leave on MIDI OUT
init uart
W D 90
P S 40 00 1000 10 -> ok      # until the card can take the next byte
W D 3C
P S 40 00 1000 10 -> ok
W D 40
wait 2000
wire -> 90 3C 40
irq -> down

title: A byte comes in and raises the interrupt line
init uart
in 90
wait 1000
irq -> up
R S -> 00/80
R D -> 90
`;

class Scripts {
  constructor(engine, catalog, files) {
    Object.assign(this, { engine, catalog, files });
    this.name = SCRIPT_FILE;
    this.text = byId("ops-text");
    this.marks = new Map();
    byId("ops-example").replaceChildren(
      ...catalog.scripts.map(({ name, title }) => option(name, title ? `${name}: ${title}` : name)),
      option("", "Your own"),
    );
    this.fillCards();
    this.text.addEventListener("input", () => this.onInput());
    this.text.addEventListener("scroll", () => this.scroll());
    byId("ops-example").addEventListener("change", () =>
      this.openExample(byId("ops-example").value),
    );
    byId("ops-run").addEventListener("click", () => this.run());
    byId("ops-stop").addEventListener("click", () => engine.stop());
    byId("ops-save").addEventListener("click", () => saveFile(this.name, this.text.value));
    new ResizeObserver(() => this.number()).observe(this.text);
    this.choose(catalog.cards.slice(0, 3).map(({ name }) => name));
    this.open("first-note.ops", FIRST_SCRIPT);
    byId("ops-all").addEventListener("click", () => this.choose(this.known()));
    byId("ops-none").addEventListener("click", () => this.choose([]));
  }

  // A box for each card. The user's card files come first. Chosen cards stay chosen.
  fillCards() {
    const chosen = this.cards();
    const box = (value, title) =>
      make("label", { title }, make("input", { type: "checkbox", value }), value);
    byId("ops-cards").lastElementChild.replaceChildren(
      ...this.files.of("card").map(({ name }) => box(name, "your card file")),
      ...this.catalog.cards.map(({ name, title }) => box(name, title)),
    );
    this.choose(chosen);
  }

  known() {
    return [...byId("ops-cards").querySelectorAll("input")].map(({ value }) => value);
  }

  openExample(name) {
    const found = this.catalog.scripts.find((one) => one.name === name);
    if (found) this.open(found.name, found.text);
  }

  open(name, text) {
    this.name = name;
    this.text.value = text;
    this.text.scrollTop = 0;
    const isExample = this.catalog.scripts.some((one) => one.name === name && one.text === text);
    byId("ops-example").value = isExample ? name : "";
    this.clear();
  }

  // The names of the chosen cards.
  cards() {
    return [...byId("ops-cards").querySelectorAll("input:checked")].map(({ value }) => value);
  }

  choose(names) {
    for (const box of byId("ops-cards").querySelectorAll("input"))
      box.checked = names.includes(box.value);
  }

  onInput() {
    byId("ops-example").value = "";
    this.clear();
    clearTimeout(this.checking);
    // While the user types, the page only checks whether the script can be read.
    this.checking = setTimeout(() => this.check(), 500);
  }

  clear() {
    this.marks.clear();
    this.showError(null);
    this.number();
  }

  // Numbers the lines, and marks the lines that have a result or an error.
  number() {
    const lines = this.text.value.split("\n").length;
    const shown = document.createDocumentFragment();
    for (let line = 1; line <= lines; line++) {
      shown.append(make("div", { "data-line": line, class: this.marks.get(line) }));
    }
    byId("editor-lines").replaceChildren(shown);
    this.scroll();
  }

  scroll() {
    byId("editor-lines").scrollTop = this.text.scrollTop;
  }

  showError(error) {
    byId("ops-error").textContent = error
      ? `Line ${error.line}${error.column ? `, column ${error.column}` : ""}: ${error.what}` +
        (error.hint ? `; ${error.hint}` : "")
      : "";
    if (error) this.text.setAttribute("aria-invalid", "true");
    else this.text.removeAttribute("aria-invalid");
    if (!error?.line) return;
    this.marks.set(error.line, "bad");
    this.number();
  }

  // Runs the script on these cards: "all", or names of cards and of the user's card files.
  async ask(names) {
    const own = names === "all" ? [] : names.filter((name) => this.files.get(name));
    const built = names === "all" ? names : names.filter((name) => !this.files.get(name));
    const cards = { cards: built, card_files: own };
    if (own.length && !built.length) delete cards.cards;
    const job = { job: "ops", file: this.name, ...cards };
    const script = { name: this.name, bytes: new TextEncoder().encode(this.text.value) };
    return this.engine.ask(job, [script, ...own.map((name) => this.files.get(name))]);
  }

  // Only reads the script. The results of its run are not shown.
  async check() {
    if (this.isRunning || this.engine.isBusy) return;
    try {
      const { ops } = await this.ask(this.cards().slice(0, 1));
      const error = ops ? JSON.parse(ops).files[0].error : null;
      this.marks.clear();
      this.showError(error);
      this.number();
    } catch {
      /* The next run says what is wrong. */
    }
  }

  async run() {
    if (this.isRunning) return;
    clearTimeout(this.checking);
    this.isRunning = true;
    byId("ops-run").disabled = true;
    byId("ops-stop").hidden = false;
    try {
      const cards = this.cards();
      this.take(await this.ask(cards.length ? cards : "all"));
    } catch (error) {
      byId("ops-verdict").textContent =
        error instanceof Stopped ? "Stopped." : sentence(error.message);
    }
    this.isRunning = false;
    byId("ops-run").disabled = false;
    byId("ops-stop").hidden = true;
    document.documentElement.dataset.scripts =
      Number(document.documentElement.dataset.scripts || 0) + 1;
  }

  take({ result, ops, signals, wall }) {
    this.clear();
    const file = ops ? JSON.parse(ops).files[0] : null;
    if (!file || file.error) {
      const error = file?.error ?? result.error;
      const words = file
        ? file.error
        : { line: error?.line, column: error?.column, what: error?.sentence };
      if (words?.line) this.showError(words);
      byId("ops-verdict").textContent = words?.line
        ? `The script has a mistake in line ${words.line}.`
        : errorWords(error ?? { sentence: "the script was not run" });
      byId("ops-results").replaceChildren();
      return;
    }
    const met = file.runs.reduce((sum, run) => sum + run.met, 0);
    const notMet = file.runs.reduce((sum, run) => sum + run.not_met, 0);
    byId("ops-verdict").textContent =
      `${grouped(met)} as expected, ${grouped(notMet)} not, on ` +
      `${counted(file.runs.length, "card")}; ${wall.toFixed(0)} ms.`;
    this.mark(file);
    showScriptResults(byId("ops-results"), file, signals ? JSON.parse(signals) : null);
  }

  // Marks the lines in the editor: as expected on every card, or not.
  mark({ runs }) {
    for (const { lines } of runs.flatMap(({ scenarios }) => scenarios)) {
      for (const { line, outcome } of lines) {
        if (outcome === "fail") this.marks.set(line, "failed");
        else if (outcome === "pass" && !this.marks.has(line)) this.marks.set(line, "passed");
      }
    }
    this.number();
  }
}

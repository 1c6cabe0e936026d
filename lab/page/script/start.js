// The start of the page: fills the form, waits for the module, and shows a finished run.
"use strict";

const WELCOME_SEEN = "portcls-lab-welcome";

function remembered(key) {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}

function remember(key, value) {
  try {
    localStorage.setItem(key, value);
  } catch {
    /* The page works even if the browser stores nothing. */
  }
}

function setTheme(theme) {
  document.documentElement.dataset.theme = theme;
  const isDark = theme === "dark";
  byId("theme").setAttribute("aria-pressed", isDark);
}

// The three sentences for a first visit. They are about the run that the page shows.
function welcome({ words }) {
  const machine = words.replace(" on ", ", played a tune through it on a simulated ");
  byId("welcome-words").textContent =
    `This is a finished run: a simulated Windows loaded the driver ${machine}, and wrote down ` +
    "every access to the card. In the timeline, time goes to the right, from the software at the " +
    "top to the wire at the bottom; select anything, and the panel says what it is and why it " +
    "happened. Choose a driver with a mistake, or open your own, and run it: the line above says " +
    "what is wrong, and where.";
  byId("welcome").hidden = false;
}

// The page once it is ready. The browser's console and the tests use it, too.
let lab = null;

class Page {
  constructor(engine, catalog, drivers, areas) {
    Object.assign(this, { engine, catalog });
    this.files = new Files();
    this.choices = new Choices(catalog, drivers, this.files);
    this.inputs = new Inputs(this.choices, engine);
    this.runs = new Runs(engine, this.inputs, catalog);
    this.scripts = new Scripts(engine, catalog, this.files);
    this.areas = areas;
    this.saving = new Saving(engine, this.inputs, this.runs, this.scripts, this.areas);
    fillHelp(catalog);
  }

  // Begins to take files, keys and links. Until then the user can only choose.
  listen() {
    for (const [id, kind] of [
      ["driver-file", "driver"],
      ["song-file", "song"],
      ["card-file", "card"],
      ["scenario-file", "scenario"],
      ["ops-file", "script"],
    ]) {
      byId(id).addEventListener("change", async ({ target }) => {
        await this.take([...target.files], kind);
        target.value = "";
      });
    }
    addEventListener("dragover", (event) => {
      event.preventDefault();
      byId("drop-hint").hidden = false;
    });
    addEventListener("dragleave", (event) => {
      if (!event.relatedTarget) byId("drop-hint").hidden = true;
    });
    addEventListener("drop", (event) => {
      event.preventDefault();
      byId("drop-hint").hidden = true;
      this.take([...event.dataTransfer.files]);
    });
    addEventListener("keydown", (press) => this.onKey(press));
    addEventListener("hashchange", () => {
      if (readLink(location.hash)) this.openLink(location.hash);
    });
    byId("welcome-close").addEventListener("click", () => {
      byId("welcome").hidden = true;
      remember(WELCOME_SEEN, "closed");
      byId("verdict").focus();
    });
  }

  // Takes the user's files and puts each one where it belongs.
  async take(files, wanted) {
    const { limits } = this.catalog;
    tellTrouble("");
    const troubles = [];
    for (const file of files) {
      try {
        const taken = await this.files.take(file, limits.file_bytes, wanted);
        if (taken.kind === "script") {
          this.scripts.open(taken.name, new TextDecoder().decode(taken.bytes));
          this.areas.show("area-script");
        } else if (taken.kind === "trace") {
          this.takeTrace(taken);
        } else {
          this.inputs.choose(taken);
          if (taken.kind === "card") this.scripts.fillCards();
          this.areas.show("area-driver");
        }
      } catch (error) {
        troubles.push(error.message);
      }
    }
    tellTrouble(troubles.join(" "));
  }

  takeTrace({ name, bytes }) {
    const isGolden = this.files
      .of("scenario")
      .some((one) => one.name.replace(/\.toml$/i, ".trace") === name);
    if (isGolden) return;
    this.runs.compare.keep(new TextDecoder().decode(bytes), name);
    this.runs.tabs.show("tab-compare");
  }

  onKey(press) {
    const isTyping = /^(INPUT|TEXTAREA|SELECT)$/.test(press.target.tagName);
    const isScript = this.areas.shown === "area-script";
    if (press.key === "Enter" && (press.ctrlKey || press.metaKey)) {
      press.preventDefault();
      if (isScript) this.scripts.run();
      else this.runs.run();
    } else if (press.key === "Escape" && this.runs.isRunning && !byId("help-dialog").open) {
      this.runs.stop();
    } else if (press.key === "?" && !isTyping) {
      byId("help-dialog").showModal();
    } else if (
      press.key === "/" &&
      !isTyping &&
      !isScript &&
      this.runs.tabs.shown === "tab-trace"
    ) {
      press.preventDefault();
      this.runs.lines.input.focus();
    }
  }

  // Takes the choices from a link, and runs them.
  async openLink(address) {
    const values = readLink(address);
    const unknown = values ? this.inputs.set(values) : [];
    tellTrouble(unknown.length ? `The link names what is not here: ${unknown.join(", ")}.` : "");
    if (values?.view) this.runs.tabs.show(values.view, { quietly: true });
    if (values?.cards) this.scripts.choose(values.cards.split(","));
    if (values?.script) this.scripts.openExample(values.script);
    if (values?.ops) this.scripts.open(SCRIPT_FILE, values.ops);
    if (values?.area) this.areas.show(values.area);
    if (values?.area === "area-script") await this.scripts.run();
    else await this.runs.run();
  }
}

// Until the form has its lists, the browser need not lay it out.
function showMain() {
  byId("loading").hidden = true;
  byId("skip").hidden = document.querySelector("main").hidden = false;
}

function failToLoad(words) {
  showMain();
  tellTrouble(words);
  byId("verdict").dataset.state = "error";
  byId("verdict-line").textContent = "Nothing was run.";
}

async function start() {
  setTheme(matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
  byId("theme").addEventListener("click", () => {
    setTheme(document.documentElement.dataset.theme === "dark" ? "light" : "dark");
    for (const frame of document.querySelectorAll("iframe")) {
      frame.contentWindow.postMessage("theme=" + document.documentElement.dataset.theme, "*");
    }
  });
  byId("help").addEventListener("click", () => byId("help-dialog").showModal());
  fillHelp(null);
  const areas = new Tabs(byId("areas"), () => {});
  areas.show("area-driver");
  if (!Engine.canRun()) {
    failToLoad(OLD_BROWSER);
    document.documentElement.dataset.ready = "old";
    return;
  }
  try {
    const engine = new Engine(Parts.module());
    const [drivers, catalog] = await Promise.all([Parts.drivers(), Parts.catalog()]);
    lab = new Page(engine, catalog, drivers, areas);
    showMain();
    await engine.module;
    lab.listen();
    byId("run").disabled = byId("ops-run").disabled = false;
    const shown = lab.openLink(location.hash);
    // The page is ready once a run can begin. A run that fails may come before.
    await Promise.race([engine.started, shown]);
    document.documentElement.dataset.ready = Math.round(performance.now());
    await shown;
    document.documentElement.dataset.shown = Math.round(performance.now());
    const isFirstVisit = !readLink(location.hash) && !remembered(WELCOME_SEEN);
    if (isFirstVisit && lab.runs.current) welcome(lab.runs.current);
  } catch (error) {
    const isFolder = location.protocol === "file:" && !Parts.isSingle();
    failToLoad(
      isFolder
        ? "A browser does not read the parts of this page from a disk: open portcls-lab.html, " +
            "which has all in one file."
        : `The page could not be loaded whole (${error.message}): load it again.`,
    );
  }
}

// In the folder, the browser loads the script beside the page, and may run the script only after the
// last element of the page. The whole script has run before `start` begins.
if (document.readyState === "loading") addEventListener("DOMContentLoaded", start);
else queueMicrotask(start);

// The form: its choices, the words that explain them, and the job that the choices make.
"use strict";

// The inputs that a link holds. A link leaves out usual values.
const LINKED = [
  "driver",
  "song",
  "notes",
  "card",
  "verb",
  "timing",
  "seed",
  "filter",
  "pin",
  "pin-format",
  "port",
  "irq",
  "until",
  "budget",
  "registry",
];

// Which input an error is about, by the first words of the error's sentence.
const ABOUT_INPUTS = {
  "the typed": "notes",
  "timing:": "seed",
  "until:": "until",
  "port:": "port",
  "call_budget:": "budget",
  "registry:": "registry",
};

class Inputs {
  constructor(choices, engine) {
    Object.assign(this, { choices, engine });
    this.scenario = null;
    this.setUsual();
    this.usual = this.values();
    byId("inputs").addEventListener("change", (event) => this.onChange(event.target.id));
    byId("notes").addEventListener("input", () => this.tellError(null));
    byId("more").addEventListener("toggle", () => this.findPins());
    // On a small screen the form is folded. Its summary then names the choices.
    const wide = matchMedia("(min-width: 901px)");
    const fold = () => {
      byId("setup").open = wide.matches;
    };
    wide.addEventListener("change", fold);
    fold();
    byId("scenario-drop").addEventListener("click", () => this.openScenario(null));
    this.show();
  }

  setUsual() {
    const usual = this.choices.catalog.default;
    byId("driver").value = `name:${usual.driver}`;
    byId("song").value = "tune";
    byId("card").value = `name:${usual.card}`;
    byId("verb").value = usual.verb;
    byId("timing").value = usual.timing;
    byId("filter").value = usual.trace_filter;
    byId("pin-format").value = usual.pin_format;
    byId("irq").value = usual.irq;
    byId("budget").placeholder = usual.call_budget;
  }

  values() {
    return Object.fromEntries(LINKED.map((id) => [id, byId(id).value]));
  }

  // Takes values, for example from a link. A value that its list does not have is not taken; the
  // function returns all such values.
  set(values) {
    const unknown = [];
    for (const id of LINKED) {
      if (values[id] === undefined || values[id] === null) continue;
      const input = byId(id);
      const before = input.value;
      if (id === "pin" && ![...input.options].some(({ value }) => value === values.pin)) {
        input.append(option(values.pin, values.pin));
      }
      input.value = values[id];
      if (input.value !== values[id]) {
        input.value = before;
        unknown.push(values[id]);
      }
    }
    this.show();
    return unknown;
  }

  onChange(id) {
    if (["driver", "card", "irq"].includes(id)) this.findPins();
    this.show();
  }

  show() {
    const { choices } = this;
    const driver = choices.aboutDriver(byId("driver").value);
    byId("driver-about").textContent = driver.words;
    byId("driver-about").classList.toggle("mistake", Boolean(driver.isMistake));
    byId("card-about").textContent = choices.aboutCard(byId("card").value);
    const song = byId("song").value;
    byId("song-about").textContent = choices.aboutSong(song);
    byId("notes").hidden = song !== "notes" && song !== "bytes";
    byId("notes").placeholder = song === "bytes" ? "90 3C 40" : "C4 E4 G4";
    if (byId("notes").hidden) this.tellError(null);
    const timing = choices.catalog.timings.find(({ value }) => value === byId("timing").value);
    byId("seed").hidden = !timing?.takes_seed;
    byId("setup-words").textContent = [
      this.words(),
      byId("song").selectedOptions[0]?.textContent,
      byId("verb").value,
    ].join(" \u00b7 ");
  }

  // Marks the input that the error of a run is about; with null, no input is marked.
  tellError(error) {
    const words = error ? errorWords(error) : "";
    const key = /^(the typed|[a-z_]+:)/.exec(words)?.[1];
    for (const [name, id] of Object.entries(ABOUT_INPUTS)) {
      if (name === key) byId(id).setAttribute("aria-invalid", "true");
      else byId(id).removeAttribute("aria-invalid");
    }
    const isTyped = key === "the typed";
    byId("notes-error").textContent = isTyped ? words : "";
    byId("notes-error").hidden = !isTyped;
    if (key in ABOUT_INPUTS && byId("more").contains(byId(ABOUT_INPUTS[key]))) {
      byId("setup").open = byId("more").open = true;
    }
  }

  // Chooses a file that the user just gave.
  choose({ kind, name }) {
    const { choices } = this;
    if (kind === "driver" || kind === "symbols" || kind === "inf") {
      choices.fillDrivers();
      if (kind === "driver") byId("driver").value = `file:${name}`;
    } else if (kind === "song") {
      choices.fillSongs();
      byId("song").value = `file:${name}`;
    } else if (kind === "card") {
      choices.fillCards();
      byId("card").value = `file:${name}`;
    } else if (kind === "scenario") {
      this.openScenario(name);
    }
    this.findPins();
    this.show();
  }

  // While a scenario is open, the scenario says what runs. With null, the form says it again.
  openScenario(name) {
    this.scenario = name;
    byId("scenario-name").textContent = name ?? "none";
    byId("scenario-drop").hidden = !name;
    byId("scenario-note").hidden = !name;
    if (name) byId("more").open = true;
    for (const set of byId("inputs").querySelectorAll("fieldset.used"))
      set.disabled = Boolean(name);
  }

  // The keys of a job that choose the machine.
  machine() {
    const [driverKind, driver] = split(byId("driver").value);
    const [cardKind, card] = split(byId("card").value);
    const timing = byId("timing").value;
    const job = {
      driver:
        driverKind === "name"
          ? { name: driver }
          : { file: driverKind === "file" ? driver : driver.split("/")[1] + ".sys" },
      card: cardKind === "file" ? { file: card } : { name: card },
      timing: byId("seed").hidden ? timing : `${timing}:${byId("seed").value.trim()}`,
      irq: Number(byId("irq").value),
    };
    if (byId("port").value.trim()) job.port = byId("port").value.trim();
    const registry = byId("registry")
      .value.split("\n")
      .map((line) => line.trim())
      .filter(Boolean);
    if (registry.length) job.registry = registry;
    const [inf] = driverKind === "file" ? this.choices.files.of("inf") : [];
    if (inf) job.inf = { file: inf.name };
    if (byId("budget").value.trim()) job.call_budget = Number(byId("budget").value);
    return job;
  }

  song() {
    const value = byId("song").value;
    if (value === "tune") return { tune: true };
    if (value === "notes" || value === "bytes") return { [value]: byId("notes").value };
    return { file: split(value)[1] };
  }

  // The job, without its outputs.
  job() {
    if (this.scenario) {
      const golden = this.choices.files.get(this.scenario.replace(/\.toml$/i, ".trace"));
      return { job: "check", file: this.scenario, ...(golden && { golden: golden.name }) };
    }
    const job = { job: "run", ...this.machine(), song: this.song(), verb: byId("verb").value };
    if (byId("pin").value) job.pin = byId("pin").value;
    job.pin_format = byId("pin-format").value;
    if (byId("until").value.trim()) job.until = byId("until").value.trim();
    return job;
  }

  // The files that the job names.
  async jobFiles() {
    const { choices } = this;
    if (this.scenario) return [...choices.files.all.values()];
    const files = await choices.driverFiles(byId("driver").value);
    for (const id of ["song", "card"]) {
      const [kind, name] = split(byId(id).value);
      if (kind === "file") files.push(choices.files.get(name));
    }
    return files;
  }

  // Asks the driver for its pins, and fills the list of pins. Does so only while the user can see
  // the list.
  async findPins() {
    const list = byId("pin");
    if (!byId("more").open || this.scenario) return;
    const chosen = list.value;
    const first = option("", "The first that fits");
    try {
      const found = await this.engine.ask(
        { job: "filters", ...this.machine() },
        await this.jobFiles(),
      );
      const filters = found.filters ? JSON.parse(found.filters).filters : [];
      const options = filters.flatMap(({ reference, pins }) =>
        pins.map((pin) => pinOption(`${reference}:${pin.pin_id}`, pin)),
      );
      list.replaceChildren(first, ...options);
    } catch {
      list.replaceChildren(first);
    }
    list.value = chosen;
    if (list.value !== chosen) list.value = "";
  }

  // A short description of the run, for the kept run and for names of files.
  words() {
    if (this.scenario) return this.scenario;
    const name = split(byId("driver").value)[1]
      .replace(/^.*\//, "")
      .replace(/\.sys$/, "");
    return `${name} on ${split(byId("card").value)[1]}`;
  }
}

function pinOption(reference, { category, midi }) {
  const use = midi ? (midi.use ?? midi.obstacle) : "not for MIDI";
  const entry = option(reference, `${reference}: ${[category, use].filter(Boolean).join(", ")}`);
  entry.disabled = !midi || Boolean(midi.obstacle);
  return entry;
}

// The lists of the form. They show the module's catalog, the project's drivers and the user's
// files.
"use strict";

class Choices {
  constructor(catalog, drivers, files) {
    Object.assign(this, { catalog, drivers, files });
    this.architectures = [...new Set(this.available().map(({ file }) => file.architecture))];
    this.fillDrivers();
    this.fillSongs();
    this.fillCards();
    this.fillRest();
  }

  // The project's drivers that this page has. For each, the value names one of its files.
  available() {
    return this.drivers.flatMap((driver) =>
      driver.files
        .filter(({ offset }) => !Parts.isSingle() || offset !== undefined)
        .map((file) => ({ driver, file, value: `project:${file.architecture}/${driver.name}` })),
    );
  }

  fillDrivers() {
    const all = this.available();
    const group = (label, options) =>
      options.length ? [make("optgroup", { label }, ...options)] : [];
    const of = (isBroken, architecture) =>
      all
        .filter(
          ({ driver, file }) => driver.is_broken === isBroken && file.architecture === architecture,
        )
        .map(({ value, driver }) => option(value, `${driver.name}.sys`));
    this.keepChoice(byId("driver"), [
      ...group(
        "Yours",
        this.files.of("driver").map(({ name }) => option(`file:${name}`, name)),
      ),
      ...group(
        "Built in",
        this.catalog.drivers.map(({ name }) => option(`name:${name}`, name)),
      ),
      ...this.architectures.flatMap((architecture) => [
        ...group(`Good, ${architecture}`, of(false, architecture)),
        ...group(`With a mistake, ${architecture}`, of(true, architecture)),
      ]),
    ]);
  }

  fillSongs() {
    const own = this.files.of("song").map(({ name }) => option(`file:${name}`, name));
    this.keepChoice(byId("song"), [
      ...own,
      option("tune", "The built-in tune"),
      option("notes", "Notes, typed"),
      option("bytes", "Bytes, typed"),
    ]);
  }

  fillCards() {
    const own = this.files.of("card").map(({ name }) => option(`file:${name}`, name));
    this.keepChoice(byId("card"), [
      ...own,
      ...this.catalog.cards.map(({ name }) => option(`name:${name}`, name)),
    ]);
  }

  fillRest() {
    const { timings, verbs, trace_filters, pin_formats, irqs } = this.catalog;
    const valued = ({ value, words }) => option(value, `${value}: ${words}`);
    byId("timing").replaceChildren(...timings.map(valued));
    byId("verb").replaceChildren(...verbs.map(valued));
    byId("filter").replaceChildren(...trace_filters.map(valued));
    byId("pin-format").replaceChildren(...pin_formats.map(valued));
    byId("irq").replaceChildren(...irqs.map((irq) => option(irq, irq)));
    byId("pin").replaceChildren(option("", "The first that fits"));
  }

  // Fills a list and keeps its choice.
  keepChoice(list, options) {
    const { value } = list;
    list.replaceChildren(...options);
    if (value) list.value = value;
  }

  // The words under the list of drivers for the chosen driver.
  aboutDriver(value) {
    const [kind, name] = split(value);
    if (kind === "file") {
      const file = this.files.get(name);
      const stem = name.replace(/\.[^.]*$/, "").toLowerCase();
      const beside = this.files
        .of("symbols")
        .find((one) => one.name.toLowerCase().startsWith(stem + "."));
      return {
        words:
          `Your file, ${grouped(file.bytes.length)} bytes` +
          (beside
            ? `, with the symbols of ${beside.name}.`
            : "; open its .pdb too to see names and lines."),
      };
    }
    if (kind === "name")
      return { words: this.catalog.drivers.find((one) => one.name === name)?.words };
    const found = this.available().find((one) => one.value === value);
    if (!found) return { words: "" };
    const { words, is_broken } = found.driver;
    return { words: is_broken ? `Mistake: ${words}` : sentence(words), isMistake: is_broken };
  }

  aboutCard(value) {
    const [kind, name] = split(value);
    if (kind === "file") return "Your card file.";
    const card = this.catalog.cards.find((one) => one.name === name);
    return card ? `${card.title}. ${card.description}` : "";
  }

  aboutSong(value) {
    if (value === "tune") {
      const { messages, duration_ns } = this.catalog.tune;
      return `${counted(messages, "message")}, ${shortTime(duration_ns)}.`;
    }
    if (value === "notes") return sentence(this.catalog.words.notes);
    if (value === "bytes") return sentence(this.catalog.words.bytes);
    return `Your file, ${grouped(this.files.get(split(value)[1]).bytes.length)} bytes.`;
  }

  // The file of a chosen driver, which is the project's or the user's, and its symbols and INF.
  async driverFiles(value) {
    const [kind, name] = split(value);
    if (kind === "name") return [];
    if (kind === "file")
      return [this.files.get(name), ...this.files.of("symbols"), ...this.files.of("inf")];
    const { file } = this.available().find((one) => one.value === value);
    const load = async (one) => ({ name: one.name, bytes: await Parts.bytes(one) });
    return Promise.all([file, ...(file.beside ?? [])].map(load));
  }
}

// The two parts of a value such as `file:my.sys`.
function split(value) {
  const at = value.indexOf(":");
  return at < 0 ? [value, ""] : [value.slice(0, at), value.slice(at + 1)];
}

// The verdict: one line that says how the run ended, and figures below the line.
"use strict";

// The words before the sentence. A word without an entry is shown as it is.
const GOOD_WORD = "Good",
  BAD_WORD = "Fault",
  ERROR_WORD = "Not run";

class Verdict {
  constructor(onPlace) {
    this.time = null;
    byId("verdict-place").addEventListener("click", () => onPlace(this.time));
  }

  // Shows the answer to a job.
  show({ result, summary, wall }) {
    const { verdict, error } = result;
    if (error) this.tell("error", ERROR_WORD, errorWords(error));
    else
      this.tell(
        verdict.is_good ? "good" : "bad",
        verdict.is_good ? GOOD_WORD : BAD_WORD,
        verdict.sentence,
      );
    this.time = verdict?.time_ns ?? wrongByteTime(summary);
    byId("verdict-place").hidden = this.time === null;
    byId("verdict-place").textContent =
      this.time === null
        ? ""
        : `Show the place, ${shortTime(this.time)} after power-on` +
          (verdict?.place ? `, ${verdict.place}` : "");
    byId("figures").textContent = [
      ...figures(summary),
      `run in ${wall.toFixed(wall < 100 ? 1 : 0)} ms`,
    ].join(" \u00b7 ");
  }

  tell(state, word, words) {
    byId("verdict").dataset.state = state;
    byId("verdict-line").replaceChildren(make("b", null, word), " ", sentence(words));
  }

  // Says what is going on, before there is a verdict.
  wait(words) {
    byId("verdict").dataset.state = "";
    byId("verdict-line").textContent = words;
    byId("verdict-place").hidden = true;
    byId("figures").textContent = "";
  }
}

function errorWords({ sentence: words, file, line, column, hint }) {
  const place = [file, line, column]
    .filter((part) => part !== null && part !== undefined)
    .join(":");
  const begins = !place || words.startsWith(place) || (file && words.startsWith(file));
  return [begins ? words : `${place}: ${words}`, hint && !words.includes(hint) ? hint : null]
    .filter(Boolean)
    .join("; ");
}

// The time when the first wrong byte came on MIDI OUT; null if none came.
function wrongByteTime(summary) {
  const difference = summary?.wire?.first_difference;
  return difference && difference.found !== null ? difference.time_ns : null;
}

// The figures of a summary that fit into the line.
function figures(summary) {
  if (!summary || !summary.processor) return [];
  const { simulated_ns, processor, driver, wire, violation_count, leaks } = summary;
  const polls = driver?.polls_per_byte_permille;
  return [
    `${shortTime(simulated_ns)} simulated`,
    wire ? `${grouped(wire.bytes)} bytes on the wire` : null,
    counted(processor.interrupts, "interrupt"),
    counted(processor.dpcs, "DPC"),
    polls === null || polls === undefined ? null : `${(polls / 1000).toFixed(1)} polls a byte`,
    driver?.lost_in_card ? `${grouped(driver.lost_in_card)} bytes lost in the card` : null,
    violation_count ? counted(violation_count, "broken rule") : null,
    leaks?.length ? `${leaks.length} left behind` : null,
  ].filter(Boolean);
}

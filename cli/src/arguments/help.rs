//! The texts below the options in the help: examples, exit codes, forms.

use portcls_machine::card_bench::ops::actions;
use portcls_results::numbers::wrapped;

pub(super) const PROGRAM_EXAMPLES: &str = "\
Examples:
  portcls-emu play                          the built-in tune, and a summary of the run
  portcls-emu play song.mid --trace t.txt   every register access into t.txt
  portcls-emu capture song.mid              the other way: MIDI IN to the application
  portcls-emu ops test.ops                  register accesses, with their expected results
  portcls-emu imports driver.sys            what a compiled driver needs, and what is there
  portcls-emu filters --driver driver.sys   its filters and pins, and which can be opened
  portcls-emu cards                         the cards that can be chosen
  portcls-emu rules                         the rules that a driver has to keep
  portcls-emu new my-driver                 a crate for a driver of your own
  portcls-emu check scenarios               scenarios against their golden traces
  portcls-emu diff old.txt new.txt          what is different in two traces, and why
  portcls-emu explain t.txt --at 256.779ms  what happened then, its causes and effects
  portcls-emu export t.txt --to html -o t.html    the trace as a page to look at";

pub(super) const PLAY_EXAMPLES: &str = "\
Examples:
  portcls-emu play                                   the built-in tune
  portcls-emu play song.mid --card sb16              a song on another card
  portcls-emu play song.mid --trace -                the whole trace, the summary on stderr
  portcls-emu play --trace t.txt --filter registers  only what the hardware sees
  portcls-emu play --driver uart.sys                 a compiled Windows driver
  portcls-emu play --driver card.sys --pin Midi:0    through a pin that you choose
  portcls-emu play --driver dmus.sys --pin-format directmusic  events
  portcls-emu play song.mid --midi-out wire.mid      what the wire carried, with its times
  portcls-emu play song.mid --vcd song.vcd           waveforms, for GTKWave or Surfer
  portcls-emu play song.mid --html song.html         a page to look at, for a browser
  portcls-emu play dump.syx --format json            figures for a program
  cat song.mid | portcls-emu play -                  a song from stdin";

pub(super) const CAPTURE_EXAMPLES: &str = "\
Examples:
  portcls-emu capture song.mid                     send a song into MIDI IN
  portcls-emu capture song.mid --raw-out got.bin   keep the bytes that the application read
  portcls-emu capture song.mid --midi-out got.mid  the same with the times of the port
  portcls-emu capture song.mid --card clone-dumb --trace -";

pub(super) const DEBUG_EXAMPLES: &str = "\
Examples:
  portcls-emu debug --driver mine.sys                       waits on port 1234 of this machine
  portcls-emu debug song.mid --driver mine.sys --gdb 4711   a song, another port
  portcls-emu debug song.mid --driver mine.sys --job capture

In gdb:
  target remote 127.0.0.1:1234
  break Isr
  continue
  reverse-stepi
  monitor irql

In lldb, which reads PDBs:
  target create mine.sys
  gdb-remote 1234
  breakpoint set --name Isr
  continue
  process plugin packet monitor irql";

pub(super) const FILTERS_EXAMPLES: &str = "\
Examples:
  portcls-emu filters                              the built-in driver
  portcls-emu filters --driver mine.sys            a compiled Windows driver
  portcls-emu filters --driver mine.sys --format json";

pub(super) const OPS_EXAMPLES: &str = "\
Examples:
  portcls-emu ops first-note.ops               on every card that the script is for
  portcls-emu ops --card sb16 a.ops b.ops      two scripts on one card, with each access
  portcls-emu ops --card my-card.toml a.ops    on a card of your own
  portcls-emu ops hw-mpu401/ops --format junit > results.xml
  portcls-emu ops --card sb16 a.ops --vcd a.vcd    the wires and flags, for GTKWave or Surfer
  printf 'init uart\\nR S -> 80/C0\\n' | portcls-emu ops -
  portcls-emu ops a.ops --record linux > a.py    the accesses for a real card
  portcls-emu ops a.ops --results a.txt --card sb16    what the real card did, and the model";

/// Columns for an example line of a script.
const LINE_COLUMNS: usize = 20;
/// Columns for the meaning beside the example line.
const MEANING_COLUMNS: usize = 76;

/// Scripts in short: two sentences, then each kind of line that does something, with its meaning.
pub(super) fn script_lines() -> String {
    let mut text = "\
        A script in short; docs/ops.md of the project has all of it. After -> stands the expected \
        result\nof a line, as in R S -> 80/C0, P S 40 00 1000 10 -> ok or wire -> 90:"
        .to_owned();
    for (line, meaning) in actions() {
        let mut line = line;
        for piece in wrapped(meaning, MEANING_COLUMNS) {
            text.push_str(&format!("\n  {line:<LINE_COLUMNS$}  {piece}"));
            line = "";
        }
    }
    text
}

pub(super) const IMPORTS_EXAMPLES: &str = "\
Examples:
  portcls-emu imports driver.sys                   what it imports, and what of it is there
  portcls-emu imports driver.sys --format json     the same for a program
  portcls-emu imports driver.sys | grep missing    what would end a run when it is called";

pub(super) const IMPORTS_EXIT: &str = "\
It exits with 1 when something is missing, or when an imported function refuses every call. What can
be missing is an imported function or variable, a class of PortCls that the code names, or an
instruction that the code leads to. What the driver never uses does no harm. A run ends, with the
name of what is missing, when the driver comes to a missing function or instruction. A refused call,
such as PcNewPort with a missing class, does not end the run: it is a line of the trace. An
interface that is not served does not change the exit code, because drivers ask for some interfaces
and go on without them. A file that is no driver is exit code 3.";

pub(super) const CARDS_EXAMPLES: &str = "\
Examples:
  portcls-emu cards                          figures and sources
  portcls-emu cards --check                  what each card does in each scenario
  portcls-emu cards --check --format json    the same for a program
  portcls-emu cards --check --card sb16 --card-timing seeded:1
  portcls-emu cards --show sb16 > my.toml    a card to change, for --card my.toml";

pub(super) const RULES_EXAMPLES: &str = "\
Examples:
  portcls-emu rules                          every rule in a sentence
  portcls-emu rules read-overrun             one of them, with its source
  portcls-emu rules --format json            the same for a program";

pub(super) const NEW_EXAMPLES: &str = "\
Examples:
  portcls-emu new my-driver                     a crate in the folder my-driver
  portcls-emu new my-driver --crates ~/portcls  with the crates of this clone of the project";

pub(super) const RUN_EXAMPLES: &str = "\
Examples:
  portcls-emu run tests/scenarios/note-in.toml               each expected result, and what came
  portcls-emu run note-in.toml --trace - --filter registers  its trace
  portcls-emu run note-in.toml --html note-in.html           a page to look at
  portcls-emu run scenarios/*.toml --format json             the results for a program
  portcls-emu schema scenario > scenario.json                the keys of the files, for an editor

docs/scenarios.md explains the files. A scenario that names no expected result and has no golden
checks nothing, which is a failure.";

pub(super) const CHECK_EXAMPLES: &str = "\
Examples:
  portcls-emu check scenarios                        all scenarios of a folder
  portcls-emu check scenarios/chord.toml             one of them
  portcls-emu check --accept scenarios/chord.toml    its trace is the new golden
  portcls-emu check scenarios --accept=chord,remove  the traces of these two
  portcls-emu check scenarios --review               asks about each trace that differs
  portcls-emu check scenarios --out failed --format junit > results.xml
  portcls-emu check scenarios/chord.toml --html chord.html    its page, with the golden beside
  portcls-emu check scenarios --shard 1/2 --format json > 1.json

docs/ci.md shows a workflow for a team with a .sys driver.";

pub(super) const CHECK_ENVIRONMENT: &str = "\
Environment:
  CI   if it has any value except 0 and false: --accept, --review and --unreferenced delete are
       refused";

pub(super) const MERGE_EXAMPLES: &str = "\
Examples:
  portcls-emu merge 1.json 2.json                   the results of both shards
  portcls-emu merge *.json --format junit > results.xml";

pub(super) const TRACE_EXAMPLES: &str = "\
Examples:
  portcls-emu trace t.txt --show durations,nesting        how long each call took
  portcls-emu trace t.txt --show all --from 'the song'    for reading, from a mark on
  portcls-emu trace t.txt --filter registers              what the hardware sees, as a golden
  portcls-emu play --trace - | portcls-emu trace - --show names

A text with --show is for people: no verb reads it.";

pub(super) const DIFF_EXAMPLES: &str = "\
Examples:
  portcls-emu diff old.txt new.txt                     two traces that --trace wrote
  portcls-emu diff old.txt new.txt --tolerance 200ns   compiled drivers differ by instructions
  portcls-emu diff old.txt new.txt --html diff.html    a page with the findings
  portcls-emu diff a.txt b.txt --from 'the song begins' --until 'the song is over'
  portcls-emu play --trace - | portcls-emu diff old.txt - --format json";

pub(super) const DIFF_EXIT: &str = "\
It exits with 1 when there is a finding, and with 0 when there is none. An event that has another
time only because its cause has another time is no finding. `diff A B` and `diff B A` have the same
number of findings.";

pub(super) const EXPLAIN_EXAMPLES: &str = "\
Examples:
  portcls-emu explain t.txt --at 256.779ms                 the last event up to this time
  portcls-emu explain t.txt --at 256.779ms --format json   the same for a program";

pub(super) const LATENCY_EXAMPLES: &str = "\
Examples:
  portcls-emu latency t.txt                               a trace that --trace wrote
  portcls-emu play --trace - | portcls-emu latency -      without a file
  portcls-emu latency t.txt --budget isr=25us,dpc=100us   a check
  portcls-emu latency old.txt new.txt                     the longest times of each, as a table
  portcls-emu latency --cards all --driver my.sys         a driver on every card

Spans of a budget:
  isr, dpc   how long a routine ran, without what interrupted it
  line       from the rise of the interrupt line to the ISR
  queue      from the queueing of a DPC, or the expiry of its timer, to the DPC
  arrival    from the end of a byte on MIDI IN to the read by which the driver takes it
  read       from the end of the last byte of a read to the completion of the read
  poll       from the first poll before a byte to its write
  late       from the due time of a timer to the start of a byte that its DPC wrote";

pub(super) const LATENCY_EXIT: &str = "\
It exits with 1 when a time is longer than its budget, when a trace has no time to compare with a
budget, or when the song cannot be played on a card.";

pub(super) const EXPORT_EXAMPLES: &str = "\
Examples:
  portcls-emu export t.txt --to html -o t.html             a page to look at, in one file
  portcls-emu play --trace - | portcls-emu export - --to html -o t.html
  portcls-emu export t.txt --to svg --from 'the song begins' --until 257ms -o t.svg
  portcls-emu export t.txt --to jsonl | jq 'select(.kind == \"write\")'
  portcls-emu export t.txt --to vcd -o t.vcd               waveforms, and who runs
  portcls-emu export t.txt --to perfetto -o t.pftrace      for the Perfetto UI";

pub(super) const JSON_FORM: &str = "\
The JSON summary:
  One object with \"version\": 2, also when the work could not be done; `schema summary` writes its
  JSON Schema. Names that end in _ns are whole ns of simulated time, those in
  _permille are 1/1000. Later programs may add names; a name that goes or changes its meaning
  raises the version.";

pub(super) const ENVIRONMENT: &str = "\
Environment:
  RUST_LOG        diagnostics on stderr where -v is not given: error, warn, info, debug or trace,
                  also for one crate, as in portcls_emulator=debug
  NO_COLOR        no colours, also on a terminal
  CLICOLOR_FORCE  colours also without a terminal; a trace in a file has none";

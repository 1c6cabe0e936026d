//! Golden traces: what a driver developer sees. Each shows one situation.
//!
//! A golden is the text that the user sees, from a mark on. A golden has at most 80 lines and shows
//! one thing. The description of a golden names this thing. Each golden goes through [`golden`].
//! This function also proves that a read of the text gives the same events.

#[path = "golden/input.rs"]
mod input;
#[path = "golden/interrupts.rs"]
mod interrupts;
#[path = "golden/output.rs"]
mod output;
#[path = "golden/power.rs"]
mod power;
#[path = "golden/removal.rs"]
mod removal;
#[path = "golden/resources.rs"]
mod resources;
#[path = "golden/scene.rs"]
mod scene;
#[path = "golden/start.rs"]
mod start;
#[path = "golden/states.rs"]
mod states;
#[path = "golden/system_miniport.rs"]
mod system_miniport;

use portcls_machine::Machine;
use portcls_machine::report::Filter;
use portcls_machine::report::text::{parse, print};

/// The most lines of a golden.
const MOST_LINES: usize = 80;

/// Compares the trace of a machine, from the last mark with these words on, with its golden.
fn golden(name: &str, description: &str, machine: &Machine, filter: Filter, mark: &str) {
    let _ = env_logger::builder().is_test(true).try_init();
    let whole = machine.trace_text(filter);
    reads_back(machine, filter, &whole);
    let part = from_mark(&whole, mark);
    let (header, log) = parse(&part).expect("a part of a trace is a trace");
    assert_eq!(print(&log, &header, filter), part, "a part of a trace reads back");
    let lines = part.lines().count();
    assert!(lines <= MOST_LINES, "{name} has {lines} lines, a golden has {MOST_LINES} at most");
    insta::with_settings!({description => description, omit_expression => true}, {
        insta::assert_snapshot!(name, part);
    });
}

/// Asserts that a read of the text gives exactly the events of the machine's trace.
fn reads_back(machine: &Machine, filter: Filter, text: &str) {
    let (header, read) = parse(text).expect("the text of a trace is well formed");
    assert_eq!(header, machine.trace_header());
    assert_eq!(print(&read, &header, filter), text);
    let taken = machine.trace_log();
    let shown: Vec<_> = taken.events().filter(|event| filter.keeps(&taken, event)).collect();
    assert_eq!(read.events().count(), shown.len());
    for (again, original) in read.events().zip(shown) {
        assert_eq!((again.time_ns, again.level), (original.time_ns, original.level));
        assert_eq!(read.name(again.who), taken.name(original.who));
    }
}

/// The remarks at the head of a trace, and its lines from the last mark with these words on.
fn from_mark(text: &str, words: &str) -> String {
    let head = text.lines().take_while(|line| line.starts_with('#'));
    let body: Vec<&str> = text.lines().skip_while(|line| line.starts_with('#')).collect();
    let is_mark = |line: &&str| line.starts_with("== ") && line.ends_with(words);
    let start = body.iter().rposition(is_mark).expect("the trace has the mark");
    head.chain(body[start..].iter().copied()).map(|line| format!("{line}\n")).collect()
}

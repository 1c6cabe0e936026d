//! A trace and a changed trace: what differs, why events came, and waveforms.
//!
//! The rest of the input after three bytes is one trace, or two traces with a line of `====`
//! between them. From one trace the target makes the second trace by a change: the first three
//! bytes say the kind of change and the lines that change. The first byte also sets the tolerance,
//! and the second byte also chooses an event to explain.

use portcls_machine::emulator::trace::{Event, TraceLog};
use portcls_machine::report::diff::{Diff, DiffOptions, Tolerance, diff};
use portcls_machine::report::explain::explain;
use portcls_machine::report::marks::between_marks;
use portcls_machine::report::text::parse;
use portcls_machine::report::vcd::{self, Dialect};
use portcls_machine::vcd_options;

use crate::seeds::Seed;
use crate::traces;

/// The line between two traces.
const BETWEEN: &str = "\n====\n";

/// The most findings of a text.
const MOST_FINDINGS: usize = 12;

/// Reads the traces and compares them both ways. Explains, draws and cuts the first trace.
pub fn run(input: &[u8]) {
    let Some((&[deed, one, other], text)) = input.split_first_chunk() else { return };
    let text = String::from_utf8_lossy(text);
    let (first, second) = match text.split_once(BETWEEN) {
        Some((first, second)) => (first.to_owned(), second.to_owned()),
        None => (text.to_string(), changed(&text, deed, one, other)),
    };
    let Ok((_, first)) = parse(&first) else { return };
    explain_some(&first, one);
    draw(&first);
    let tolerance = Tolerance { ns: u64::from(deed >> 4) * 1_000, ..Tolerance::default() };
    let options = DiffOptions { tolerance, ..DiffOptions::default() };
    let same = diff(&first, &first, options.clone());
    assert!(same.findings.is_empty() && same.moved == 0, "{}", same.text(MOST_FINDINGS));
    let Ok((_, second)) = parse(&second) else { return };
    let there = diff(&first, &second, options.clone());
    let back = diff(&second, &first, options);
    check(&there, &first, &second);
    check(&back, &second, &first);
    let facts = |found: &Diff| (found.findings.len(), found.roots(), found.aligned, found.moved);
    assert_eq!(facts(&there), facts(&back), "both ways have the same findings");
    cut(&first);
}

/// The text with a change: two lines exchanged, a line repeated, or a line removed. One kind of
/// change changes nothing.
fn changed(text: &str, deed: u8, one: u8, other: u8) -> String {
    let mut lines: Vec<&str> = text.split('\n').collect();
    let count = lines.len();
    let place = |byte: u8| (usize::from(byte) + 1) % count;
    match deed & 3 {
        0 => lines.swap(place(one), place(other)),
        1 => lines.insert(place(other), lines[place(one)]),
        2 => drop(lines.remove(place(one))),
        _ => {}
    }
    lines.join("\n")
}

/// Checks that each finding names events of the traces, and follows only from a finding of the
/// diff.
fn check(found: &Diff, first: &TraceLog, second: &TraceLog) {
    let events = [first, second].map(|log| log.events().count());
    assert_eq!(found.events, events);
    for (index, finding) in found.findings.iter().enumerate() {
        assert_eq!(finding.number, index + 1);
        let is_before = |parent: usize| (1..=found.findings.len()).contains(&parent);
        assert!(finding.follows_from.is_none_or(is_before), "{finding:?}");
        assert!(finding.least <= finding.most && finding.count > 0, "{finding:?}");
        for (spot, count) in [(&finding.first, events[0]), (&finding.second, events[1])] {
            assert!(spot.as_ref().is_none_or(|spot| spot.event < count), "{finding:?}");
        }
        for place in &finding.places {
            let is_there = |event: Option<usize>, count| event.is_none_or(|event| event < count);
            let are_there = is_there(place.first, events[0]) && is_there(place.second, events[1]);
            assert!(are_there, "{finding:?}");
        }
    }
    assert!(!found.text(MOST_FINDINGS).is_empty());
}

/// Explains the event at each of these times: 0, the time of the chosen event, the time of the last
/// event, and the largest number.
fn explain_some(log: &TraceLog, chosen: u8) {
    let times: Vec<u64> = log.events().map(|event| event.time_ns).collect();
    let between = times.get(usize::from(chosen) % times.len().max(1));
    for time_ns in [Some(&0), between, times.iter().max(), Some(&u64::MAX)].into_iter().flatten() {
        let Some(explanation) = explain(log, *time_ns) else { continue };
        assert!(explanation.time_ns <= *time_ns && explanation.event < times.len());
        assert!(!explanation.text().is_empty());
    }
}

/// Writes the waveforms in both dialects.
fn draw(log: &TraceLog) {
    for dialect in [Dialect::Full, Dialect::Sigrok] {
        let mut dump = Vec::new();
        let options = vcd_options(log, dialect, dialect.usual_tick());
        vcd::write(log, &options, &mut dump).expect("writing to memory cannot fail");
        assert!(dump.is_ascii(), "a dump is ASCII");
    }
}

/// Cuts the trace at its first two marks.
fn cut(log: &TraceLog) {
    let marks = log.events().filter_map(|event| match event.event {
        Event::Mark(text) => Some(log.text(text)),
        _ => None,
    });
    for mark in marks.take(2) {
        let part = between_marks(log, Some(mark), None).expect("the mark is there");
        assert!(part.events().count() <= log.events().count());
    }
}

/// Each trace of the target `traces` with a change, where the kinds of change take turns. Also an
/// input with two traces.
pub fn seeds() -> Vec<Seed> {
    let traces = traces::seeds();
    let changed = traces.iter().zip(0_u8..).map(|((name, text), number)| {
        let change = [number % 4, number.wrapping_mul(7) % 30, 12 + number % 9];
        (name.clone(), [&change[..], text].concat())
    });
    let two = [&[3, 5, 0][..], &traces[0].1, BETWEEN.as_bytes(), &traces[1].1].concat();
    changed.chain([("two.txt".to_owned(), two)]).collect()
}

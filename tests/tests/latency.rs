//! The latency report, against a count that reads only the text of the trace.

use std::collections::BTreeMap;

use portcls_machine::chip::Behaviour;
use portcls_machine::midi_file::default_tune;
use portcls_machine::report::Filter;
use portcls_machine::report::latency::{Latency, Span, latency, usual_bins};
use portcls_machine::{Machine, MachineBuilder, capture, play};

/// Count, longest time and sum in ns.
type Times = (u64, u64, u64);

/// What the lines of a trace show.
#[derive(Default)]
struct Counted {
    /// By the actor and the routine. The time of a routine that interrupts another does not count
    /// for the other.
    routines: BTreeMap<(String, String), Times>,
    line_to_isr: Times,
    bytes: BTreeMap<String, u64>,
    polls: u64,
    bytes_written: u64,
}

/// A service routine or a DPC that runs.
struct Routine {
    who: String,
    name: String,
    began_ns: u64,
    inside_ns: u64,
    /// The polls that the interrupted code has made so far.
    polls_before: u64,
}

/// Reads the lines of a trace one by one, and counts what they show.
fn count(text: &str, behaviour: &Behaviour) -> Counted {
    let data = format!("{:X}", behaviour.usual_port);
    let status = format!("{:X}", behaviour.usual_port + behaviour.status_offset);
    let mut counted = Counted::default();
    let mut mark_ns = 0;
    let mut open: Vec<Routine> = Vec::new();
    let mut rose_ns = None;
    let mut polls = 0;
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        if let Some(mark) = line.strip_prefix("== ") {
            mark_ns = ns(mark.split(' ').next().expect("a time"));
            continue;
        }
        let Some((time, rest)) = line.trim_start().split_once(' ') else { continue };
        if time.starts_with('|') {
            continue;
        }
        // The first word is the letter of the level, and the second word is the actor.
        let words: Vec<&str> = rest.split_whitespace().collect();
        let (who, words) = (words[1], &words[2..]);
        let now_ns = mark_ns + ns(time);
        match (who, words) {
            ("isr" | "dpc", ["call", name @ ..]) => {
                if who == "isr" {
                    add(&mut counted.line_to_isr, now_ns - rose_ns.take().expect("a line rose"));
                }
                let (who, name) = (who.to_owned(), name.join(" "));
                let polls_before = std::mem::take(&mut polls);
                open.push(Routine { who, name, began_ns: now_ns, inside_ns: 0, polls_before });
            }
            ("isr" | "dpc", ["return", ..]) => {
                let routine = open.pop().expect("a routine runs");
                let took_ns = now_ns - routine.began_ns;
                let times = counted.routines.entry((routine.who, routine.name)).or_default();
                add(times, took_ns - routine.inside_ns);
                if let Some(outer) = open.last_mut() {
                    outer.inside_ns += took_ns;
                }
                polls = routine.polls_before;
            }
            ("line", [.., "1"]) => rose_ns = Some(now_ns),
            ("wire", [lane, _, rest @ ..]) if !rest.contains(&"start") => {
                *counted.bytes.entry((*lane).to_owned()).or_default() += 1;
            }
            ("bus", ["in", port, ..]) if *port == status => {
                let times = words.iter().find_map(|word| word.strip_prefix('x'));
                polls += times.map_or(1, |times| times.parse().expect("a number"));
            }
            ("bus", ["out", port, ..]) if *port == data => {
                counted.bytes_written += 1;
                counted.polls += std::mem::take(&mut polls);
            }
            // Only polls directly before a write count, in the same call.
            ("bus", _) | (_, ["call" | "return", ..]) => polls = 0,
            _ => {}
        }
    }
    counted
}

fn add(times: &mut Times, time_ns: u64) {
    *times = (times.0 + 1, times.1.max(time_ns), times.2 + time_ns);
}

fn ns(us: &str) -> u64 {
    let (whole, rest) = us.split_once('.').expect("a time in us");
    whole.parse::<u64>().expect("whole us") * 1_000 + rest.parse::<u64>().expect("three decimals")
}

fn times_of(found: &Latency, span: Span) -> BTreeMap<String, Times> {
    let of_span = found.series.iter().filter(|series| series.span == span);
    of_span
        .map(|series| (series.name.clone(), (series.count, series.max_ns, series.total_ns)))
        .collect()
}

fn compare(machine: &Machine, behaviour: &Behaviour, context: &str) {
    let found = latency(&machine.trace_log(), usual_bins());
    let counted = count(&machine.trace_text(Filter::Full), behaviour);
    let of = |actor: &str| -> BTreeMap<String, Times> {
        let routines = counted.routines.iter().filter(|((who, _), _)| who == actor);
        routines.map(|((_, name), times)| (name.clone(), *times)).collect()
    };
    assert_eq!(times_of(&found, Span::Isr), of("isr"), "{context}");
    assert_eq!(times_of(&found, Span::Dpc), of("dpc"), "{context}");
    let lines: Vec<Times> = times_of(&found, Span::Line).into_values().collect();
    let expected = Some(counted.line_to_isr).filter(|times| times.0 > 0);
    assert_eq!(lines, expected.into_iter().collect::<Vec<_>>(), "{context}");
    let lanes = found.lanes.iter().map(|lane| (lane.lane.clone(), lane.bytes)).collect();
    assert_eq!(counted.bytes, lanes, "{context}");
    assert_eq!(found.bytes_written, counted.bytes_written, "{context}");
    if counted.bytes_written > 0 {
        assert_eq!(found.polls, counted.polls, "{context}");
    }
    let levels_ns: u64 = found.levels.iter().map(|at| at.time_ns).sum();
    assert_eq!(levels_ns, found.run_ns, "{context}");
}

#[test]
fn the_figures_are_those_of_the_text_on_every_card() {
    let tune = default_tune();
    for card in portcls_machine::chip::cards() {
        let machine = || {
            let builder = MachineBuilder::new().card(&card.name).expect("a card of the table");
            builder.build().expect("the machine can be built")
        };
        let played = machine();
        play(&played, &tune).expect("the tune is played");
        compare(&played, &card.behaviour, &format!("{} plays", card.name));
        let captured = machine();
        // The result does not matter here: some cards lose bytes of this song.
        let _ = capture(&captured, &tune);
        compare(&captured, &card.behaviour, &format!("{} captures", card.name));
    }
}

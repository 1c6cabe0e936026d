//! The state inside a card, as signals of a trace.
//!
//! The signals are DRR, DSR and the levels of the card's buffers.

use std::collections::BTreeMap;

use portcls_machine::chip::{Behaviour, CARD_NAMES as CARDS, card};
use portcls_machine::emulator::trace::{
    Direction, Event, Fold, SerialEdge, TimedEvent, TraceConfig, TraceLog,
};
use portcls_machine::midi_file::Song;
use portcls_machine::report::Filter;
use portcls_machine::{Application, CardSignals, Machine, MachineBuilder, capture, play};

/// The port of DATA on the machines of these tests, on every card.
const DATA_PORT: u16 = 0x330;

fn machine(card: &str, signals: CardSignals) -> Machine {
    let builder = MachineBuilder::new().card(card).expect("the card is in the table");
    let builder = builder.port(DATA_PORT.into()).expect("there is such a port");
    let trace = TraceConfig { fold: Fold::Nothing, ..TraceConfig::default() };
    builder.trace(trace).card_signals(signals).build().expect("the machine can be built")
}

fn behaviour(name: &str) -> Behaviour {
    card(name).expect("the card is in the table").behaviour
}

/// A job for a machine, with its name.
type Job = (&'static str, fn(&Machine));

const JOBS: [Job; 3] = [("out", send_out), ("in", take_in), ("both", go_both_ways)];

fn song() -> Song {
    let mut song = Song::new();
    for index in 0..40_u8 {
        song.push(u64::from(index) * 1_137_311, &[0x90, index, 0x40, 0xF0, 0x7D, index, 0xF7]);
    }
    song
}

fn send_out(machine: &Machine) {
    assert!(play(machine, &song()).expect("the song plays").is_complete());
}

fn take_in(machine: &Machine) {
    assert!(capture(machine, &song()).expect("the song is captured").is_complete());
}

fn go_both_ways(machine: &Machine) {
    machine.start().expect("the driver starts");
    let application = Application::new(machine);
    let input = application.open_capture().expect("there is a capture pin");
    let output = application.open_render().expect("there is a render pin");
    input.run().expect("the pin runs");
    output.run().expect("the pin runs");
    let bytes: Vec<u8> = song().iter().flat_map(|message| message.bytes.to_vec()).collect();
    machine.cable().send(&bytes);
    output.write_now(&bytes).expect("the write is queued");
    machine.run_for_ns(200_000_000).expect("the machine runs");
}

/// Each event, with the values of all signals at the time of that event.
fn with_signals(log: &TraceLog) -> Vec<(BTreeMap<&str, u32>, TimedEvent)> {
    let mut values = BTreeMap::new();
    let with = |event: TimedEvent| {
        if let Event::Signal { signal, value } = event.event {
            values.insert(log.name(signal), value);
        }
        (values.clone(), event)
    };
    log.events().map(with).collect()
}

#[test]
fn whoever_reads_status_finds_the_flags_that_the_signals_show() {
    for (card, (job, run)) in CARDS.into_iter().flat_map(|card| JOBS.map(|job| (card, job))) {
        let machine = machine(card, CardSignals::Traced);
        run(&machine);
        let status_port = DATA_PORT + behaviour(card).status_offset;
        let mut polls = 0;
        for (signals, event) in with_signals(&machine.trace_log()) {
            let Event::Access(access) = event.event else { continue };
            if (access.direction, access.port) == (Direction::Read, status_port) {
                polls += 1;
                let flags = signals["drr"] << 6 | signals["dsr"] << 7;
                let time_ns = event.time_ns;
                assert_eq!(access.value & 0xC0, flags, "{card}, {job}: at {time_ns}");
            }
        }
        assert!(polls > 100, "{card}, {job}: {polls} polls");
    }
}

#[test]
fn the_run_is_the_same_whether_signals_are_traced_or_not() {
    for (card, (job, run)) in CARDS.into_iter().flat_map(|card| JOBS.map(|job| (card, job))) {
        let events = |signals| {
            let machine = machine(card, signals);
            run(&machine);
            let text = machine.trace_text(Filter::Full);
            let signal = |line: &&str| {
                ["drr", "dsr", "tx fifo", "rx fifo"]
                    .iter()
                    .any(|name| line.contains(&format!("hw        {name} = ")))
            };
            let lines: Vec<String> =
                text.lines().filter(|line| !signal(line)).map(str::to_owned).collect();
            (lines, machine.card_counters())
        };
        let (hidden, traced) = (events(CardSignals::Hidden), events(CardSignals::Traced));
        assert!(hidden == traced, "{card}, {job}");
    }
}

#[test]
fn drr_falls_21_us_after_a_write_to_an_idle_roland_polled_or_not() {
    let machine = machine("roland-mpu401", CardSignals::Traced);
    machine.start().expect("the driver starts");
    machine.run_for_ns(1_000_000_000).expect("the machine runs");
    let written_ns = machine
        .run(|kernel| {
            kernel.write_port_u8(0x330, 0x90);
            kernel.now_ns()
        })
        .expect("the machine runs");
    machine.run_for_ns(1_000_000).expect("the machine runs");
    let log = machine.trace_log();
    let drr = log.events().filter_map(|event| match event.event {
        Event::Signal { signal, value } if log.name(signal) == "drr" => {
            Some((event.time_ns.checked_sub(written_ns)?, value))
        }
        _ => None,
    });
    assert_eq!(drr.collect::<Vec<_>>(), [(0, 1), (21_000, 0)]);
}

#[test]
fn the_levels_tell_what_is_on_its_way() {
    for card in CARDS {
        let machine = machine(card, CardSignals::Traced);
        go_both_ways(&machine);
        let log = machine.trace_log();
        let (mut most_out, mut most_in) = (0, 0);
        for (signals, event) in with_signals(&log) {
            most_out = most_out.max(signals.get("tx fifo").copied().unwrap_or(0));
            most_in = most_in.max(signals.get("rx fifo").copied().unwrap_or(0));
            if let Event::Access(access) = event.event
                && (access.direction, access.port) == (Direction::Read, DATA_PORT)
            {
                let time_ns = event.time_ns;
                assert_eq!(signals["dsr"], 0, "{card}: a read of nothing at {time_ns}");
            }
        }
        let Behaviour { tx_depth, rx_depth, .. } = behaviour(card);
        assert!((1..=u32::from(tx_depth)).contains(&most_out), "{card}: {most_out}");
        assert!((1..=u32::from(rx_depth)).contains(&most_in), "{card}: {most_in}");
        let last = with_signals(&log).pop().expect("there are events").0;
        assert_eq!((last["tx fifo"], last["rx fifo"], last["dsr"]), (0, 0, 1), "{card}");
    }
}

#[test]
fn the_level_of_the_output_falls_when_a_byte_has_left_the_wire() {
    for card in CARDS {
        let machine = machine(card, CardSignals::Traced);
        send_out(&machine);
        let log = machine.trace_log();
        let mut ends = Vec::new();
        let mut falls = Vec::new();
        let mut level = 0;
        for event in log.events() {
            match event.event {
                Event::Serial { lane, edge: SerialEdge::End, .. } if log.name(lane) == "out" => {
                    ends.push(event.time_ns);
                }
                Event::Signal { signal, value } if log.name(signal) == "tx fifo" => {
                    if value < level {
                        falls.push(event.time_ns);
                    }
                    level = value;
                }
                _ => {}
            }
        }
        let other: Vec<_> = falls.iter().filter(|fall| ends.binary_search(fall).is_err()).collect();
        assert!(other.is_empty(), "{card}: {other:?}");
        assert!(falls.len() > 200, "{card}: {} of {}", falls.len(), ends.len());
    }
}

//! The runs whose dumps the judges read.

use portcls_machine::card_bench::ops::{Recorder, Script, Verdict, run_recorded};
pub use portcls_machine::chip::CARD_NAMES as CARDS;
use portcls_machine::chip::{CardProfile, CardTiming};
use portcls_machine::emulator::trace::{Event, SerialEdge, TraceLog};
use portcls_machine::midi_file::Song;
use portcls_machine::report::vcd::{self, Dialect, Tick};
use portcls_machine::{
    Application, CardSignals, Machine, MachineBuilder, capture, play, vcd_options,
};

/// A machine with this card. Its trace shows the state inside the card.
pub fn machine(card: &str) -> Machine {
    let builder = MachineBuilder::new().card(card).expect("the card is in the table");
    builder.card_signals(CardSignals::Traced).build().expect("the machine can be built")
}

/// Messages of 1, 2, 3 and 6 bytes for 0.7 s. Except for the first, they are due between the ticks
/// of 100 ns and of 1 us.
pub fn song() -> Song {
    let mut song = Song::new();
    for index in 0..100_u8 {
        let due_ns = u64::from(index) * 7_137_311;
        match index % 4 {
            0 => song.push(due_ns, &[0x90 + index % 16, index, 0x7F]),
            1 => song.push(due_ns, &[0xC0 + index % 16, 0x55]),
            2 => song.push(due_ns, &[0xF8]),
            _ => song.push(due_ns, &[0xF0, 0x7E, 0x00, index, 0x2A, 0xF7]),
        }
    }
    song
}

/// The trace of a song that goes out.
pub fn played(card: &str, song: &Song) -> TraceLog {
    let machine = machine(card);
    assert!(play(&machine, song).expect("the song plays").is_complete());
    machine.trace_log()
}

/// The trace of a song that comes in.
pub fn captured(card: &str, song: &Song) -> TraceLog {
    let machine = machine(card);
    assert!(capture(&machine, song).expect("the song is captured").is_complete());
    machine.trace_log()
}

/// The trace of a SysEx message that goes out while the same message comes in.
pub fn both_ways(card: &str) -> TraceLog {
    let machine = machine(card);
    machine.start().expect("the driver starts");
    let application = Application::new(&machine);
    let input = application.open_capture().expect("there is a capture pin");
    let output = application.open_render().expect("there is a render pin");
    input.run().expect("the pin runs");
    output.run().expect("the pin runs");
    let mut bytes = vec![0xF0];
    bytes.extend((0..200_u32).map(|index| (index * 37 % 128) as u8));
    bytes.push(0xF7);
    machine.cable().send(&bytes);
    output.write_now(&bytes).expect("the write is queued");
    machine.run_for_ns(100_000_000).expect("the machine runs");
    machine.trace_log()
}

/// The trace of a register script that sends and receives. Each of its two `init` begins with a new
/// card. A seed draws each latency from its range.
pub fn scripted(card: &CardProfile) -> TraceLog {
    let text = "init uart
                repeat 9
                  in 80 3C
                  W D 90
                  wait 413.3
                  R D
                  W D 7F
                  wait 1000.1
                  R D
                end
                init uart
                W D 55
                in F8
                wait 600
                wire -> count 1";
    let script = Script::parse("judged.ops", text).expect("the script is valid");
    let recorder = Recorder::new();
    let report = run_recorded(&script, card, CardTiming::Seeded(5), &recorder);
    assert_eq!(report.verdict(), Verdict::Passed, "{report}");
    recorder.log()
}

/// The dump of a trace.
pub fn dump(log: &TraceLog, dialect: Dialect, tick: Tick) -> Vec<u8> {
    let mut bytes = Vec::new();
    let options = vcd_options(log, dialect, tick);
    vcd::write(log, &options, &mut bytes).expect("memory takes everything");
    bytes
}

/// The bytes on a lane of a trace, with the times of their start bits in ns.
pub fn bytes_on(log: &TraceLog, lane: &str) -> Vec<(u64, u8)> {
    let bytes = log.events().filter_map(|event| match event.event {
        Event::Serial { lane: on, byte, edge: SerialEdge::Start, .. } if log.name(on) == lane => {
            Some((event.time_ns, byte))
        }
        _ => None,
    });
    bytes.collect()
}

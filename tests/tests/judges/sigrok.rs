//! sigrok decodes the wire: bytes, start times and frames.
//!
//! The bytes are the bytes of the trace, each begins at its time, and no frame is broken. sigrok's
//! UART decoder is lenient: it reads even a line that is 5 % too fast. So the decoder proves
//! content and framing, and the times of the start bits prove the rate. Each run of a decoder reads
//! one line, because sigrok's decoder of MIDI mixes the two directions up.

use portcls_machine::chip::cards;
use portcls_machine::emulator::trace::TraceLog;
use portcls_machine::midi_file::default_tune;
use portcls_machine::report::vcd::{Dialect, Tick};

use crate::program::{Exhibit, is_installed, output, run};
use crate::scene::{CARDS, both_ways, bytes_on, captured, dump, played, scripted, song};

const PROGRAM: &str = "sigrok-cli";

/// The lanes of a trace, each with its channel in the dump.
const LINES: [(&str, &str); 2] = [("out", "midi_out"), ("in", "midi_in")];

fn is_there() -> bool {
    is_installed(PROGRAM, "sigrok-cli")
}

/// The output of the UART decoder for a channel. `more` are further arguments of sigrok.
fn uart(file: &Exhibit, channel: &str, baud_rate: u32, more: &[&str]) -> Vec<u8> {
    let decoder = format!("uart:rx={channel}:baudrate={baud_rate}");
    run(PROGRAM, &[&["-I", "vcd", "-i", file.path(), "-P", decoder.as_str()], more].concat())
}

fn bytes(file: &Exhibit, channel: &str) -> Vec<u8> {
    uart(file, channel, 31_250, &["-B", "uart=rx"])
}

/// The broken frames and breaks that sigrok finds.
fn faults(file: &Exhibit, channel: &str, baud_rate: u32) -> String {
    let faults = uart(file, channel, baud_rate, &["-A", "uart=rx-warnings:rx-break"]);
    String::from_utf8(faults).expect("annotations are text")
}

/// The ticks at which start bits begin, from lines such as `264400-264720 uart-1: Start bit`.
fn start_ticks(file: &Exhibit, channel: &str) -> Vec<u64> {
    let more = ["-A", "uart=rx-start", "--protocol-decoder-samplenum"];
    let lines = String::from_utf8(uart(file, channel, 31_250, &more)).expect("text");
    let tick = |line: &str| line.split('-').next()?.parse().ok();
    lines.lines().map(|line| tick(line).unwrap_or_else(|| panic!("no tick: {line}"))).collect()
}

/// Judges each line of a trace that carried a byte, and returns the number of these lines.
fn judge(name: &str, log: &TraceLog, tick: Tick) -> usize {
    let file =
        Exhibit::new(&format!("{name}-{}.vcd", tick.ns()), &dump(log, Dialect::Sigrok, tick));
    let mut judged = 0;
    for (lane, channel) in LINES {
        let sent = bytes_on(log, lane);
        if sent.is_empty() {
            continue;
        }
        judged += 1;
        let expected: Vec<u8> = sent.iter().map(|&(_, byte)| byte).collect();
        assert_eq!(bytes(&file, channel), expected, "{name}: the bytes on {channel}");
        assert_eq!(faults(&file, channel, 31_250), "", "{name}: faults on {channel}");
        let ticks = start_ticks(&file, channel);
        assert_eq!(ticks.len(), sent.len(), "{name}: start bits on {channel}");
        for (found, (start_ns, _)) in ticks.into_iter().zip(sent) {
            let apart_ns = start_ns.abs_diff(found * tick.ns());
            assert!(apart_ns < tick.ns(), "{name}: {channel} at {start_ns}, seen at tick {found}");
        }
    }
    judged
}

#[test]
fn the_tune_on_midi_out_is_read_back() {
    if !is_there() {
        return;
    }
    let log = played("roland-mpu401", &default_tune());
    assert_eq!(judge("tune", &log, Tick::HundredNanoseconds), 1);
    assert_eq!(judge("tune", &log, Tick::Microsecond), 1);
}

#[test]
fn a_song_on_midi_out_is_read_back_on_every_card() {
    if !is_there() {
        return;
    }
    for card in CARDS {
        let log = played(card, &song());
        assert_eq!(judge(&format!("out-{card}"), &log, Tick::HundredNanoseconds), 1);
    }
}

#[test]
fn a_song_on_midi_in_is_read_back_beside_what_a_card_sends_by_itself() {
    if !is_there() {
        return;
    }
    for card in cards() {
        let name = &card.name;
        let lines = if card.behaviour.reset_output.is_some() { 2 } else { 1 };
        let log = captured(name, &song());
        assert_eq!(judge(&format!("in-{name}"), &log, Tick::HundredNanoseconds), lines, "{name}");
    }
}

#[test]
fn sysex_both_ways_at_once_is_read_back() {
    if !is_there() {
        return;
    }
    assert_eq!(judge("both", &both_ways("smsc-superio"), Tick::HundredNanoseconds), 2);
}

#[test]
fn a_register_script_is_read_back_on_every_card() {
    if !is_there() {
        return;
    }
    for card in cards() {
        let log = scripted(card);
        let lines = usize::from(!bytes_on(&log, "out").is_empty()) + 1;
        for tick in [Tick::HundredNanoseconds, Tick::Microsecond] {
            assert_eq!(judge(&format!("ops-{}", card.name), &log, tick), lines, "{}", card.name);
        }
    }
}

#[test]
fn the_decoder_of_midi_names_the_messages() {
    if !is_there() {
        return;
    }
    let dumped = dump(&played("smsc-superio", &song()), Dialect::Sigrok, Tick::Microsecond);
    let file = Exhibit::new("messages.vcd", &dumped);
    let decoder = "uart:rx=midi_out:baudrate=31250,midi";
    let found = run(PROGRAM, &["-I", "vcd", "-i", file.path(), "-P", decoder, "-A", "midi"]);
    let found = String::from_utf8(found).expect("annotations are text");
    assert!(found.contains("Channel 13: note on (note = 60 'C4', velocity = 127)"), "{found}");
    assert!(!found.contains("error"), "{found}");
}

#[test]
fn every_wire_of_the_dialect_is_a_channel_of_one_bit() {
    if !is_there() {
        return;
    }
    let dumped = dump(&played("sb16", &song()), Dialect::Sigrok, Tick::HundredNanoseconds);
    let file = Exhibit::new("channels.vcd", &dumped);
    let shown = run(PROGRAM, &["-I", "vcd", "-i", file.path(), "--show"]);
    let shown = String::from_utf8(shown).expect("text");
    assert!(shown.contains("Samplerate: 10000000\n"), "{shown}");
    for channel in ["midi_out", "midi_in", "irq", "drr", "dsr"] {
        assert!(shown.contains(&format!("- {channel}: logic\n")), "{channel} in {shown}");
    }
}

#[test]
fn the_judge_finds_a_wrong_rate_and_a_missing_channel() {
    if !is_there() {
        return;
    }
    let dumped = dump(&played("sb16", &song()), Dialect::Sigrok, Tick::Microsecond);
    let file = Exhibit::new("fault.vcd", &dumped);
    assert!(faults(&file, "midi_out", 25_000).contains("Frame error"));
    let missing = "uart:rx=no_such_line:baudrate=31250";
    let answer = output(PROGRAM, &["-I", "vcd", "-i", file.path(), "-P", missing]);
    assert!(!answer.stderr.is_empty(), "the complaint that `run` looks for");
}

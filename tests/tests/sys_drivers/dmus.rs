//! The C++ drivers on the port of the DirectMusic class.
//!
//! One driver has `IMiniportDMus`, and its pins take MIDI bytes and DirectMusic events. Another is
//! the good MIDI driver, because this port takes it too. The third is a broken driver that puts an
//! event twice.

use portcls_machine::midi_file::{Song, default_tune};
use portcls_machine::{Application, Machine, PinFormat, capture, play};

use crate::broken;
use crate::scene::{Access, accesses, driver, live, machine, machine_with};

/// The builds of the DirectMusic driver.
const DMUS_BUILDS: [&str; 3] = ["x64/dmus", "x86/dmus", "msvc-x64/dmus"];

/// The MIDI driver on the port of the DirectMusic class, with the same driver on its own port.
const MIDI_BUILDS: [(&str, &str); 3] = [
    ("x64/midi_on_dmus", "x64/uart"),
    ("x86/midi_on_dmus", "x86/uart"),
    ("msvc-x64/midi_on_dmus", "msvc-x64/uart"),
];

/// A slow card without FIFO, a card with a FIFO, and a card that interrupts like a Sound Blaster.
const CARDS: [&str; 3] = ["roland-mpu401", "smsc-superio", "sb16"];

/// The formats with which a client opens a pin of the DirectMusic driver.
pub const FORMATS: [PinFormat; 2] = [PinFormat::Midi, PinFormat::DirectMusic];

/// The time that one byte takes on the wire, in ns.
const BYTE_TIME_NS: u64 = 320_000;

/// A SysEx message of this length, with the beginning and the end byte.
fn sysex(length: usize) -> Vec<u8> {
    let mut bytes: Vec<u8> = (0..length).map(|index| (index * 7 % 128) as u8).collect();
    bytes[0] = 0xF0;
    bytes[length - 1] = 0xF7;
    bytes
}

/// A SysEx of five or eight bytes fits into an event on x64, and needs a buffer on x86. A SysEx of
/// nine bytes needs a buffer on both. A SysEx of 100 KiB needs a hundred buffers. The other
/// messages are short.
const MESSAGES: [fn() -> Vec<u8>; 8] = [
    || sysex(5),
    || sysex(8),
    || sysex(9),
    || vec![0x90, 0x3C, 0x40],
    || vec![0xF8],
    || sysex(100 * 1_024),
    || vec![0x80, 0x3C, 0x40],
    || vec![0xC0, 0x05],
];

/// The messages one after the other. Between two messages the wire has time for two more bytes.
pub fn long_song() -> Song {
    let mut song = Song::new();
    let mut time_ns = 0;
    for message in MESSAGES {
        let message = message();
        song.push(time_ns, &message);
        time_ns += (message.len() as u64 + 2) * BYTE_TIME_NS;
    }
    song
}

/// Runs a test on each build: with bytes on every card, and with events on `cards_for_events`. The
/// first parameter of the test names the build, the card and the format.
fn each_machine(cards_for_events: &[&str], mut test: impl FnMut(&str, Machine)) {
    for build in DMUS_BUILDS {
        for card in CARDS {
            for format in FORMATS {
                if format == PinFormat::Midi || cards_for_events.contains(&card) {
                    let name = format!("{build}, {card}, {format}");
                    test(&name, machine_with(card, driver(build), format));
                }
            }
        }
    }
}

/// The card on which long songs go out and come in as events. One card is enough, because a card
/// sees the same bytes in both formats, and a long song takes a long time.
const CARD_FOR_LONG_EVENTS: [&str; 1] = ["smsc-superio"];

/// Plays a song. The song must come out whole, not early, and without a mistake of the driver.
/// Returns the bytes on the wire.
pub fn assert_plays(name: &str, machine: &Machine, song: &Song) -> Vec<u8> {
    let report = play(machine, song).expect("it plays");
    assert!(report.is_complete(), "{name}: {:?}", report.job.stop);
    assert_eq!(report.job.driver.failed_requests, [], "{name}");
    assert_eq!(report.job.violations, [], "{name}");
    assert_eq!(report.job.leaks, [], "{name}");
    assert_eq!(report.wire.late.early, 0, "{name}");
    machine.cable().sent_bytes()
}

/// Captures a song. The song must come in whole and without a mistake of the driver.
pub fn assert_captures(name: &str, machine: &Machine, song: &Song) {
    let report = capture(machine, song).expect("it captures");
    assert!(report.is_complete(), "{name}: {:?}", report.job.stop);
    assert_eq!(report.job.violations, [], "{name}");
    assert_eq!(report.job.leaks, [], "{name}");
}

#[test]
fn a_directmusic_driver_lives_a_whole_life_on_three_cards() {
    each_machine(&CARDS, |name, machine| {
        live(&machine);
        assert_eq!(machine.kernel().violations(), [], "{name}");
    });
}

#[test]
fn the_tune_as_events_is_the_tune_as_bytes_when_it_is_on_the_wire() {
    for build in DMUS_BUILDS {
        for card in CARDS {
            let [bytes, events] = FORMATS.map(|format| {
                let machine = machine_with(card, driver(build), format);
                assert_plays(&format!("{build}, {card}, {format}"), &machine, &default_tune())
            });
            assert_eq!(events, bytes, "{build}, {card}");
        }
    }
}

#[test]
fn sysex_of_5_bytes_and_of_100_kib_goes_out_byte_for_byte() {
    let expected: Vec<u8> = MESSAGES.iter().flat_map(|message| message()).collect();
    each_machine(&CARD_FOR_LONG_EVENTS, |name, machine| {
        let sent = assert_plays(name, &machine, &long_song());
        // After a reset some cards send bytes of their own.
        assert!(sent.ends_with(&expected), "{name}");
    });
}

#[test]
fn sysex_of_5_bytes_and_of_100_kib_comes_in_byte_for_byte() {
    each_machine(&CARD_FOR_LONG_EVENTS, |name, machine| {
        assert_captures(name, &machine, &long_song());
    });
}

#[test]
fn one_record_of_100_kib_goes_out_through_a_hundred_buffers() {
    for build in DMUS_BUILDS {
        let machine = machine_with("smsc-superio", driver(build), PinFormat::DirectMusic);
        machine.start().expect("the driver starts");
        let pin = Application::new(&machine).open_render().expect("there is a render pin");
        pin.run().expect("it runs");
        let message = sysex(100 * 1_024);
        pin.write_now(&message).expect("it is written");
        let time_ns = (message.len() as u64 + 1_000) * BYTE_TIME_NS;
        machine.run_for_ns(time_ns).expect("the machine runs");
        assert!(machine.cable().sent_bytes() == message, "{build}");
        assert_eq!(machine.kernel().violations(), [], "{build}");
    }
}

#[test]
fn a_midi_driver_on_the_port_of_the_directmusic_class_makes_the_accesses_of_its_own_class() {
    for (on_dmus, own) in MIDI_BUILDS {
        for card in CARDS {
            let of = |build| {
                let machine = machine(card, driver(build));
                live(&machine);
                assert_eq!(machine.kernel().violations(), [], "{build}, {card}");
                accesses(&machine).iter().map(Access::what).collect::<Vec<_>>()
            };
            assert_eq!(of(on_dmus), of(own), "{on_dmus}, {card}");
        }
    }
}

#[test]
fn a_broken_rule_about_events_names_the_event_and_the_place_in_the_driver() {
    for build in ["x64/event_put_twice", "x86/event_put_twice"] {
        let machine = machine("smsc-superio", driver(build));
        assert!(broken::live(&machine).is_ok(), "{build}");
        let violations = machine.kernel().violations();
        let message = &violations.first().expect("it breaks a rule").message;
        let words = "was put before; IAllocatorMXF::PutMessage, called before the driver+0x";
        assert!(message.starts_with("the DirectMusic event at 0x"), "{build}: {message}");
        assert!(message.contains(words), "{build}: {message}");
    }
}

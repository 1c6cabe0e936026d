//! Any text as a card file: an error at a place, or a card that works.
//!
//! The C interface also reads card files with `CardFile::parse`.

use portcls_machine::card_bench::card_file::{CardFile, to_toml};
use portcls_machine::chip::{
    CardProfile, CardTiming, Control, InitialState, LineSignal, Mpu401, Register, cards,
};

use crate::place::check_place;
use crate::seeds::{Seed, fenced, files};

/// The number of steps with a card.
const STEPS: u8 = 24;

/// The time between the first steps in ns. It is no whole number of byte times, and it doubles
/// after every four steps.
const STEP_NS: u64 = 77_777;

/// Reads the text, writes the card and reads it again, and uses the card.
pub fn run(input: &[u8]) {
    let Ok(text) = str::from_utf8(input) else { return };
    let card = match CardFile::parse("fuzz.toml", text) {
        Ok(card) => card,
        Err(error) => return check_place(text, error.line, error.column, &error.to_string()),
    };
    let written = card.to_toml();
    match CardFile::parse("again.toml", &written) {
        Ok(again) => {
            assert_eq!(again.profile, card.profile);
            assert_eq!(again.resources, card.resources);
            assert_eq!(again.to_toml(), written);
        }
        Err(error) => panic!("the card is written as no card: {error}\n{written}"),
    }
    for initial in [InitialState::PowerOn, InitialState::Idle, InitialState::Uart { stale: 0x40 }] {
        let walk = use_card(&card.profile, initial);
        assert_eq!(use_card(&card.profile, initial), walk, "the card does the same again");
    }
}

/// Reads, writes, sends bytes into MIDI IN and lets time pass. Returns what was read, the interrupt
/// line at each step, and the bytes on MIDI OUT.
fn use_card(profile: &CardProfile, initial: InitialState) -> Vec<u8> {
    let mut chip = Mpu401::with_timing(profile, initial, CardTiming::Typical);
    let mut answers = Vec::new();
    let mut now_ns = 0;
    for step in 0..STEPS {
        match step % 6 {
            0 => chip.write(Register::Command, COMMANDS[usize::from(step / 6)], now_ns),
            1 => chip.midi_in_signal(now_ns, LineSignal::Byte(0x90 | step)),
            2 => chip.write(Register::Data, step | 0x80, now_ns),
            3 => chip.control(Control::Activate, now_ns),
            _ => answers.push(chip.read(Register::Data, now_ns)),
        }
        answers.push(chip.read(Register::Command, now_ns));
        answers.push(u8::from(chip.interrupt_line()));
        assert!(chip.next_event_ns() > now_ns, "time goes on");
        now_ns += STEP_NS << (step / 4);
        chip.advance(now_ns);
        answers.extend(std::iter::from_fn(|| chip.pop_sent()).map(|sent| sent.byte));
    }
    answers
}

/// A reset, a request, UART mode, and a reset in UART mode.
const COMMANDS: [u8; 4] = [0xFF, 0xAC, 0x3F, 0xFF];

/// Each card as a file, the examples of the page about card files, and the card files in `docs/`.
pub fn seeds() -> Vec<Seed> {
    let cards = cards().iter();
    let whole = cards.map(|card| (format!("{}.toml", card.name), to_toml(card).into_bytes()));
    let examples = fenced("docs/card-files.md", "toml");
    whole.chain(examples).chain(files("docs", "toml")).collect()
}

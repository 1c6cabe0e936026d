//! A card of your own: two ways to make it, its check, and how a driver plays.
//!
//! ```sh
//! cargo run -p portcls-examples --example card_of_ones_own
//! ```
//!
//! The program takes the plainest card of the family `fifo-chip`, and makes two other cards from
//! this card: one from a text, and one in Rust. For each of the three cards it prints the fields
//! that differ from the plainest card, and the accesses of the driver. The driver plays five bytes
//! that an application gives it in one write, and then the driver is removed. At the end the
//! program prints the results of the register scripts, which `portcls-emu cards --check` runs too.
//!
//! What it teaches: a card is a list of facts, and has no code. `docs/card-files.md` lists the
//! families, and `portcls-emu cards --show smsc-superio` prints every field with its meaning.

use std::error::Error;

use portcls_machine::card_bench::card_file::{CardFile, to_toml};
use portcls_machine::card_bench::ops::{self, Cell, RunReport};
use portcls_machine::chip::{Behaviour, CardProfile, family};
use portcls_machine::report::Filter;
use portcls_machine::{Application, MachineBuilder, MachineError};

/// A card in the form of a card file. It has less room for output, and it acknowledges FF also in
/// UART mode.
const ATTIC_CARD: &str = r#"
name = "attic-card"
family = "fifo-chip"
tx-depth = 4
ack-reset-in-uart = "acknowledged"
"#;

/// The most failures that the program prints.
const SHOWN: usize = 4;

fn main() -> Result<(), Box<dyn Error>> {
    print!("{}", report()?);
    Ok(())
}

/// Checks the three cards, plays on each, and returns the text to print.
pub fn report() -> Result<String, Box<dyn Error>> {
    let plain = family("fifo-chip").ok_or("there is no family fifo-chip")?;
    let cards = [plain.clone(), card_of_a_text()?, card_in_rust(plain)];
    let mut text = String::new();
    for card in &cards {
        text += &format!("{}\n{}", card.name, differences(plain, card));
        text += &format!("{}\n", register_trace(card)?);
    }
    // No script knows these cards, so the suite expects that they behave like most cards. A card
    // fails each scenario in which it does not. A failure names the place in the script.
    let suite = ops::check(&cards);
    for (number, card) in suite.cards.iter().enumerate() {
        let passed = suite.count(number, |cell| matches!(cell, Cell::Pass(_) | Cell::Open));
        let failed = suite.count(number, |cell| cell == Cell::Failed);
        text += &format!("{card:10}  {passed} scenarios pass, {failed} fail\n");
    }
    let of_the_text = suite.runs.iter().filter(|run| run.card == "attic-card");
    for failure in of_the_text.flat_map(RunReport::failures).take(SHOWN) {
        text += &format!("{failure}\n");
    }
    Ok(text)
}

/// Reads the text. An error names the file and the line.
fn card_of_a_text() -> Result<CardProfile, Box<dyn Error>> {
    Ok(CardFile::parse("attic-card.toml", ATTIC_CARD)?.profile)
}

/// Makes a card in Rust. The name and two fields are new; the other fields come from the family.
fn card_in_rust(plain: &CardProfile) -> CardProfile {
    let behaviour = Behaviour { tx_depth: 2, status_low_bits: 0x3F, ..plain.behaviour };
    CardProfile { name: "slim-card".into(), behaviour, ..plain.clone() }
}

/// The lines of the card's file that are not in the file of the plain card.
fn differences(plain: &CardProfile, card: &CardProfile) -> String {
    let plain = to_toml(plain);
    let differs = |line: &&str| !plain.lines().any(|other| other == *line);
    to_toml(card).lines().filter(differs).map(|line| format!("   {line}\n")).collect()
}

/// Plays two notes and removes the driver. Returns the marks of the trace and the accesses of the
/// driver, from the write on.
fn register_trace(card: &CardProfile) -> Result<String, MachineError> {
    let machine = MachineBuilder::new().card_profile(card.clone()).build()?;
    machine.start()?;
    let pin = Application::new(&machine).open_render()?;
    pin.run()?;
    pin.write_now(&[0x90, 0x3C, 0x40, 0x40, 0x40])?;
    machine.run_for_ns(5_000_000)?;
    pin.close()?;
    machine.unload()?;
    let trace = machine.trace_text(Filter::Registers);
    let from_the_write = trace.lines().skip_while(|line| !line.contains("app writes"));
    // The wire has the same speed on every card, so only the accesses are shown.
    let accesses = from_the_write.filter(|line| line.starts_with("==") || line.contains(" bus "));
    Ok(accesses.map(|line| format!("{line}\n")).collect())
}

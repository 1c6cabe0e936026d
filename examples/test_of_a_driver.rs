//! Tests that find the mistakes of a driver.
//!
//! ```sh
//! cargo test -p portcls-examples --example test_of_a_driver
//! cargo run -p portcls-examples --example test_of_a_driver
//! ```
//!
//! The driver is in `hasty_driver.rs`, and its `Write` has two mistakes. The first command runs the
//! tests below. Two tests find a mistake each. The third test shows that a card with more room
//! hides one of the mistakes. The second command prints what the tests look at: the bytes on MIDI
//! OUT, the rule that the driver broke, and the trace of the write.
//!
//! What it teaches: a mistake can show in the list of broken rules of Windows, in the bytes on the
//! cable, and in the trace, which says why. Run a driver on more than one card: on one card the
//! driver may work only by chance. `template/` shows the tests of a good driver, which compare
//! whole traces.

mod hasty_driver;

use portcls_machine::report::Filter;
use portcls_machine::{Application, Driver, Machine, MachineBuilder, MachineError};

/// Two notes, the second note in running status: five bytes.
const NOTES: [u8; 5] = [0x90, 0x3C, 0x40, 0x40, 0x40];

fn main() -> Result<(), MachineError> {
    print!("{}", report()?);
    Ok(())
}

/// Plays the notes with the hasty driver. Returns the machine with its trace and its violations,
/// and the bytes that left on MIDI OUT after the application wrote.
fn play_notes(card: &str) -> Result<(Machine, Vec<u8>), MachineError> {
    let driver = Driver::new("hasty", hasty_driver::driver_entry);
    let machine = MachineBuilder::new().card(card)?.driver(driver).build()?;
    machine.start()?;
    let pin = Application::new(&machine).open_render()?;
    // The card is ready for output long before the write, so a lost byte is the driver's fault.
    machine.run_for_ns(100_000_000)?;
    let sent_before = machine.cable().sent_count();
    pin.run()?;
    pin.write_now(&NOTES)?;
    machine.run_for_ns(5_000_000)?;
    let sent = machine.cable().sent_bytes().split_off(sent_before);
    pin.close()?;
    machine.unload()?;
    Ok((machine, sent))
}

/// The trace from the write up to the first byte on the wire.
fn trace_of_the_write(machine: &Machine) -> String {
    let trace = machine.trace_text(Filter::Full);
    let from_the_write = trace.lines().skip_while(|line| !line.contains("app writes"));
    let lines = from_the_write.take_while(|line| !line.contains(" wire "));
    lines.map(|line| format!("{line}\n")).collect()
}

/// Runs the driver on a card with little room and on a card with more room, and returns the text to
/// print.
pub fn report() -> Result<String, MachineError> {
    let mut text = String::new();
    for card in ["roland-mpu401", "smsc-superio"] {
        let (machine, sent) = play_notes(card)?;
        text += &format!("{card}: wrote {NOTES:02X?}, sent {sent:02X?}\n");
        for one in machine.kernel().violations() {
            text += &format!("broken  {}: {}\n", one.rule.id, one.message);
            text += &format!("        {}\n", one.rule.meaning);
            text += &format!("        Source: {}\n", one.rule.source);
        }
        text += &format!("{}\n", trace_of_the_write(&machine));
    }
    Ok(text)
}

#[test]
fn the_count_that_write_answers_breaks_a_rule() -> Result<(), MachineError> {
    let violations = play_notes("smsc-superio")?.0.kernel().violations();
    assert_eq!(violations.len(), 1);
    assert_eq!(violations[0].rule, &portcls_port::rules::WRITE_OVERRUN);
    assert_eq!(violations[0].message, "Write took 8 bytes of the 5 that it was given");
    Ok(())
}

#[test]
fn bytes_are_lost_in_a_card_with_room_for_one() -> Result<(), MachineError> {
    let (machine, sent) = play_notes("roland-mpu401")?;
    assert_eq!(sent, [0x40], "only the last byte was not written over");
    assert_eq!(machine.card_counters().overwritten, 4);
    let trace = trace_of_the_write(&machine);
    let why = "    2.000   D  bus       out 330 <- 3C            ; overwrites a byte\n";
    assert!(trace.contains(why), "{trace}");
    Ok(())
}

#[test]
fn a_card_with_more_room_hides_that_nobody_looked_at_drr() -> Result<(), MachineError> {
    let (machine, sent) = play_notes("smsc-superio")?;
    assert_eq!(sent, NOTES);
    assert!(!trace_of_the_write(&machine).contains("overwrites"));
    Ok(())
}

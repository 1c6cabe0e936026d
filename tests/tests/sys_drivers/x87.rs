//! A driver for x86 that calculates in a DPC.
//!
//! The source of the driver is `guest/drivers/source/x87_dpc.cpp`.

use crate::scene::{driver, live, machine, notes, play_and_record};

const BUILD: &str = "x86/x87_dpc";

/// The lines that the driver's meter prints, one for each step. The host calculates the values
/// here.
fn meter() -> Vec<String> {
    let mut level: f64 = 0.0;
    (1..=12)
        .map(|step| {
            level += (1.0 - level) * 0.25;
            let root = level.sqrt() as f32;
            let thousandths = (f64::from(root) * 1000.0) as i32;
            let loud = if level > 0.5 { ", loud" } else { "" };
            format!("meter {step}: {thousandths}{loud}")
        })
        .collect()
}

#[test]
fn a_dpc_calculates_with_the_x87_what_the_host_calculates() {
    let machine = machine("smsc-superio", driver(BUILD));
    live(&machine);
    assert_eq!(notes(&machine, "meter"), meter());
    assert_eq!(machine.kernel().violations(), []);
}

#[test]
fn the_tune_goes_through_a_driver_that_calculates_meanwhile() {
    play_and_record(&[BUILD]);
}

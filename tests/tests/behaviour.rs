//! Tests of the whole machine whose traces are too long for a golden.

#[path = "behaviour/capturing.rs"]
mod capturing;
#[path = "behaviour/determinism.rs"]
mod determinism;
#[path = "behaviour/lateness.rs"]
mod lateness;
#[path = "behaviour/lives.rs"]
mod lives;
#[path = "behaviour/load.rs"]
mod load;
#[path = "behaviour/playing.rs"]
mod playing;
#[path = "behaviour/resources.rs"]
mod resources;
#[path = "behaviour/songs.rs"]
mod songs;
#[path = "behaviour/system_miniports.rs"]
mod system_miniports;

use portcls_machine::chip::{CARD_NAMES as CARDS, card};
use portcls_machine::{CaptureReport, Machine, MachineBuilder, PlayReport};

/// The cards that hold more bytes than the byte on the wire.
fn buffered_cards() -> impl Iterator<Item = &'static str> {
    let is_buffered = |name: &&str| card(name).is_some_and(|card| card.behaviour.tx_depth > 1);
    CARDS.into_iter().filter(is_buffered)
}

/// A machine with this card and the driver `uart`.
fn machine(card: &str) -> Machine {
    let _ = env_logger::builder().is_test(true).try_init();
    let builder = MachineBuilder::new().card(card).expect("the card is in the table");
    builder.build().expect("the machine can be built")
}

/// Asserts that a song went out whole and never early, that no request failed, and that the driver
/// broke no rule and left nothing behind.
fn assert_played(card: &str, report: &PlayReport) {
    assert_eq!(report.job.stop, None, "{card}");
    assert_eq!(report.job.violations, [], "{card}");
    assert_eq!(report.job.driver.failed_requests, [], "{card}");
    assert_eq!(report.job.leaks, [], "{card}");
    assert_eq!(report.job.driver.lost_in_card, 0, "{card}");
    assert_eq!(report.wire.song_bytes, report.song_bytes, "{card}");
    assert_eq!(report.wire.late.early, 0, "{card}");
    assert!(report.is_complete(), "{card}");
}

/// Asserts that a song came in whole, and that the driver broke no rule and left nothing behind.
fn assert_captured(card: &str, report: &CaptureReport) {
    assert_eq!(report.job.stop, None, "{card}");
    assert_eq!(report.job.violations, [], "{card}");
    assert_eq!(report.job.leaks, [], "{card}");
    assert_eq!(report.job.driver.lost_in_card, 0, "{card}");
    assert_eq!(report.application.bytes, report.song_bytes, "{card}");
    assert!(report.is_complete(), "{card}");
}

//! What the names in a machine's trace mean: the card's names, and the actors.

use portcls_emulator::trace::TraceLog;
use portcls_report::legend::Legend;

/// The words for the actors at the beginning of a sentence.
const ACTORS: [(&str, &str); 7] = [
    ("app", "The application"),
    ("port", "The port driver"),
    ("kernel", "The kernel"),
    ("pnp", "The PnP manager"),
    ("power", "The power manager"),
    ("hw", "The hardware"),
    ("dbgprint", "The driver prints"),
];

/// What the names in a trace of a machine mean.
#[must_use]
pub fn legend(log: &TraceLog) -> Legend {
    let actors = ACTORS.map(|(name, words)| (name.to_owned(), words.to_owned()));
    Legend { actors: actors.into(), ..mpu401_card_bench::legend(log) }
}

//! `filters`: what a client sees of a driver, and which pins can be opened.

use portcls_machine::CardSignals;
use portcls_machine::emulator::trace::Hold;
use portcls_results::filters::Filters;
use portcls_results::json;

use crate::arguments::{FiltersArguments, Format};
use crate::console::{self, Console};
use crate::failure::{Exit, Failure};

/// How many events the trace holds. No code of this verb reads them.
const HELD_EVENTS: usize = 256;

/// Starts the driver and lists its filters.
///
/// # Errors
/// [`Failure`]: a file is not usable, the driver refuses to start, or stdout cannot be written.
pub fn run(arguments: &FiltersArguments) -> Result<Exit, Failure> {
    let card = arguments.machine.card.load()?;
    let hold = Hold::First(HELD_EVENTS);
    let machine = arguments.machine.builder(&card, hold, CardSignals::Hidden)?.build()?;
    let filters = Filters::of(&machine, card.profile.name.to_string()).map_err(Failure::Filters)?;
    let text = match arguments.format {
        Format::Text => filters.text(),
        Format::Json => json(&filters),
    };
    Console::Stdout.print(&text)?;
    match machine.kernel().stopped() {
        None => Ok(Exit::Good),
        Some(stop) => {
            console::error(&stop);
            Ok(Exit::DriverDied)
        }
    }
}

//! `trace`: prints a trace again, as a golden or for reading.

use portcls_machine::chip;
use portcls_machine::report::reading::{self, PortNames, Show};
use portcls_machine::report::text::{self, Header};

use crate::arguments::{Shown, TraceArguments};
use crate::console;
use crate::failure::{Exit, Failure};
use crate::trace_file;

/// Prints a trace, or a part of it.
///
/// # Errors
/// The errors of [`trace_file::read`], [`Failure::NotATrace`], [`Failure::NoMark`],
/// [`Failure::NothingBetween`] and [`Failure::CannotWrite`].
pub fn run(arguments: &TraceArguments) -> Result<Exit, Failure> {
    let trace = trace_file::read(&arguments.file)?;
    let name = arguments.file.name();
    trace.note_readable(&name);
    let log = arguments.section.section().part(&trace.log, &name)?;
    let filter = arguments.filter.into();
    let text = match arguments.show[..] {
        [] => text::print(&log, &trace.header, filter),
        _ => reading::print(&log, &trace.header, filter, &show(&arguments.show, &trace.header)),
    };
    console::write_trace(|to| to.write_all(text.as_bytes()))?;
    trace.damage.map_or(Ok(Exit::Good), Err)
}

fn show(wanted: &[Shown], header: &Header) -> Show {
    let has = |shown| wanted.contains(&shown) || wanted.contains(&Shown::All);
    Show {
        durations: has(Shown::Durations),
        nesting: has(Shown::Nesting),
        absolute: wanted.contains(&Shown::Absolute),
        polls: has(Shown::Polls),
        bytes: has(Shown::Bytes),
        ports: if has(Shown::Names) { port_names(header) } else { PortNames::default() },
    }
}

/// The names of the ports, from the head of the trace: `card NAME, port HEX`. If the card is
/// unknown, STATUS is the port after DATA, as on nearly all cards.
fn port_names(header: &Header) -> PortNames {
    let parts = || header.machine.split(", ");
    let cards = parts().filter_map(|part| part.strip_prefix("card "));
    let ports = parts().filter_map(|part| part.strip_prefix("port "));
    let mut names = PortNames::default();
    for (card, port) in cards.zip(ports) {
        let Ok(port) = u16::from_str_radix(port, 16) else { continue };
        let offset = chip::card(card).map_or(1, |card| card.behaviour.status_offset);
        names.insert(port, "DATA", "DATA");
        names.insert(port.wrapping_add(offset), "STATUS", "COMMAND");
    }
    names
}

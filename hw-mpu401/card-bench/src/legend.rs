//! What the names in a card's trace mean: registers with bits, lanes, bytes.
//!
//! A trace has port addresses only. A port is STATUS if the note of a read tells a state. A write
//! to that port goes to COMMAND. The port below that port counts as DATA.
//! Source: Roland, MPU-401 Technical Reference: DSR is bit 7, DRR is bit 6, both active low.

use portcls_emulator::trace::{Direction, Event, TraceLog};
use portcls_report::legend::{Bit, LaneWords, Legend, Register};

use crate::byte_words::byte_words;
use crate::signals::LANES;

/// The note of a read of STATUS begins with these words.
const STATE: &str = "status: ";

/// What the names in a trace of a card mean. The card may be alone or in a machine.
#[must_use]
pub fn legend(log: &TraceLog) -> Legend {
    let mut ports: Vec<u16> = Vec::new();
    for event in log.events() {
        if let Event::Access(access) = event.event
            && !ports.contains(&access.port)
            && log.name(access.note).starts_with(STATE)
        {
            ports.push(access.port);
        }
    }
    ports.sort_unstable();
    let titles = ["MIDI OUT", "MIDI IN"];
    let lane = |(lane, title): (&str, &str)| LaneWords { lane: lane.into(), title: title.into() };
    Legend {
        registers: ports.into_iter().flat_map(registers).collect(),
        lanes: LANES.into_iter().zip(titles).map(lane).collect(),
        actors: Vec::new(),
        bytes: Some(byte_words),
    }
}

/// The registers of the card whose STATUS is at this port.
fn registers(status: u16) -> [Register; 4] {
    let register = |port: u16, direction, name: &str, bits| Register {
        port,
        direction,
        name: name.to_owned(),
        bits,
    };
    let data = status.wrapping_sub(1);
    [
        register(status, Direction::Read, "STATUS", status_bits()),
        register(data, Direction::Read, "DATA", Vec::new()),
        register(data, Direction::Write, "DATA", Vec::new()),
        register(status, Direction::Write, "COMMAND", Vec::new()),
    ]
}

fn status_bits() -> Vec<Bit> {
    let bit = |number, name: &str, zero: &str, one: &str| Bit {
        number,
        name: name.to_owned(),
        zero: zero.to_owned(),
        one: one.to_owned(),
    };
    vec![
        bit(7, "DSR", "a byte waits for the driver", "no byte waits for the driver"),
        bit(6, "DRR", "the card takes a byte", "the card takes no byte now"),
    ]
}

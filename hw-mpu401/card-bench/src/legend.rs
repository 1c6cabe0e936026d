//! What the names in a card's trace mean: registers with bits, lanes, bytes.
//!
//! A trace has port addresses only. A port is STATUS if the note of a read tells a state. A write
//! to that port goes to COMMAND. DATA is the port below. If the trace does not use that port, but
//! the next one below, DATA is there, as on a PC-98.
//! Source: Roland, MPU-401 Technical Reference: DSR is bit 7, DRR is bit 6, both active low.

use std::collections::BTreeSet;

use portcls_emulator::trace::{Direction, Event, TraceLog};
use portcls_report::legend::{Bit, LaneWords, Legend, Register};

use crate::byte_words::byte_words;
use crate::signals::LANES;

/// The note of a read of STATUS begins with these words.
const STATE: &str = "status: ";

/// What the names in a trace of a card mean. The card may be alone or in a machine.
#[must_use]
pub fn legend(log: &TraceLog) -> Legend {
    let mut used: BTreeSet<u16> = BTreeSet::new();
    let mut ports: BTreeSet<u16> = BTreeSet::new();
    for event in log.events() {
        if let Event::Access(access) = event.event {
            used.insert(access.port);
            if !ports.contains(&access.port) && log.name(access.note).starts_with(STATE) {
                ports.insert(access.port);
            }
        }
    }
    let data_of = |status: u16| {
        let [near, far] = [1, 2].map(|offset| status.wrapping_sub(offset));
        let is_far = !used.contains(&near) && used.contains(&far) && !ports.contains(&far);
        if is_far { far } else { near }
    };
    let titles = ["MIDI OUT", "MIDI IN"];
    let lane = |(lane, title): (&str, &str)| LaneWords { lane: lane.into(), title: title.into() };
    Legend {
        registers: ports.iter().flat_map(|&status| registers(data_of(status), status)).collect(),
        lanes: LANES.into_iter().zip(titles).map(lane).collect(),
        actors: Vec::new(),
        bytes: Some(byte_words),
    }
}

/// The registers of the card with these ports.
fn registers(data: u16, status: u16) -> [Register; 4] {
    let register = |port: u16, direction, name: &str, bits| Register {
        port,
        direction,
        name: name.to_owned(),
        bits,
    };
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

#[cfg(test)]
mod tests {
    use portcls_report::text::parse;

    use super::*;

    #[test]
    fn data_is_the_port_that_the_trace_uses_below_status() {
        let legend_of = |accesses: &str| {
            let text = format!("# portcls-emu trace 2\n== 0.000 go\n{accesses}");
            legend(&parse(&text).expect("a trace").1).registers
        };
        let data_of = |accesses: &str| {
            let registers = legend_of(accesses);
            registers.iter().find(|register| register.name == "DATA").map(|data| data.port)
        };
        let far =
            "  1.000 P bus out E0D0 <- 90 ; data\n  2.000 P bus in E0D2 -> 80 ; status: ready\n";
        assert_eq!(data_of(far), Some(0xE0D0));
        assert_eq!(data_of("  2.000 P bus in 331 -> 80 ; status: ready\n"), Some(0x330));
        let poll = |port| format!("  1.000 P bus in {port} -> 80 ; status: ready\n");
        let two = poll("331") + &poll("333");
        let data = legend_of(&two).into_iter().filter(|register| register.name == "DATA");
        let ports: BTreeSet<u16> = data.map(|register| register.port).collect();
        assert_eq!(ports, [0x330, 0x332].into());
    }
}

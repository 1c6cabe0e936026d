//! What names in a trace mean: registers and their bits, lanes, actors.
//!
//! A view for people tells more than a trace does. It tells that port 331 is the register STATUS,
//! that its bit 6 is DRR, and that the byte 3C on a lane is the note C4. This file owns the form
//! of this knowledge. The machine fills the legend, so no view knows a device.

use portcls_emulator::trace::Direction;

/// The meaning of names in a trace. An empty legend is good for any trace.
#[derive(Clone, Debug, Default)]
pub struct Legend {
    /// The registers, in the order in which a view shows them.
    pub registers: Vec<Register>,
    /// The serial lanes.
    pub lanes: Vec<LaneWords>,
    /// The actors: the name in the trace, and the words that begin a sentence.
    pub actors: Vec<(String, String)>,
    /// The words for the bytes of a lane, one for each byte. `None` if the bytes mean nothing.
    pub bytes: Option<ByteWords>,
}

/// Says what each byte of a lane means, in a few words. The parameter has all bytes of the lane,
/// in order.
pub type ByteWords = fn(&[u8]) -> Vec<String>;

/// One register: a port in one direction.
#[derive(Clone, Debug)]
pub struct Register {
    /// The port address.
    pub port: u16,
    /// Whether the driver reads or writes the register.
    pub direction: Direction,
    /// The name.
    pub name: String,
    /// The bits with a name, the highest first. No bits for a register that carries data.
    pub bits: Vec<Bit>,
}

/// One bit of a register.
#[derive(Clone, Debug)]
pub struct Bit {
    /// The number of the bit, 0 is the lowest.
    pub number: u8,
    /// The name.
    pub name: String,
    /// What the value 0 says.
    pub zero: String,
    /// What the value 1 says.
    pub one: String,
}

/// A serial lane.
#[derive(Clone, Debug)]
pub struct LaneWords {
    /// The name in the trace.
    pub lane: String,
    /// The name for people.
    pub title: String,
}

impl Legend {
    /// The name of a register, or `port 330`.
    pub(crate) fn register(&self, port: u16, direction: Direction) -> String {
        let is_it = |register: &&Register| (register.port, register.direction) == (port, direction);
        match self.registers.iter().find(is_it) {
            Some(register) => register.name.clone(),
            None => format!("port {port:X}"),
        }
    }

    /// The name of a lane for people.
    pub(crate) fn lane<'a>(&'a self, lane: &'a str) -> &'a str {
        let known = self.lanes.iter().find(|words| words.lane == lane);
        known.map_or(lane, |words| words.title.as_str())
    }

    /// The actor at the beginning of a sentence.
    pub(crate) fn actor<'a>(&'a self, actor: &'a str) -> &'a str {
        let known = self.actors.iter().find(|(name, _)| name == actor);
        known.map_or(actor, |(_, words)| words.as_str())
    }
}

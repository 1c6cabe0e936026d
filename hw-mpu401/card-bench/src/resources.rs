//! The resources of a card's device, with those of its MPU-401, in order.
//!
//! Owns: what a resource is ([`CardResource`]), its words on a command line (`words`), and what
//! makes a list of resources impossible ([`check`]). Card files and the machine share this file.
//! This file never knows a bus, or what a driver does with a resource.

mod check;
mod words;

#[cfg(test)]
mod tests;

pub use check::{BadResource, MPU401_PORTS, OwnPlaces, check};
pub use words::ParseResourceError;

/// The most resources of one device. Assumed: real cards have at most a dozen.
pub const MOST_RESOURCES: usize = 64;

/// One resource of a device.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum CardResource {
    /// The ports of the MPU-401, at the card's place.
    Mpu401 {
        /// The number of ports; `None` for only the registers. The ports after the registers are
        /// not modelled.
        length: Option<u16>,
    },
    /// The interrupt line of the MPU-401. It is the line of the card.
    Mpu401Line,
    /// A range of ports without an MPU-401.
    Ports(PortRange),
    /// An interrupt line. The number of the card's own line means [`CardResource::Mpu401Line`].
    Line(u8),
    /// A DMA channel.
    Dma(u8),
    /// A range of memory.
    Memory {
        /// Physical address.
        start: u64,
        /// Length in bytes.
        length: u32,
    },
}

/// A range of ports that does not belong to the MPU-401.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PortRange {
    /// First port.
    pub start: u16,
    /// Number of ports.
    pub length: u16,
    /// What answers in the range.
    pub answers: Answers,
}

/// What answers in a range of ports. A read without an answer gives FF. A write can only change
/// later answers.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub enum Answers {
    /// Nothing.
    #[default]
    Nothing,
    /// The reset and the version of a Sound Blaster's DSP.
    SoundBlasterDsp,
    /// A table. The first row that fits a read answers the read.
    Table(Vec<AnswerRow>),
}

/// The name of [`Answers::SoundBlasterDsp`] in a card file and on a command line.
pub const SOUND_BLASTER_DSP: &str = "sb-dsp";

/// The most rows of a table of answers. Assumed: a presence test makes only a few accesses.
pub const MOST_ANSWERS: usize = 64;

/// A row of a table of answers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct AnswerRow {
    /// The offset of the read from the first port of the range.
    pub offset: u16,
    /// What the read gives.
    pub value: u8,
    /// The row fits only while this byte is the last byte that was written to this byte's offset.
    /// `None` for a row that does not depend on a write.
    pub after: Option<WrittenByte>,
}

/// A write into a range of ports.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct WrittenByte {
    /// The offset from the first port of the range.
    pub offset: u16,
    /// The byte.
    pub value: u8,
}

//! The MIDI IN line as a level over time.
//!
//! A sender keeps the line at mark (1) and pulls it to space (0). A [`Frame`] is what a sender does
//! from a start bit to the end of a stop bit, or the space of a break. This file does not know what
//! a receiver makes of the level.

use crate::spec::{BIT_TIME_NS, BYTE_TIME_NS};
use core::ops::RangeInclusive;

/// The speeds of [`LineSignal::AtSpeed`], in bits per second. Another speed counts as the nearest
/// of these.
///
/// Assumed: a bit must last at least four looks of the receiver, and the receiver looks once in a
/// microsecond. Assumed: no sender is slower than a slow serial line.
pub const LINE_SPEEDS: RangeInclusive<u32> = 300..=250_000;

/// The duration of the shortest break, in ns: one bit time. A shorter break is made this long.
const SHORTEST_BREAK_NS: u64 = BIT_TIME_NS;

/// Bits of a byte on the line: a start bit, 8 data bits with the lowest first, and a stop bit.
const BITS: u64 = 10;

const SECOND_NS: u64 = 1_000_000_000;

/// What a sender puts on MIDI IN, see [`Mpu401::midi_in_signal`](crate::Mpu401::midi_in_signal).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LineSignal {
    /// A byte.
    Byte(u8),
    /// A byte with a space in the place of its stop bit.
    WithoutStop(u8),
    /// A byte at another speed.
    AtSpeed {
        /// The byte.
        byte: u8,
        /// The speed, one of [`LINE_SPEEDS`].
        bits_per_second: u32,
    },
    /// A space for this time.
    Break {
        /// How long the space lasts, in ns; at least one bit time.
        duration_ns: u64,
    },
}

impl LineSignal {
    /// How long the signal lasts, in ns, rounded up.
    #[must_use]
    pub fn duration_ns(self) -> u64 {
        match self {
            Self::Byte(_) | Self::WithoutStop(_) => BYTE_TIME_NS,
            Self::AtSpeed { bits_per_second, .. } => bits_ns(BITS, speed(bits_per_second)),
            Self::Break { duration_ns } => duration_ns.max(SHORTEST_BREAK_NS),
        }
    }

    /// The byte as its sender means it; 0 for a break.
    pub(crate) fn byte(self) -> u8 {
        match self {
            Self::Byte(byte) | Self::WithoutStop(byte) | Self::AtSpeed { byte, .. } => byte,
            Self::Break { .. } => 0,
        }
    }

    /// Whether the signal ends with a mark.
    pub(crate) fn ends_with_mark(self) -> bool {
        matches!(self, Self::Byte(_) | Self::AtSpeed { .. })
    }

    /// Whether a bit is a mark. Bit 0 is the start bit, and bit 9 is the stop bit.
    fn bit_is_mark(self, bit: u64) -> bool {
        match bit {
            0 => false,
            1..9 => self.byte() >> (bit - 1) & 1 == 1,
            _ => self.ends_with_mark(),
        }
    }

    fn bits_per_second(self) -> u64 {
        match self {
            Self::AtSpeed { bits_per_second, .. } => speed(bits_per_second),
            Self::Byte(_) | Self::WithoutStop(_) | Self::Break { .. } => SECOND_NS / BIT_TIME_NS,
        }
    }
}

fn speed(bits_per_second: u32) -> u64 {
    u64::from(bits_per_second.clamp(*LINE_SPEEDS.start(), *LINE_SPEEDS.end()))
}

/// How long this number of bits lasts, in ns, rounded up.
fn bits_ns(bits: u64, bits_per_second: u64) -> u64 {
    (bits * SECOND_NS).div_ceil(bits_per_second)
}

/// A signal with its time.
#[derive(Clone, Copy)]
pub(crate) struct Frame {
    pub(crate) signal: LineSignal,
    pub(crate) start_ns: u64,
    pub(crate) end_ns: u64,
    /// Whether the line is at space just before the start.
    pub(crate) follows_space: bool,
}

impl Frame {
    /// Whether the line is at mark at this time, if no other frame is on the line.
    pub(crate) fn is_mark(&self, time_ns: u64) -> bool {
        if time_ns < self.start_ns || time_ns >= self.end_ns {
            return true;
        }
        if matches!(self.signal, LineSignal::Break { .. }) {
            return false;
        }
        // A byte at the lowest speed lasts 34 ms, so the product does not overflow.
        let bit = (time_ns - self.start_ns) * self.signal.bits_per_second() / SECOND_NS;
        self.signal.bit_is_mark(bit)
    }

    /// When the receiver first sees the line go from mark to space in this frame, not before
    /// `from_ns`.
    ///
    /// Assumed: the receiver looks at the line once in a microsecond, beginning at the start bit.
    pub(crate) fn fall_ns(&self, from_ns: u64) -> Option<u64> {
        if self.end_ns <= from_ns {
            return None;
        }
        if self.start_ns >= from_ns && !self.follows_space {
            return Some(self.start_ns);
        }
        if matches!(self.signal, LineSignal::Break { .. }) {
            return None;
        }
        let signal = self.signal;
        let seen_ns = |bit| {
            let offset_ns = bits_ns(bit, signal.bits_per_second()).next_multiple_of(1_000);
            self.start_ns.saturating_add(offset_ns)
        };
        if seen_ns(BITS - 1) < from_ns {
            return None;
        }
        (1..BITS)
            .filter(|bit| signal.bit_is_mark(bit - 1) && !signal.bit_is_mark(*bit))
            .map(seen_ns)
            .find(|time_ns| *time_ns >= from_ns)
    }
}

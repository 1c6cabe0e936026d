//! The choice of a card's latencies.

use hw_mpu401::CardTiming;

/// Which point of its range each latency of a card has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(C)]
pub enum Timing {
    /// The usual times.
    Typical = 0,
    /// The shortest times.
    Shortest = 1,
    /// The longest times.
    Longest = 2,
    /// A new time for each event. The same seed and the same calls give the same times.
    Seeded = 3,
}

impl Timing {
    /// The choice of this number. Only a seeded choice uses the seed.
    #[must_use]
    pub const fn from_number(number: u32, seed: u64) -> Option<CardTiming> {
        match number {
            0 => Some(CardTiming::Typical),
            1 => Some(CardTiming::Shortest),
            2 => Some(CardTiming::Longest),
            3 => Some(CardTiming::Seeded(seed)),
            _ => None,
        }
    }
}

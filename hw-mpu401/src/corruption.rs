//! A fault of a MIDI line: bytes that change on their way.
//!
//! The fault is off by default. No card has it; a test switches it on, to see what a driver or a
//! receiver makes of wrong bytes.

/// Which bytes change, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Corruption {
    /// The bits that are inverted; 0 for no change.
    pub flips: u8,
    /// The distance from one changed byte to the next, in bytes. With 1 each byte changes. With 3
    /// the third byte after the fault is switched on changes, then the sixth, and so on. 0 counts
    /// as 1.
    pub every: u32,
}

/// A line with its fault.
#[derive(Clone, Copy)]
pub(crate) struct Corruptor {
    corruption: Corruption,
    passed: u64,
}

impl Corruptor {
    /// A line without a fault.
    pub(crate) const NONE: Self = Self::new(Corruption { flips: 0, every: 1 });

    /// A line with this fault, before its first byte.
    pub(crate) const fn new(corruption: Corruption) -> Self {
        Self { corruption, passed: 0 }
    }

    /// Whether any byte changes.
    pub(crate) fn changes_bytes(&self) -> bool {
        self.corruption.flips != 0
    }

    /// Counts this many bytes as passed.
    pub(crate) fn skip(&mut self, bytes: u64) {
        self.passed = self.passed.saturating_add(bytes);
    }

    /// Lets the next byte pass, and returns the byte that arrives at the end of the line.
    pub(crate) fn pass(&mut self, byte: u8) -> u8 {
        self.skip(1);
        let is_hit = self.passed.is_multiple_of(u64::from(self.corruption.every.max(1)));
        if is_hit { byte ^ self.corruption.flips } else { byte }
    }
}

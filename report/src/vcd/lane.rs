//! The bits of a byte on a serial lane.

/// Bits of a byte on a lane: one start bit, eight data bits, one stop bit.
pub(super) const FRAME_BITS: u64 = 10;

/// The bits of a line that carries one byte after the other.
#[derive(Default)]
pub(super) struct LaneBits {
    start_ns: u64,
    bit_ns: u64,
    /// The bits of the byte; the first bit is the lowest.
    frame: u16,
    /// The number of the next bit; [`FRAME_BITS`] when the line is idle.
    next: u64,
}

impl LaneBits {
    /// An idle line.
    pub(super) fn new() -> Self {
        LaneBits { next: FRAME_BITS, ..LaneBits::default() }
    }

    /// Begins a byte. If the byte before is unfinished, the rest of its bits is cut off.
    pub(super) fn begin(&mut self, start_ns: u64, byte: u8, bit_ns: u32) {
        let stop = 1 << (FRAME_BITS - 1);
        *self = LaneBits {
            start_ns,
            bit_ns: u64::from(bit_ns),
            frame: stop | u16::from(byte) << 1,
            next: 0,
        };
    }

    /// The time at which the next bit begins; `None` on an idle line.
    pub(super) fn due_ns(&self) -> Option<u64> {
        let due_ns = self.start_ns.saturating_add(self.next * self.bit_ns);
        (self.next < FRAME_BITS).then_some(due_ns)
    }

    /// Takes the next bit; an idle line is high.
    pub(super) fn next_bit(&mut self) -> u32 {
        if self.next >= FRAME_BITS {
            return 1;
        }
        let bit = self.frame >> self.next & 1;
        self.next += 1;
        u32::from(bit)
    }
}

#[cfg(test)]
mod tests {
    use super::LaneBits;

    #[test]
    fn a_byte_is_a_start_bit_its_bits_from_the_lowest_up_and_a_stop_bit() {
        let mut lane = LaneBits::new();
        assert_eq!(lane.due_ns(), None);
        lane.begin(1_000, 0x96, 32_000);
        let bits: Vec<_> = std::iter::from_fn(|| Some((lane.due_ns()?, lane.next_bit()))).collect();
        let levels = [0, 0, 1, 1, 0, 1, 0, 0, 1, 1];
        let expected: Vec<_> = (0..10).map(|bit| 1_000 + bit * 32_000).zip(levels).collect();
        assert_eq!(bits, expected);
        assert_eq!(lane.next_bit(), 1);
    }
}

//! The arithmetic flags: three words, from which a read calculates the flags.
//!
//! An arithmetic instruction stores three words. A condition calculates from these words only the
//! flags that it needs. Most flags are overwritten before any read, so it costs less to store the
//! words than to calculate all flags.
//! Source: Intel SDM volume 1, 3.4.3 (EFLAGS).

use bitflags::bitflags;

bitflags! {
    /// The bits of RFLAGS that this processor keeps.
    ///
    /// Source: Intel SDM volume 1, figure 3-8.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
    pub struct RFlags: u64 {
        /// Carry out of the top bit, or a borrow into the top bit.
        const CARRY = 1 << 0;
        /// The low byte of the result has an even number of bits that are one.
        const PARITY = 1 << 2;
        /// Carry out of bit 3.
        const ADJUST = 1 << 4;
        /// The result is zero.
        const ZERO = 1 << 6;
        /// The top bit of the result.
        const SIGN = 1 << 7;
        /// Single-step trap. A POPF that sets it is refused, see the crate's head comment.
        const TRAP = 1 << 8;
        /// Maskable interrupts may be taken.
        const INTERRUPT = 1 << 9;
        /// String instructions go downwards.
        const DIRECTION = 1 << 10;
        /// The result is outside the range of signed numbers of the operand's width.
        const OVERFLOW = 1 << 11;
        /// I/O privilege level, low bit.
        const IOPL_LOW = 1 << 12;
        /// I/O privilege level, high bit.
        const IOPL_HIGH = 1 << 13;
        /// Nested task.
        const NESTED_TASK = 1 << 14;
        /// Alignment check; without effect at privilege level 0.
        const ALIGNMENT = 1 << 18;
        /// A program that can change this bit knows that CPUID exists.
        const IDENTIFICATION = 1 << 21;
    }
}

impl RFlags {
    /// Bit 1 of RFLAGS reads as one on every processor.
    pub const ALWAYS_ONE: u64 = 1 << 1;

    /// The six flags that arithmetic changes.
    pub const ARITHMETIC: RFlags = RFlags::CARRY
        .union(RFlags::PARITY)
        .union(RFlags::ADJUST)
        .union(RFlags::ZERO)
        .union(RFlags::SIGN)
        .union(RFlags::OVERFLOW);
}

/// The flags in a form from which each flag can be calculated.
#[derive(Debug, Clone)]
pub(crate) struct Flags {
    /// The last result, sign-extended to 64 bits. It gives ZERO. With the corrections it gives SIGN
    /// and PARITY.
    result: u64,
    /// Bit 63 is CARRY; OVERFLOW is set when bits 63 and 62 differ.
    carries: u64,
    /// Bit 4 is ADJUST. PARITY is that of the low byte of `result`, xored with bits 8 to 15. If bit
    /// 16 is one, SIGN is inverted.
    corrections: u32,
    /// The bits of RFLAGS that are not arithmetic flags.
    system: RFlags,
}

const PARITY_CORRECTION: u32 = 1 << 8;
const SIGN_CORRECTION_SHIFT: u32 = 16;
const ADJUST_BIT: u32 = 1 << 4;

impl Flags {
    pub(crate) fn new() -> Flags {
        let mut flags = Flags { result: 0, carries: 0, corrections: 0, system: RFlags::empty() };
        flags.set(RFlags::empty());
        flags
    }

    /// Records an addition or subtraction. `carries` has the carry out of each bit, shifted left
    /// until the operand's top bit is at bit 63. `half` has the carry into each bit, not shifted.
    #[inline(always)]
    pub(crate) fn record_arithmetic(&mut self, result: u64, carries: u64, half: u64) {
        self.result = result;
        self.carries = carries;
        self.corrections = u32::from(half as u8) & ADJUST_BIT;
    }

    /// Records a logical result: CARRY, OVERFLOW and ADJUST become clear.
    #[inline(always)]
    pub(crate) fn record_logic(&mut self, result: u64) {
        self.result = result;
        self.carries = 0;
        self.corrections = 0;
    }

    /// Records a result whose CARRY and OVERFLOW are known; ADJUST becomes clear.
    #[inline(always)]
    pub(crate) fn record_result(&mut self, result: u64, carry: bool, overflow: bool) {
        self.result = result;
        self.corrections = 0;
        self.set_carry_and_overflow(carry, overflow);
    }

    /// Changes only CARRY and OVERFLOW.
    #[inline(always)]
    pub(crate) fn set_carry_and_overflow(&mut self, carry: bool, overflow: bool) {
        self.carries = u64::from(carry) << 63 | u64::from(carry ^ overflow) << 62;
    }

    /// Changes only CARRY.
    #[inline(always)]
    pub(crate) fn set_carry(&mut self, carry: bool) {
        self.set_carry_and_overflow(carry, self.overflow());
    }

    /// Changes only ZERO.
    pub(crate) fn set_zero(&mut self, zero: bool) {
        let mut bits = self.bits();
        bits.set(RFlags::ZERO, zero);
        self.set(bits);
    }

    #[inline(always)]
    pub(crate) fn carry(&self) -> bool {
        self.carries >> 63 != 0
    }

    #[inline(always)]
    pub(crate) fn overflow(&self) -> bool {
        (self.carries ^ (self.carries << 1)) >> 63 != 0
    }

    #[inline(always)]
    pub(crate) fn zero(&self) -> bool {
        self.result == 0
    }

    #[inline(always)]
    pub(crate) fn sign(&self) -> bool {
        (self.result >> 63) as u32 != self.corrections >> SIGN_CORRECTION_SHIFT
    }

    #[inline(always)]
    pub(crate) fn parity(&self) -> bool {
        let byte = self.result as u8 ^ (self.corrections >> 8) as u8;
        byte.count_ones() & 1 == 0
    }

    #[inline(always)]
    pub(crate) fn adjust(&self) -> bool {
        self.corrections & ADJUST_BIT != 0
    }

    #[inline(always)]
    pub(crate) fn direction(&self) -> bool {
        self.system.contains(RFlags::DIRECTION)
    }

    /// Calculates all flags.
    pub(crate) fn bits(&self) -> RFlags {
        let mut bits = self.system;
        bits.set(RFlags::CARRY, self.carry());
        bits.set(RFlags::PARITY, self.parity());
        bits.set(RFlags::ADJUST, self.adjust());
        bits.set(RFlags::ZERO, self.zero());
        bits.set(RFlags::SIGN, self.sign());
        bits.set(RFlags::OVERFLOW, self.overflow());
        bits
    }

    /// Sets every flag.
    pub(crate) fn set(&mut self, bits: RFlags) {
        self.system = bits.difference(RFlags::ARITHMETIC);
        // A result of 0 has even parity, a result of 1 has odd parity. In both results the sign bit
        // is clear.
        let zero = bits.contains(RFlags::ZERO);
        self.result = u64::from(!zero);
        let parity_wrong = bits.contains(RFlags::PARITY) != zero;
        let adjust = if bits.contains(RFlags::ADJUST) { ADJUST_BIT } else { 0 };
        let parity = if parity_wrong { PARITY_CORRECTION } else { 0 };
        let sign = u32::from(bits.contains(RFlags::SIGN)) << SIGN_CORRECTION_SHIFT;
        self.corrections = adjust | parity | sign;
        self.set_carry_and_overflow(bits.contains(RFlags::CARRY), bits.contains(RFlags::OVERFLOW));
    }

    /// Sets or clears bits that are not arithmetic flags.
    pub(crate) fn set_system(&mut self, bits: RFlags, state: Bit) {
        self.system.set(bits, state == Bit::Set);
    }

    /// Whether a condition holds. The conditions have the same numbers as in the opcodes of Jcc.
    ///
    /// Source: Intel SDM volume 1, appendix B.
    #[inline(always)]
    pub(crate) fn holds<const CONDITION: u8>(&self) -> bool {
        let plain = match CONDITION >> 1 {
            0 => self.overflow(),
            1 => self.carry(),
            2 => self.zero(),
            3 => self.carry() | self.zero(),
            4 => self.sign(),
            5 => self.parity(),
            6 => self.sign() != self.overflow(),
            _ => self.zero() | (self.sign() != self.overflow()),
        };
        plain != (CONDITION & 1 == 1)
    }
}

/// What to do with a bit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Bit {
    /// Make it 0.
    Clear,
    /// Make it 1.
    Set,
}

#[cfg(test)]
mod tests {
    use super::{Flags, RFlags};

    #[test]
    fn every_combination_of_arithmetic_flags_reads_back() {
        let bits = [0, 2, 4, 6, 7, 11];
        for combination in 0u64..64 {
            let value = (0..6).map(|i| (combination >> i & 1) << bits[i]).sum();
            let wanted = RFlags::from_bits_truncate(value);
            let mut flags = Flags::new();
            flags.set(wanted);
            assert_eq!(flags.bits(), wanted);
        }
    }

    #[test]
    fn setting_carry_leaves_the_other_flags_alone() {
        let mut flags = Flags::new();
        flags.set(RFlags::ARITHMETIC);
        flags.set_carry(false);
        assert_eq!(flags.bits(), RFlags::ARITHMETIC.difference(RFlags::CARRY));
    }
}

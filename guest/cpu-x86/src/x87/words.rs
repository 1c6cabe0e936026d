//! The control word and the status word of the x87.
//!
//! Source: Intel SDM volume 1, 8.1.3 (status word), 8.1.5 (control word).

use bitflags::bitflags;

bitflags! {
    /// The status word without TOP. `X87` holds TOP separately.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub(crate) struct Status: u16 {
        /// IE: an invalid operation.
        const INVALID = 1 << 0;
        /// DE: an operand is a denormal.
        const DENORMAL = 1 << 1;
        /// ZE: a division by zero.
        const ZERO_DIVIDE = 1 << 2;
        /// OE: the result is too large.
        const OVERFLOW = 1 << 3;
        /// UE: the result is too small.
        const UNDERFLOW = 1 << 4;
        /// PE: the result is rounded.
        const PRECISION = 1 << 5;
        /// SF: the invalid operation was a stack overflow or underflow.
        const STACK_FAULT = 1 << 6;
        /// ES: an exception that is not masked waits.
        const SUMMARY = 1 << 7;
        /// C0.
        const C0 = 1 << 8;
        /// C1: rounded up, a stack overflow, the sign of FXAM, or a bit of the quotient of FPREM.
        const C1 = 1 << 9;
        /// C2.
        const C2 = 1 << 10;
        /// C3.
        const C3 = 1 << 14;
        /// B: the same as ES, on every processor since the 387.
        const BUSY = 1 << 15;

        /// The six exceptions, at the places of their masks in the control word.
        const EXCEPTIONS = 0x3F;
        /// The condition codes that a comparison sets.
        const COMPARISON = 1 << 8 | 1 << 10 | 1 << 14;
        /// ES and B: set while an exception that is not masked waits.
        const WAITING = 1 << 7 | 1 << 15;
    }
}

/// The place of TOP in the status word.
pub(crate) const TOP_SHIFT: u32 = 11;

/// How to round a value when some bits do not fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rounding {
    /// To the nearest number; from the middle between two numbers, to the even number.
    Nearest,
    /// Towards minus infinity.
    Down,
    /// Towards plus infinity.
    Up,
    /// Towards zero.
    Zero,
}

/// The control word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Control(u16);

impl Control {
    /// The value after FNINIT: all exceptions masked, a precision of 64 bits, rounding to the
    /// nearest.
    pub(crate) const INITIAL: Control = Control(0x037F);

    /// The bits that an instruction can change: masks, precision, rounding, and the infinity
    /// control, which has no effect.
    const WRITABLE: u16 = 0x1F3F;
    /// The bit that is 1 in every read.
    const ALWAYS_ONE: u16 = 0x0040;

    /// The control word that a load of these bits gives.
    pub(crate) fn from_bits(bits: u16) -> Control {
        Control(bits & Control::WRITABLE | Control::ALWAYS_ONE)
    }

    pub(crate) fn bits(self) -> u16 {
        self.0
    }

    /// The exceptions of this set that are not masked.
    pub(crate) fn unmasked(self, exceptions: Status) -> Status {
        let masked = Status::from_bits_truncate(self.0 & Status::EXCEPTIONS.bits());
        exceptions & Status::EXCEPTIONS & !masked
    }

    /// The number of bits of a significand that an arithmetic instruction keeps.
    ///
    /// Assumed: the reserved value 01 means 64 bits. The native tests do not use this value.
    pub(crate) fn precision_bits(self) -> u32 {
        match self.0 >> 8 & 3 {
            0 => 24,
            2 => 53,
            _ => 64,
        }
    }

    pub(crate) fn rounding(self) -> Rounding {
        match self.0 >> 10 & 3 {
            0 => Rounding::Nearest,
            1 => Rounding::Down,
            2 => Rounding::Up,
            _ => Rounding::Zero,
        }
    }
}

//! The 80-bit number of an x87 register: fields, classes, the rules for NaNs.
//!
//! Source: Intel SDM volume 1, 4.8 (real numbers), 8.2.2 (unsupported encodings).

/// The sign in `Number::sign_exponent`.
pub(crate) const SIGN: u16 = 0x8000;
/// The greatest biased exponent: infinities and NaNs.
pub(crate) const EXPONENT_MASK: u16 = 0x7FFF;
/// The difference between a biased exponent and its exponent.
pub(crate) const BIAS: i32 = 0x3FFF;
/// The exponent of the smallest normal number, and of every denormal.
pub(crate) const LEAST_EXPONENT: i32 = 1 - BIAS;
/// The exponent of the greatest number.
pub(crate) const GREATEST_EXPONENT: i32 = BIAS;

/// The integer bit of a significand.
pub(crate) const INTEGER_BIT: u64 = 1 << 63;
/// The bit of a significand that makes a NaN quiet.
const QUIET_BIT: u64 = 1 << 62;

/// An 80-bit number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Number {
    pub(crate) sign_exponent: u16,
    pub(crate) significand: u64,
}

/// The kind of a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Class {
    Zero,
    /// Also the pseudo-denormals: a biased exponent of 0 with an integer bit.
    Denormal,
    Normal,
    Infinity,
    QuietNan,
    SignalingNan,
    /// Pseudo-NaNs, pseudo-infinities, unnormals: every calculation with such a number is invalid.
    Unsupported,
}

impl Class {
    pub(crate) fn is_nan(self) -> bool {
        matches!(self, Class::QuietNan | Class::SignalingNan)
    }
}

/// A finite value other than zero, before any rounding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Exact {
    /// `SIGN` or 0.
    pub(crate) sign: u16,
    /// The value is `significand` × 2^(`exponent` − 127).
    pub(crate) exponent: i32,
    /// The top bit is set. The lowest bit is also set if the exact value has further bits below it.
    pub(crate) significand: u128,
}

/// A number that an instruction works with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Operand {
    pub(crate) number: Number,
    /// The class in the format from which the number came. A denormal `float` is a normal number
    /// in 80 bits, but still a denormal operand.
    pub(crate) class: Class,
}

impl Number {
    /// The NaN that is the result of invalid operations.
    pub(crate) const DEFAULT_NAN: Number =
        Number { sign_exponent: 0xFFFF, significand: INTEGER_BIT | QUIET_BIT };

    pub(crate) const fn zero(sign: u16) -> Number {
        Number { sign_exponent: sign, significand: 0 }
    }

    pub(crate) const fn infinity(sign: u16) -> Number {
        Number { sign_exponent: sign | EXPONENT_MASK, significand: INTEGER_BIT }
    }

    /// The number that ten bytes of memory hold.
    pub(crate) fn from_bytes(bytes: [u8; 10]) -> Number {
        let (significand, sign_exponent) = bytes.split_at(8);
        let mut low = [0; 8];
        low.copy_from_slice(significand);
        Number {
            sign_exponent: u16::from_le_bytes([sign_exponent[0], sign_exponent[1]]),
            significand: u64::from_le_bytes(low),
        }
    }

    pub(crate) fn to_bytes(self) -> [u8; 10] {
        let mut bytes = [0; 10];
        bytes[..8].copy_from_slice(&self.significand.to_le_bytes());
        bytes[8..].copy_from_slice(&self.sign_exponent.to_le_bytes());
        bytes
    }

    pub(crate) fn sign(self) -> u16 {
        self.sign_exponent & SIGN
    }

    /// The exponent with its bias.
    pub(crate) fn biased_exponent(self) -> u16 {
        self.sign_exponent & EXPONENT_MASK
    }

    pub(crate) fn class(self) -> Class {
        let has_integer_bit = self.significand & INTEGER_BIT != 0;
        match self.biased_exponent() {
            0 if self.significand == 0 => Class::Zero,
            0 => Class::Denormal,
            _ if !has_integer_bit => Class::Unsupported,
            EXPONENT_MASK if self.significand == INTEGER_BIT => Class::Infinity,
            EXPONENT_MASK if self.significand & QUIET_BIT != 0 => Class::QuietNan,
            EXPONENT_MASK => Class::SignalingNan,
            _ => Class::Normal,
        }
    }

    /// The value of a normal number or a denormal.
    pub(crate) fn exact(self) -> Exact {
        debug_assert!(self.significand != 0, "zero has no exact form");
        let zeros = self.significand.leading_zeros();
        let exponent = i32::from(self.biased_exponent().max(1)) - BIAS;
        Exact {
            sign: self.sign(),
            exponent: exponent - zeros as i32,
            significand: u128::from(self.significand) << (64 + zeros),
        }
    }

    /// The number with this exact value. The value has at most 64 significant bits, and a value
    /// below the normal numbers has fewer.
    pub(crate) fn of_exact(value: Exact) -> Number {
        let significand = (value.significand >> 64) as u64;
        if value.exponent < LEAST_EXPONENT {
            let below = (LEAST_EXPONENT - value.exponent) as u32;
            let significand = significand.checked_shr(below).unwrap_or(0);
            return Number { sign_exponent: value.sign, significand };
        }
        let biased = (value.exponent + BIAS) as u16;
        Number { sign_exponent: value.sign | biased, significand }
    }

    /// This NaN with its quiet bit set.
    pub(crate) fn quieted(self) -> Number {
        Number { significand: self.significand | QUIET_BIT, ..self }
    }

    /// The number with this sign: `SIGN` or 0.
    pub(crate) fn with_sign(self, sign: u16) -> Number {
        Number { sign_exponent: self.biased_exponent() | sign, ..self }
    }
}

impl Operand {
    pub(crate) fn of(number: Number) -> Operand {
        Operand { number, class: number.class() }
    }
}

/// The quiet NaN that two operands give. At least one operand is a NaN.
///
/// A quiet NaN is chosen before a signaling NaN. Of two NaNs of the same kind, the NaN with the
/// greater significand is chosen. If the significands are equal, the positive NaN is chosen.
/// Source: Intel SDM volume 1, table 4-7. Measured on an AMD EPYC: equal significands.
pub(crate) fn choose_nan(left: Operand, right: Operand) -> Number {
    let (first, second) = (left.number.quieted(), right.number.quieted());
    match (left.class, right.class) {
        (_, other) if !other.is_nan() => first,
        (other, _) if !other.is_nan() => second,
        (Class::QuietNan, Class::SignalingNan) => first,
        (Class::SignalingNan, Class::QuietNan) => second,
        _ if first.significand != second.significand => {
            if first.significand > second.significand {
                first
            } else {
                second
            }
        }
        _ if first.sign() == 0 => first,
        _ => second,
    }
}

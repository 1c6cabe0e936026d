//! The instructions, by family.
//!
//! Each file owns the handlers of a family, and says for which mnemonics the handlers are.

pub(crate) mod alu;
pub(crate) mod bits;
pub(crate) mod conditional;
pub(crate) mod control;
pub(crate) mod decimal;
pub(crate) mod exchange;
pub(crate) mod moves;
pub(crate) mod mul_div;
pub(crate) mod packed;
pub(crate) mod shift;
pub(crate) mod shuffle;
pub(crate) mod stack;
pub(crate) mod string;
pub(crate) mod system;
pub(crate) mod x87;
pub(crate) mod xmm_moves;

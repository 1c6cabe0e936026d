//! From a decoded instruction to the handler compiled for its operands.

use iced_x86::{EncodingKind, Instruction, OpKind};

use crate::machine::Handler;
use crate::ops;

/// The kind of an operand's place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// A general register.
    General,
    /// An SSE register.
    Xmm,
    /// Memory, as given by the instruction's addressing bytes.
    Memory,
    /// The immediate.
    Immediate,
    /// Any other place, such as a segment, control, x87 or wide vector register, a branch target or
    /// a string. Also the place of an operand that the instruction does not have.
    Other,
}

/// Returns the handler, or `None` if this processor does not have the instruction.
pub(crate) fn handler(instruction: &Instruction) -> Option<Handler> {
    if instruction.encoding() != EncodingKind::Legacy {
        return None;
    }
    None.or_else(|| ops::moves::select(instruction))
        .or_else(|| ops::alu::select(instruction))
        .or_else(|| ops::conditional::select(instruction))
        .or_else(|| ops::control::select(instruction))
        .or_else(|| ops::stack::select(instruction))
        .or_else(|| ops::shift::select(instruction))
        .or_else(|| ops::bits::select(instruction))
        .or_else(|| ops::mul_div::select(instruction))
        .or_else(|| ops::exchange::select(instruction))
        .or_else(|| ops::string::select(instruction))
        .or_else(|| ops::system::select(instruction))
        .or_else(|| ops::decimal::select(instruction))
        .or_else(|| ops::xmm_moves::select(instruction))
        .or_else(|| ops::packed::select(instruction))
        .or_else(|| ops::shuffle::select(instruction))
        .or_else(|| ops::x87::select(instruction))
}

/// The place of operand `number`.
pub(crate) fn place(instruction: &Instruction, number: u32) -> Place {
    if number >= instruction.op_count() {
        return Place::Other;
    }
    match instruction.op_kind(number) {
        OpKind::Register => {
            let register = instruction.op_register(number);
            if register.is_gpr() {
                Place::General
            } else if register.is_xmm() {
                Place::Xmm
            } else {
                Place::Other
            }
        }
        OpKind::Memory => Place::Memory,
        OpKind::Immediate8
        | OpKind::Immediate16
        | OpKind::Immediate32
        | OpKind::Immediate64
        | OpKind::Immediate8to16
        | OpKind::Immediate8to32
        | OpKind::Immediate8to64
        | OpKind::Immediate32to64 => Place::Immediate,
        _ => Place::Other,
    }
}

/// The places of the first two operands.
pub(crate) fn places(instruction: &Instruction) -> (Place, Place) {
    (place(instruction, 0), place(instruction, 1))
}

/// The width of operand `number`, in bytes; 0 for an immediate.
pub(crate) fn bytes(instruction: &Instruction, number: u32) -> usize {
    match place(instruction, number) {
        Place::Memory => instruction.memory_size().size(),
        Place::Immediate => 0,
        _ => instruction.op_register(number).size(),
    }
}

/// Chooses a handler by width. `by_width!(bytes, handler, A, B)` gives `handler::<A, B, W>`, where
/// the type `W` has the width `bytes`.
macro_rules! by_width {
    ($bytes:expr, $handler:ident $(, $parameter:ty)*) => {
        match $bytes {
            1 => Some($handler::<$($parameter,)* u8> as crate::machine::Handler),
            2 => Some($handler::<$($parameter,)* u16> as crate::machine::Handler),
            4 => Some($handler::<$($parameter,)* u32> as crate::machine::Handler),
            8 => Some($handler::<$($parameter,)* u64> as crate::machine::Handler),
            _ => None,
        }
    };
}

/// Does the same as `by_width!`, for instructions without a byte form.
macro_rules! by_wide_width {
    ($bytes:expr, $handler:ident $(, $parameter:ty)*) => {
        match $bytes {
            2 => Some($handler::<$($parameter,)* u16> as crate::machine::Handler),
            4 => Some($handler::<$($parameter,)* u32> as crate::machine::Handler),
            8 => Some($handler::<$($parameter,)* u64> as crate::machine::Handler),
            _ => None,
        }
    };
}

/// Chooses a handler by the width and the place of operand 0, which is a register or memory.
macro_rules! by_target {
    ($instruction:expr, $choose:ident, $handler:ident $(, $parameter:ty)*) => {{
        let bytes = crate::select::bytes($instruction, 0);
        match crate::select::place($instruction, 0) {
            crate::select::Place::General => {
                $choose!(bytes, $handler $(, $parameter)*, crate::operation::InRegister)
            }
            crate::select::Place::Memory => {
                $choose!(bytes, $handler $(, $parameter)*, crate::operation::InMemory)
            }
            _ => None,
        }
    }};
}

/// Chooses a handler by the places of a target and a source of the same width.
macro_rules! by_places {
    ($instruction:expr, $handler:ident $(, $type:ty)*) => {{
        use crate::operation::{Immediate, InMemory, InRegister};
        use crate::select::Place::{General, Immediate as Constant, Memory};
        let bytes = crate::select::bytes($instruction, 0);
        match crate::select::places($instruction) {
            (General, General) => by_width!(bytes, $handler $(, $type)*, InRegister, InRegister),
            (General, Memory) => by_width!(bytes, $handler $(, $type)*, InRegister, InMemory),
            (General, Constant) => by_width!(bytes, $handler $(, $type)*, InRegister, Immediate),
            (Memory, General) => by_width!(bytes, $handler $(, $type)*, InMemory, InRegister),
            (Memory, Constant) => by_width!(bytes, $handler $(, $type)*, InMemory, Immediate),
            _ => None,
        }
    }};
}

pub(crate) use {by_places, by_target, by_wide_width, by_width};

//! A decoded instruction that is ready to run, and its operands.
//!
//! A handler is one function that is compiled for one operation, one set of operand places and one
//! width. So a handler need not look at any of these while it runs.

use crate::machine::{Exit, Handler, Machine, Outcome};
use crate::memory::{Memory, Refused};
use crate::registers::{HIGH_BYTE, RegisterFile, ZERO_REGISTER};

/// One instruction of a block.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Operation {
    pub(crate) run: Handler,
    /// The immediate, sign-extended if the instruction extends it. In a direct branch it is the
    /// target of the branch. In an x87 instruction it is the address of the instruction.
    pub(crate) immediate: u64,
    /// The displacement of the memory operand. For an operand relative to RIP it includes RIP.
    pub(crate) displacement: u64,
    /// The first operand, when it is a register. ST(n) is n. In MASKMOVDQU it is the mask.
    pub(crate) target: u8,
    /// The second operand, when it is a register. In ENTER it is the nesting level.
    pub(crate) source: u8,
    pub(crate) base: u8,
    pub(crate) index: u8,
    /// The number of bits by which the index is shifted.
    pub(crate) scale: u8,
    pub(crate) segment: u8,
    /// The number of top bits of an offset that are unused: 0, 32 or 48.
    pub(crate) unused_address_bits: u8,
    pub(crate) length: u8,
    /// The offset of the instruction in its block.
    pub(crate) start: u16,
    /// The lower 11 bits of the opcode of an x87 instruction.
    pub(crate) opcode: u16,
}

impl Operation {
    /// An operation without operands.
    pub(crate) fn new(run: Handler) -> Operation {
        Operation {
            run,
            immediate: 0,
            displacement: 0,
            target: ZERO_REGISTER,
            source: ZERO_REGISTER,
            base: ZERO_REGISTER,
            index: ZERO_REGISTER,
            scale: 0,
            segment: ZERO_REGISTER,
            unused_address_bits: 0,
            length: 0,
            start: 0,
            opcode: 0,
        }
    }
}

/// An operand width. Values are `u64`; `get` and `load` zero-extend them.
pub(crate) trait Width {
    const BYTES: u64;
    const BITS: u32;
    /// A mask: a one for each bit that a value can have.
    const MASK: u64;
    /// The top bit of a value.
    const SIGN: u64;

    fn get(registers: &RegisterFile, code: u8) -> u64;
    fn set(registers: &mut RegisterFile, code: u8, value: u64);
    fn load(memory: &mut Memory, address: u64) -> Result<u64, Refused>;
    fn store(memory: &mut Memory, address: u64, value: u64) -> Result<(), Refused>;
    fn modify(
        memory: &mut Memory,
        address: u64,
        change: impl FnOnce(u64) -> u64,
    ) -> Result<(), Refused>;

    /// Extends a value to 64 bits by its top bit.
    #[inline(always)]
    fn sign_extend(value: u64) -> u64 {
        let unused = 64 - Self::BITS;
        ((value << unused) as i64 >> unused) as u64
    }
}

macro_rules! width {
    ($type:ty, $get:expr, $set:expr) => {
        impl Width for $type {
            const BYTES: u64 = size_of::<$type>() as u64;
            const BITS: u32 = <$type>::BITS;
            const MASK: u64 = <$type>::MAX as u64;
            const SIGN: u64 = 1 << (<$type>::BITS - 1);

            #[inline(always)]
            fn get(registers: &RegisterFile, code: u8) -> u64 {
                $get(registers[usize::from(code % 32)], code)
            }
            #[inline(always)]
            fn set(registers: &mut RegisterFile, code: u8, value: u64) {
                let register = &mut registers[usize::from(code % 32)];
                *register = $set(*register, code, value);
            }
            #[inline(always)]
            fn load(memory: &mut Memory, address: u64) -> Result<u64, Refused> {
                Ok(<$type>::from_le_bytes(memory.load(address)?) as u64)
            }
            #[inline(always)]
            fn store(memory: &mut Memory, address: u64, value: u64) -> Result<(), Refused> {
                memory.store(address, (value as $type).to_le_bytes())
            }
            #[inline(always)]
            fn modify(
                memory: &mut Memory,
                address: u64,
                change: impl FnOnce(u64) -> u64,
            ) -> Result<(), Refused> {
                memory.modify(address, |bytes| {
                    (change(<$type>::from_le_bytes(bytes) as u64) as $type).to_le_bytes()
                })
            }
        }
    };
}

/// The lowest bit of a byte register in its general register: 0 or 8.
#[inline(always)]
fn byte_shift(code: u8) -> u32 {
    u32::from(code & HIGH_BYTE) >> 4
}

width!(
    u8,
    |register: u64, code| (register >> byte_shift(code)) & 0xFF,
    |register: u64, code, value: u64| {
        let shift = byte_shift(code);
        register & !(0xFF << shift) | (value & 0xFF) << shift
    }
);
width!(u16, |register: u64, _| register & 0xFFFF, |register: u64, _, value: u64| {
    register & !0xFFFF | value & 0xFFFF
});
// A 32-bit result clears the upper half. Source: Intel SDM volume 1, 3.4.1.1.
width!(u32, |register: u64, _| register & 0xFFFF_FFFF, |_, _, value: u64| value & 0xFFFF_FFFF);
width!(u64, |register: u64, _| register, |_, _, value: u64| value);

/// Where an operand comes from.
pub(crate) trait Source {
    fn load<W: Width>(machine: &mut Machine, operation: &Operation) -> Result<u64, Exit>;
}

/// Where a result goes.
pub(crate) trait Target {
    fn load<W: Width>(machine: &mut Machine, operation: &Operation) -> Result<u64, Exit>;
    fn store<W: Width>(machine: &mut Machine, operation: &Operation, value: u64) -> Outcome;

    /// Replaces the operand. `change` may set flags, and runs only if the result can be stored.
    fn modify<W: Width>(
        machine: &mut Machine,
        operation: &Operation,
        change: impl FnOnce(u64, &mut crate::flags::Flags) -> u64,
    ) -> Outcome;
}

/// A register operand.
pub(crate) struct InRegister;

/// The memory operand.
pub(crate) struct InMemory;

/// The immediate.
pub(crate) struct Immediate;

impl Source for InRegister {
    #[inline(always)]
    fn load<W: Width>(machine: &mut Machine, operation: &Operation) -> Result<u64, Exit> {
        Ok(W::get(&machine.general, operation.source))
    }
}

impl Source for InMemory {
    #[inline(always)]
    fn load<W: Width>(machine: &mut Machine, operation: &Operation) -> Result<u64, Exit> {
        machine.load::<W>(machine.address(operation))
    }
}

impl Source for Immediate {
    #[inline(always)]
    fn load<W: Width>(_: &mut Machine, operation: &Operation) -> Result<u64, Exit> {
        Ok(operation.immediate & W::MASK)
    }
}

impl Target for InRegister {
    #[inline(always)]
    fn load<W: Width>(machine: &mut Machine, operation: &Operation) -> Result<u64, Exit> {
        Ok(W::get(&machine.general, operation.target))
    }

    #[inline(always)]
    fn store<W: Width>(machine: &mut Machine, operation: &Operation, value: u64) -> Outcome {
        W::set(&mut machine.general, operation.target, value);
        Ok(())
    }

    #[inline(always)]
    fn modify<W: Width>(
        machine: &mut Machine,
        operation: &Operation,
        change: impl FnOnce(u64, &mut crate::flags::Flags) -> u64,
    ) -> Outcome {
        let value = change(W::get(&machine.general, operation.target), &mut machine.flags);
        W::set(&mut machine.general, operation.target, value);
        Ok(())
    }
}

impl Target for InMemory {
    #[inline(always)]
    fn load<W: Width>(machine: &mut Machine, operation: &Operation) -> Result<u64, Exit> {
        machine.load::<W>(machine.address(operation))
    }

    #[inline(always)]
    fn store<W: Width>(machine: &mut Machine, operation: &Operation, value: u64) -> Outcome {
        machine.store::<W>(machine.address(operation), value)
    }

    #[inline(always)]
    fn modify<W: Width>(
        machine: &mut Machine,
        operation: &Operation,
        change: impl FnOnce(u64, &mut crate::flags::Flags) -> u64,
    ) -> Outcome {
        let address = machine.address(operation);
        let flags = &mut machine.flags;
        Ok(W::modify(&mut machine.memory, address, |value| change(value, flags))?)
    }
}

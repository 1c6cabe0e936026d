//! Moves to, from and between SSE registers.
//!
//! MOVNTI, LDMXCSR and STMXCSR are also here. The aligned forms fault on an address that is not a
//! multiple of 16.
//! Source: Intel SDM volume 2, the page of each instruction.

use iced_x86::{Instruction, Mnemonic};

use crate::machine::{Exit, Handler, Machine, Outcome};
use crate::operation::{InMemory, InRegister, Operation, Source, Target, Width};
use crate::registers::RDI;
use crate::select::Place::{General, Memory, Xmm};
use crate::select::{bytes, places};
use crate::stop::Access;

/// Finds the handler of an instruction of this family.
pub(crate) fn select(instruction: &Instruction) -> Option<Handler> {
    match instruction.mnemonic() {
        Mnemonic::Movaps
        | Mnemonic::Movapd
        | Mnemonic::Movdqa
        | Mnemonic::Movntdq
        | Mnemonic::Movntps
        | Mnemonic::Movntpd => whole::<Aligned>(instruction),
        Mnemonic::Movups | Mnemonic::Movupd | Mnemonic::Movdqu | Mnemonic::Lddqu => {
            whole::<Unaligned>(instruction)
        }
        Mnemonic::Movd => general::<u32>(instruction),
        Mnemonic::Movq => quadword(instruction),
        Mnemonic::Movss => scalar::<u32>(instruction),
        Mnemonic::Movsd => scalar::<u64>(instruction),
        Mnemonic::Movlps | Mnemonic::Movlpd => half::<Low>(instruction),
        Mnemonic::Movhps | Mnemonic::Movhpd => half::<High>(instruction),
        Mnemonic::Movhlps => Some(copy_half::<High, Low>),
        Mnemonic::Movlhps => Some(copy_half::<Low, High>),
        Mnemonic::Movmskps => from_xmm(instruction, collect_signs::<u32>),
        Mnemonic::Movmskpd => from_xmm(instruction, collect_signs::<u64>),
        Mnemonic::Pmovmskb => from_xmm(instruction, collect_signs::<u8>),
        Mnemonic::Maskmovdqu => Some(store_masked),
        Mnemonic::Movnti => match bytes(instruction, 1) {
            4 => Some(store_general::<u32>),
            8 => Some(store_general::<u64>),
            _ => None,
        },
        Mnemonic::Ldmxcsr => Some(load_control),
        Mnemonic::Stmxcsr => Some(store_control),
        _ => None,
    }
}

/// Whether the address of a memory operand must be a multiple of 16.
pub(crate) trait Alignment {
    fn address(machine: &mut Machine, operation: &Operation, access: Access) -> Result<u64, Exit>;
}

/// The address must be a multiple of 16, as for MOVAPS and for the operands of packed arithmetic.
pub(crate) struct Aligned;
/// Any address is allowed, as for MOVUPS.
pub(crate) struct Unaligned;

impl Alignment for Aligned {
    #[inline(always)]
    fn address(machine: &mut Machine, operation: &Operation, access: Access) -> Result<u64, Exit> {
        machine.aligned_address(operation, 16, access)
    }
}

impl Alignment for Unaligned {
    #[inline(always)]
    fn address(machine: &mut Machine, operation: &Operation, _: Access) -> Result<u64, Exit> {
        Ok(machine.address(operation))
    }
}

fn whole<A: Alignment>(instruction: &Instruction) -> Option<Handler> {
    match places(instruction) {
        (Xmm, Xmm) => Some(copy_whole),
        (Xmm, Memory) => Some(load_whole::<A>),
        (Memory, Xmm) => Some(store_whole::<A>),
        _ => None,
    }
}

fn copy_whole(machine: &mut Machine, operation: &Operation) -> Outcome {
    *target_xmm(machine, operation) = source_xmm(machine, operation);
    Ok(())
}

fn load_whole<A: Alignment>(machine: &mut Machine, operation: &Operation) -> Outcome {
    let address = A::address(machine, operation, Access::Read)?;
    *target_xmm(machine, operation) = u128::from_le_bytes(machine.memory.load(address)?);
    Ok(())
}

fn store_whole<A: Alignment>(machine: &mut Machine, operation: &Operation) -> Outcome {
    let address = A::address(machine, operation, Access::Write)?;
    let value = source_xmm(machine, operation);
    Ok(machine.memory.store(address, value.to_le_bytes())?)
}

/// MOVD, and MOVQ except between SSE registers. A load makes the rest of the SSE register zero.
fn general<W: Width>(instruction: &Instruction) -> Option<Handler> {
    match places(instruction) {
        (Xmm, General) => Some(load_low::<InRegister, W>),
        (Xmm, Memory) => Some(load_low::<InMemory, W>),
        (General, Xmm) => Some(store_low::<InRegister, W>),
        (Memory, Xmm) => Some(store_low::<InMemory, W>),
        _ => None,
    }
}

fn quadword(instruction: &Instruction) -> Option<Handler> {
    match places(instruction) {
        (Xmm, Xmm) => Some(copy_low_clearing),
        _ => general::<u64>(instruction),
    }
}

/// A scalar move. Between registers it keeps the rest of the target; from memory it clears the
/// rest.
fn scalar<W: Width>(instruction: &Instruction) -> Option<Handler> {
    match places(instruction) {
        (Xmm, Xmm) => Some(copy_low::<W>),
        (Xmm, Memory) => Some(load_low::<InMemory, W>),
        (Memory, Xmm) => Some(store_low::<InMemory, W>),
        _ => None,
    }
}

fn load_low<S: Source, W: Width>(machine: &mut Machine, operation: &Operation) -> Outcome {
    *target_xmm(machine, operation) = u128::from(S::load::<W>(machine, operation)?);
    Ok(())
}

fn store_low<T: Target, W: Width>(machine: &mut Machine, operation: &Operation) -> Outcome {
    let value = source_xmm(machine, operation) as u64 & W::MASK;
    T::store::<W>(machine, operation, value)
}

fn copy_low<W: Width>(machine: &mut Machine, operation: &Operation) -> Outcome {
    let mask = u128::from(W::MASK);
    let source = source_xmm(machine, operation);
    let target = target_xmm(machine, operation);
    *target = *target & !mask | source & mask;
    Ok(())
}

fn copy_low_clearing(machine: &mut Machine, operation: &Operation) -> Outcome {
    *target_xmm(machine, operation) = source_xmm(machine, operation) & u128::from(u64::MAX);
    Ok(())
}

/// Half of an SSE register.
trait Half {
    const SHIFT: u32;
}

struct Low;
struct High;

impl Half for Low {
    const SHIFT: u32 = 0;
}

impl Half for High {
    const SHIFT: u32 = 64;
}

fn set_half<H: Half>(register: &mut u128, value: u64) {
    let mask = u128::from(u64::MAX) << H::SHIFT;
    *register = *register & !mask | u128::from(value) << H::SHIFT;
}

fn half<H: Half>(instruction: &Instruction) -> Option<Handler> {
    match places(instruction) {
        (Xmm, Memory) => Some(load_half::<H>),
        (Memory, Xmm) => Some(store_half::<H>),
        _ => None,
    }
}

fn load_half<H: Half>(machine: &mut Machine, operation: &Operation) -> Outcome {
    let value = <InMemory as Source>::load::<u64>(machine, operation)?;
    set_half::<H>(target_xmm(machine, operation), value);
    Ok(())
}

fn store_half<H: Half>(machine: &mut Machine, operation: &Operation) -> Outcome {
    let value = (source_xmm(machine, operation) >> H::SHIFT) as u64;
    <InMemory as Target>::store::<u64>(machine, operation, value)
}

fn copy_half<From: Half, To: Half>(machine: &mut Machine, operation: &Operation) -> Outcome {
    let value = (source_xmm(machine, operation) >> From::SHIFT) as u64;
    set_half::<To>(target_xmm(machine, operation), value);
    Ok(())
}

fn from_xmm(instruction: &Instruction, handler: Handler) -> Option<Handler> {
    (places(instruction) == (General, Xmm)).then_some(handler)
}

/// Collects the top bits of all elements of an SSE register into a general register.
fn collect_signs<W: Width>(machine: &mut Machine, operation: &Operation) -> Outcome {
    let value = source_xmm(machine, operation);
    let signs = (0..128 / W::BITS)
        .map(|element| (value >> (element * W::BITS + W::BITS - 1) & 1) << element)
        .fold(0, |signs, sign| signs | sign);
    u64::set(&mut machine.general, operation.target, signs as u64);
    Ok(())
}

/// MASKMOVDQU: stores at RDI the bytes whose mask byte has its top bit set.
///
/// The decoder counts the memory as operand 0, the value as operand 1, and the mask as operand 2.
/// The field `target` of the operation holds the register of the mask. Each page of the 16 bytes
/// must be writable, even a page in which no byte is stored. The manual leaves this point to the
/// processor.
fn store_masked(machine: &mut Machine, operation: &Operation) -> Outcome {
    let value = source_xmm(machine, operation).to_le_bytes();
    let mask = xmm(machine, operation.target).to_le_bytes();
    let unused = u32::from(operation.unused_address_bits % 64);
    let segment = machine.general[usize::from(operation.segment % 32)];
    let offset = machine.general[RDI] << unused >> unused;
    let address = offset.wrapping_add(segment) & machine.address_mask;
    Ok(machine.memory.modify(address, |old: [u8; 16]| {
        std::array::from_fn(|byte| if mask[byte] & 0x80 == 0 { old[byte] } else { value[byte] })
    })?)
}

fn store_general<W: Width>(machine: &mut Machine, operation: &Operation) -> Outcome {
    let value = W::get(&machine.general, operation.source);
    <InMemory as Target>::store::<W>(machine, operation, value)
}

/// Bits of MXCSR that may be set. Source: Intel SDM volume 1, figure 10-3.
const CONTROL_BITS: u64 = 0xFFFF;

fn load_control(machine: &mut Machine, operation: &Operation) -> Outcome {
    let value = <InMemory as Source>::load::<u32>(machine, operation)?;
    if value & !CONTROL_BITS != 0 {
        // A real processor raises a general protection fault.
        return Err(Exit::Unsupported);
    }
    machine.mxcsr = value as u32;
    Ok(())
}

fn store_control(machine: &mut Machine, operation: &Operation) -> Outcome {
    let value = u64::from(machine.mxcsr);
    <InMemory as Target>::store::<u32>(machine, operation, value)
}

/// An SSE register by number.
#[inline(always)]
pub(crate) fn xmm(machine: &Machine, number: u8) -> u128 {
    machine.xmm[usize::from(number % 16)]
}

/// The first operand.
#[inline(always)]
pub(crate) fn target_xmm<'machine>(
    machine: &'machine mut Machine,
    operation: &Operation,
) -> &'machine mut u128 {
    &mut machine.xmm[usize::from(operation.target % 16)]
}

/// The second operand.
#[inline(always)]
pub(crate) fn source_xmm(machine: &Machine, operation: &Operation) -> u128 {
    xmm(machine, operation.source)
}

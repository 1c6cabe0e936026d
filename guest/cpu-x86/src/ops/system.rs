//! System instructions: ports, CR8, time, CPUID, single flags, interrupts.
//!
//! Instructions that have no effect here are also in this file.
//!
//! Source: Intel SDM volume 2, the page of each instruction.

use iced_x86::{Instruction, Mnemonic, Register as Name};

use crate::cpuid;
use crate::flags::{Bit, RFlags};
use crate::machine::{Handler, Machine, Outcome};
use crate::operation::{Operation, Width};
use crate::registers::{HIGH_BYTE, RAX, RBX, RCX, RDX};
use crate::select::{Place, bytes, place};
use crate::stop::{Cr8Read, PortRead, PortTarget, PortWidth, Stop};

/// Finds the handler of an instruction of this family.
pub(crate) fn select(instruction: &Instruction) -> Option<Handler> {
    match instruction.mnemonic() {
        Mnemonic::In => input(instruction),
        Mnemonic::Out => output(instruction),
        Mnemonic::Mov if instruction.op1_register() == Name::CR8 => Some(read_cr8),
        Mnemonic::Mov if instruction.op0_register() == Name::CR8 => Some(write_cr8),
        Mnemonic::Rdtsc => Some(read_timestamp),
        Mnemonic::Rdtscp => Some(read_timestamp_and_processor),
        Mnemonic::Cpuid => Some(identify),
        Mnemonic::Cli => Some(set_interrupt_flag::<0>),
        Mnemonic::Sti => Some(set_interrupt_flag::<1>),
        Mnemonic::Cld => Some(clear_direction),
        Mnemonic::Std => Some(set_direction),
        Mnemonic::Clc => Some(clear_carry),
        Mnemonic::Stc => Some(set_carry),
        Mnemonic::Cmc => Some(complement_carry),
        Mnemonic::Lahf => Some(load_flags),
        Mnemonic::Sahf => Some(store_flags),
        Mnemonic::Hlt => Some(halt),
        Mnemonic::Int => Some(interrupt),
        Mnemonic::Int1 => Some(fixed_interrupt::<1>),
        Mnemonic::Int3 => Some(fixed_interrupt::<3>),
        Mnemonic::Into => Some(interrupt_on_overflow),
        Mnemonic::Ud0 | Mnemonic::Ud1 | Mnemonic::Ud2 | Mnemonic::INVALID => Some(undefined),
        Mnemonic::Nop
        | Mnemonic::Pause
        | Mnemonic::Lfence
        | Mnemonic::Mfence
        | Mnemonic::Sfence
        | Mnemonic::Endbr32
        | Mnemonic::Endbr64
        | Mnemonic::Prefetchnta
        | Mnemonic::Prefetcht0
        | Mnemonic::Prefetcht1
        | Mnemonic::Prefetcht2
        | Mnemonic::Prefetchw => Some(nothing),
        _ => None,
    }
}

/// Does nothing. Fences and prefetches need do nothing, because memory order and caches have no
/// effect on one processor that runs one instruction at a time.
fn nothing(_: &mut Machine, _: &Operation) -> Outcome {
    Ok(())
}

fn input(instruction: &Instruction) -> Option<Handler> {
    match (bytes(instruction, 0), place(instruction, 1)) {
        (1, Place::Immediate) => Some(read_port::<Constant, u8>),
        (2, Place::Immediate) => Some(read_port::<Constant, u16>),
        (4, Place::Immediate) => Some(read_port::<Constant, u32>),
        (1, Place::General) => Some(read_port::<InDx, u8>),
        (2, Place::General) => Some(read_port::<InDx, u16>),
        (4, Place::General) => Some(read_port::<InDx, u32>),
        _ => None,
    }
}

fn output(instruction: &Instruction) -> Option<Handler> {
    match (bytes(instruction, 1), place(instruction, 0)) {
        (1, Place::Immediate) => Some(write_port::<Constant, u8>),
        (2, Place::Immediate) => Some(write_port::<Constant, u16>),
        (4, Place::Immediate) => Some(write_port::<Constant, u32>),
        (1, Place::General) => Some(write_port::<InDx, u8>),
        (2, Place::General) => Some(write_port::<InDx, u16>),
        (4, Place::General) => Some(write_port::<InDx, u32>),
        _ => None,
    }
}

/// Where a port number comes from.
trait PortNumber {
    fn port(machine: &Machine, operation: &Operation) -> u16;
}

/// The port in the immediate byte.
struct Constant;
/// The port in DX.
struct InDx;

impl PortNumber for Constant {
    fn port(_: &Machine, operation: &Operation) -> u16 {
        u16::from(operation.immediate as u8)
    }
}

impl PortNumber for InDx {
    fn port(machine: &Machine, _: &Operation) -> u16 {
        machine.general[RDX] as u16
    }
}

fn read_port<P: PortNumber, W: Width>(machine: &mut Machine, operation: &Operation) -> Outcome {
    let port = P::port(machine, operation);
    let width = PortWidth::of::<W>();
    machine.request(Stop::PortRead(PortRead { port, width, target: PortTarget::Accumulator }))
}

fn write_port<P: PortNumber, W: Width>(machine: &mut Machine, operation: &Operation) -> Outcome {
    let port = P::port(machine, operation);
    let value = W::get(&machine.general, RAX as u8) as u32;
    machine.request(Stop::PortWrite { port, width: PortWidth::of::<W>(), value })
}

fn read_cr8(machine: &mut Machine, operation: &Operation) -> Outcome {
    machine.request(Stop::Cr8Read(Cr8Read { target: operation.target }))
}

fn write_cr8(machine: &mut Machine, operation: &Operation) -> Outcome {
    let value = machine.general[usize::from(operation.source % 32)];
    machine.request(Stop::Cr8Write { value })
}

fn read_timestamp(machine: &mut Machine, _: &Operation) -> Outcome {
    machine.request(Stop::TimestampRead)
}

/// RDTSCP also gives the processor's number, which is 0.
fn read_timestamp_and_processor(machine: &mut Machine, _: &Operation) -> Outcome {
    machine.general[RCX] = 0;
    machine.request(Stop::TimestampRead)
}

fn identify(machine: &mut Machine, _: &Operation) -> Outcome {
    let leaf = cpuid::leaf(machine.general[RAX] as u32);
    for (register, value) in [RAX, RBX, RCX, RDX].into_iter().zip(leaf) {
        machine.general[register] = u64::from(value);
    }
    Ok(())
}

fn set_interrupt_flag<const STATE: u8>(machine: &mut Machine, _: &Operation) -> Outcome {
    let state = if STATE == 0 { Bit::Clear } else { Bit::Set };
    let before = machine.flags.bits();
    machine.flags.set_system(RFlags::INTERRUPT, state);
    if machine.flags.bits() == before {
        return Ok(());
    }
    machine.request(Stop::InterruptFlag)
}

fn clear_direction(machine: &mut Machine, _: &Operation) -> Outcome {
    machine.flags.set_system(RFlags::DIRECTION, Bit::Clear);
    Ok(())
}

fn set_direction(machine: &mut Machine, _: &Operation) -> Outcome {
    machine.flags.set_system(RFlags::DIRECTION, Bit::Set);
    Ok(())
}

fn clear_carry(machine: &mut Machine, _: &Operation) -> Outcome {
    machine.flags.set_carry(false);
    Ok(())
}

fn set_carry(machine: &mut Machine, _: &Operation) -> Outcome {
    machine.flags.set_carry(true);
    Ok(())
}

fn complement_carry(machine: &mut Machine, _: &Operation) -> Outcome {
    let carry = machine.flags.carry();
    machine.flags.set_carry(!carry);
    Ok(())
}

/// LAHF: AH gets SF, ZF, AF, PF and CF at their places in the low byte of RFLAGS.
fn load_flags(machine: &mut Machine, _: &Operation) -> Outcome {
    let byte = machine.flags.bits().bits() & 0xFF | RFlags::ALWAYS_ONE;
    u8::set(&mut machine.general, RAX as u8 | HIGH_BYTE, byte);
    Ok(())
}

fn store_flags(machine: &mut Machine, _: &Operation) -> Outcome {
    let low = RFlags::ARITHMETIC.difference(RFlags::OVERFLOW);
    let byte = u8::get(&machine.general, RAX as u8 | HIGH_BYTE);
    let given = RFlags::from_bits_truncate(byte).intersection(low);
    machine.flags.set(machine.flags.bits().difference(low).union(given));
    Ok(())
}

fn halt(machine: &mut Machine, _: &Operation) -> Outcome {
    machine.request(Stop::Halt)
}

fn interrupt(machine: &mut Machine, operation: &Operation) -> Outcome {
    let vector = operation.immediate as u8;
    machine.accuse(Stop::Interrupt { vector, length: operation.length })
}

fn fixed_interrupt<const VECTOR: u8>(machine: &mut Machine, operation: &Operation) -> Outcome {
    machine.accuse(Stop::Interrupt { vector: VECTOR, length: operation.length })
}

fn interrupt_on_overflow(machine: &mut Machine, operation: &Operation) -> Outcome {
    if !machine.flags.overflow() {
        return Ok(());
    }
    machine.accuse(Stop::Interrupt { vector: 4, length: operation.length })
}

fn undefined(machine: &mut Machine, _: &Operation) -> Outcome {
    machine.accuse(Stop::Undefined)
}

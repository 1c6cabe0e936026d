//! What an operation works on (registers, flags, memory), and how it ends.

use crate::flags::Flags;
use crate::memory::{Memory, Refused};
use crate::operation::{Operation, Width};
use crate::registers::{FS_BASE, GS_BASE, Mode, RSP, RegisterFile, Registers};
use crate::stop::{Access, Fault, FaultKind, Stop};
use crate::x87::X87;

/// The state of the processor without its decode cache.
#[derive(Debug)]
pub(crate) struct Machine {
    pub(crate) mode: Mode,
    /// A mask: a one for each bit that a linear address can have.
    pub(crate) address_mask: u64,

    pub(crate) memory: Memory,

    pub(crate) general: RegisterFile,
    /// While operations of a block run: the address after the last of them, unless a branch changes
    /// it.
    pub(crate) rip: u64,
    pub(crate) flags: Flags,
    pub(crate) xmm: [u128; 16],
    pub(crate) mxcsr: u32,
    /// Why the run ended; `Stop::Budget` until there is another reason.
    pub(crate) stop: Stop,
    /// How many iterations a repeated string operation may do, and how many it has done.
    pub(crate) iterations_allowed: u64,
    pub(crate) iterations_done: u64,
    pub(crate) x87: X87,
}

/// How an operation ended, when it did not end in the usual way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// The operation had no effect; `Machine::memory` holds the fault.
    Fault,
    /// The operation had no effect; `Machine::stop` holds the reason.
    Accusation,
    /// The operation had its effect; `Machine::stop` holds a request.
    Request,
    /// A repeated string operation ended after `iterations_done` iterations.
    Finished,
    /// A repeated string operation did `iterations_done` iterations and has more to do.
    Unfinished,
    /// A repeated string operation did `iterations_done` iterations; the next iteration faulted.
    FaultInRepeat,
    /// A repeated port operation did one iteration, left a request in `Machine::stop`, and has
    /// more to do.
    UnfinishedRequest,
    /// This processor does not have the instruction.
    Unsupported,
}

impl From<Refused> for Exit {
    #[inline(always)]
    fn from(_: Refused) -> Exit {
        Exit::Fault
    }
}

/// What an operation returns.
pub(crate) type Outcome = Result<(), Exit>;

/// The code of an operation.
pub(crate) type Handler = fn(&mut Machine, &Operation) -> Outcome;

impl Machine {
    pub(crate) fn new(mode: Mode) -> Machine {
        let mut machine = Machine {
            mode,
            address_mask: mode.address_mask(),
            memory: Memory::new(),
            general: [0; 32],
            rip: 0,
            flags: Flags::new(),
            xmm: [0; 16],
            mxcsr: 0,
            stop: Stop::Budget,
            iterations_allowed: 0,
            iterations_done: 0,
            x87: X87::new(),
        };
        machine.set_registers(&Registers::default());
        machine
    }

    pub(crate) fn registers(&self) -> Registers {
        let mut general = [0; 16];
        general.copy_from_slice(&self.general[..16]);
        Registers {
            general,
            rip: self.rip,
            flags: self.flags.bits(),
            fs_base: self.general[usize::from(FS_BASE)],
            gs_base: self.general[usize::from(GS_BASE)],
            xmm: self.xmm,
            mxcsr: self.mxcsr,
        }
    }

    pub(crate) fn set_registers(&mut self, registers: &Registers) {
        for (held, given) in self.general.iter_mut().zip(registers.general) {
            *held = given & self.address_mask;
        }
        self.rip = registers.rip & self.address_mask;
        self.flags.set(registers.flags);
        self.general[usize::from(FS_BASE)] = registers.fs_base & self.address_mask;
        self.general[usize::from(GS_BASE)] = registers.gs_base & self.address_mask;
        self.xmm = registers.xmm;
        self.mxcsr = registers.mxcsr;
    }

    /// The offset of a memory operand without its segment: the result of LEA.
    #[inline(always)]
    pub(crate) fn offset(&self, operation: &Operation) -> u64 {
        let base = self.general[usize::from(operation.base % 32)];
        let index = self.general[usize::from(operation.index % 32)];
        let sum =
            base.wrapping_add(index << (operation.scale % 64)).wrapping_add(operation.displacement);
        let unused = u32::from(operation.unused_address_bits % 64);
        sum << unused >> unused
    }

    /// The linear address of a memory operand.
    #[inline(always)]
    pub(crate) fn address(&self, operation: &Operation) -> u64 {
        let segment = self.general[usize::from(operation.segment % 32)];
        self.offset(operation).wrapping_add(segment) & self.address_mask
    }

    /// Loads a value.
    #[inline(always)]
    pub(crate) fn load<W: Width>(&mut self, address: u64) -> Result<u64, Exit> {
        Ok(W::load(&mut self.memory, address)?)
    }

    /// Stores a value.
    #[inline(always)]
    pub(crate) fn store<W: Width>(&mut self, address: u64, value: u64) -> Outcome {
        Ok(W::store(&mut self.memory, address, value)?)
    }

    /// The linear address of a memory operand. A fault if it is not a multiple of `alignment`.
    pub(crate) fn aligned_address(
        &mut self,
        operation: &Operation,
        alignment: u64,
        access: Access,
    ) -> Result<u64, Exit> {
        let address = self.address(operation);
        if address.is_multiple_of(alignment) {
            return Ok(address);
        }
        let fault = Fault { address, access, kind: FaultKind::Misaligned };
        Err(self.memory.refuse(fault).into())
    }

    /// Ends the run; the instruction has had no effect.
    #[cold]
    pub(crate) fn accuse(&mut self, stop: Stop) -> Outcome {
        self.stop = stop;
        Err(Exit::Accusation)
    }

    /// Ends the run; the instruction has had its effect.
    pub(crate) fn request(&mut self, stop: Stop) -> Outcome {
        self.stop = stop;
        Err(Exit::Request)
    }

    /// The stack address `bytes` below the top.
    #[inline(always)]
    pub(crate) fn stack_below(&self, bytes: u64) -> u64 {
        self.general[RSP].wrapping_sub(bytes) & self.address_mask
    }

    /// The stack address `bytes` above the top.
    #[inline(always)]
    pub(crate) fn stack_above(&self, bytes: u64) -> u64 {
        self.general[RSP].wrapping_add(bytes) & self.address_mask
    }
}

//! The processor, as the user of the crate sees it.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;

use crate::blocks::Blocks;
use crate::decode;
use crate::flags::RFlags;
use crate::machine::Machine;
use crate::memory::{Memory, SavedMemory};
use crate::operation::Width;
use crate::registers::{Mode, RAX, RDX, Register, Registers};
use crate::stop::{Cr8Read, Fault, PortRead, PortTarget, PortWidth};
use crate::x87::X87Registers;

/// A processor with its memory.
///
/// The processor runs until it needs the user. The user can use the processor freely while serving
/// the stop: see [`Cpu::run`] and [`Stop`](crate::Stop).
#[derive(Debug)]
pub struct Cpu {
    pub(crate) stop_addresses: Vec<RangeInclusive<u64>>,
    pub(crate) breakpoints: BTreeSet<u64>,

    pub(crate) machine: Machine,
    pub(crate) blocks: Blocks,
    /// The address of the breakpoint that the last run reported, or of a repeated instruction that
    /// has more to do. The processor does not stop at a breakpoint there when it goes on.
    pub(crate) reported_breakpoint: Option<u64>,
    pub(crate) instruction_count: u64,
}

/// Memory and registers at one moment. A snapshot costs little to take, to keep and to clone.
///
/// Breakpoints, watchpoints, stop addresses and the instruction count are not part of a snapshot.
#[derive(Debug, Clone)]
pub struct Snapshot {
    memory: SavedMemory,
    registers: Registers,
    x87: X87Registers,
}

/// One instruction as text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Disassembly {
    /// Intel syntax.
    pub text: String,
    /// The number of bytes.
    pub length: usize,
    /// Whether the processor has the instruction.
    pub support: Support,
}

/// Whether this processor has an instruction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Support {
    /// The processor has the instruction. Some such instructions end the run with a stop, and the
    /// user serves the stop. Bytes that are no instruction count as an instruction that ends the
    /// run with a stop.
    Emulated,
    /// The processor does not have the instruction: an attempt to execute it ends the run with
    /// `Stop::Unsupported`.
    Refused,
}

impl Cpu {
    /// A processor with empty memory and the registers of [`Registers::default`].
    pub fn new(mode: Mode) -> Cpu {
        Cpu {
            stop_addresses: Vec::new(),
            breakpoints: BTreeSet::new(),
            machine: Machine::new(mode),
            blocks: Blocks::new(),
            reported_breakpoint: None,
            instruction_count: 0,
        }
    }

    /// The instruction set that the processor executes.
    pub fn mode(&self) -> Mode {
        self.machine.mode
    }

    /// The memory.
    pub fn memory(&self) -> &Memory {
        &self.machine.memory
    }

    /// The memory, for mapping and changing.
    pub fn memory_mut(&mut self) -> &mut Memory {
        &mut self.machine.memory
    }

    /// A copy of all registers except the registers of the x87.
    pub fn registers(&self) -> Registers {
        self.machine.registers()
    }

    /// Sets all registers except the registers of the x87. In 32-bit mode the upper halves are cut
    /// off.
    pub fn set_registers(&mut self, registers: &Registers) {
        self.machine.set_registers(registers);
    }

    /// A copy of the registers of the x87.
    pub fn x87(&self) -> X87Registers {
        self.machine.x87.registers()
    }

    /// Sets the registers of the x87. ES and B in the status word follow from the other bits and
    /// from the control word; reserved bits of the control word get their fixed values.
    pub fn set_x87(&mut self, registers: &X87Registers) {
        self.machine.x87.set_registers(registers);
    }

    /// One general register.
    pub fn register(&self, register: Register) -> u64 {
        self.machine.general[register as usize]
    }

    /// Sets one general register; in 32-bit mode the upper half is cut off.
    pub fn set_register(&mut self, register: Register, value: u64) {
        self.machine.general[register as usize] = value & self.machine.address_mask;
    }

    /// The address of the next instruction.
    pub fn rip(&self) -> u64 {
        self.machine.rip
    }

    /// Sets the address of the next instruction.
    pub fn set_rip(&mut self, address: u64) {
        self.machine.rip = address & self.machine.address_mask;
    }

    /// The flags.
    pub fn flags(&self) -> RFlags {
        self.machine.flags.bits()
    }

    /// Sets the flags.
    pub fn set_flags(&mut self, flags: RFlags) {
        self.machine.flags.set(flags);
    }

    /// How many instructions have retired since the processor was made. An iteration of a repeated
    /// string instruction counts as one instruction.
    pub fn instruction_count(&self) -> u64 {
        self.instruction_count
    }

    /// Makes a run end with `Stop::Reached` when RIP is in this range. The user gives the addresses
    /// of imported functions, or the return address of a call into the guest. The range need not be
    /// mapped.
    pub fn add_stop_addresses(&mut self, addresses: RangeInclusive<u64>) {
        self.stop_addresses.push(addresses);
        self.blocks.clear();
    }

    /// Makes a run end with `Stop::Breakpoint` before the instruction at this address.
    pub fn add_breakpoint(&mut self, address: u64) {
        if self.breakpoints.insert(address) {
            self.blocks.clear();
        }
    }

    /// Removes a breakpoint. Returns `true` if there was a breakpoint at this address.
    pub fn remove_breakpoint(&mut self, address: u64) -> bool {
        let was_there = self.breakpoints.remove(&address);
        if was_there {
            self.blocks.clear();
        }
        was_there
    }

    /// Saves memory and registers. The cost grows with the number of pages written since the last
    /// snapshot.
    pub fn snapshot(&mut self) -> Snapshot {
        Snapshot {
            memory: self.machine.memory.save(),
            registers: self.machine.registers(),
            x87: self.x87(),
        }
    }

    /// Goes back to a snapshot. Only pages that were written since the last snapshot, or that
    /// differ between the snapshots, are copied.
    ///
    /// The snapshot may come from another processor, also on another thread. So several processors
    /// can start from one state at the same time.
    pub fn restore(&mut self, snapshot: &Snapshot) {
        self.machine.memory.restore(&snapshot.memory);
        self.machine.set_registers(&snapshot.registers);
        self.set_x87(&snapshot.x87);
        self.reported_breakpoint = None;
    }

    /// Answers `Stop::PortRead` with the value of the port; bits above the port's width are
    /// ignored.
    ///
    /// # Errors
    /// For INS, when the memory was writable at the stop and is not writable any more.
    #[inline]
    pub fn finish_port_read(&mut self, read: &PortRead, value: u32) -> Result<(), Fault> {
        match read.target {
            PortTarget::Accumulator => {
                let registers = &mut self.machine.general;
                match read.width {
                    PortWidth::Byte => u8::set(registers, RAX as u8, value.into()),
                    PortWidth::Word => u16::set(registers, RAX as u8, value.into()),
                    PortWidth::Dword => u32::set(registers, RAX as u8, value.into()),
                }
                Ok(())
            }
            PortTarget::Memory(address) => {
                let bytes = value.to_le_bytes();
                self.machine.memory.write(address, &bytes[..read.width.bytes()])
            }
        }
    }

    /// Answers `Stop::Cr8Read`.
    pub fn finish_cr8_read(&mut self, read: &Cr8Read, value: u64) {
        self.machine.general[usize::from(read.target % 16)] = value;
    }

    /// Answers `Stop::TimestampRead`: EDX:EAX gets the time stamp.
    pub fn finish_timestamp_read(&mut self, timestamp: u64) {
        self.machine.general[RAX] = timestamp & u64::from(u32::MAX);
        self.machine.general[RDX] = timestamp >> 32;
    }

    /// The instruction at an address as text. The rights of the page do not matter. `None` if no
    /// page is mapped there. The result also says whether the processor has the instruction. So a
    /// caller can find the refused instructions of a code section before a run.
    pub fn disassemble(&self, address: u64) -> Option<Disassembly> {
        decode::disassemble(&self.machine.memory, self.machine.mode, address)
    }
}

//! Why a run ended: the stops, and the values that some stops need.
//!
//! Most stops that an instruction causes are of two kinds. The two kinds differ in RIP. The
//! instruction of a *request* (port, CR8, time stamp, HLT, interrupt flag) has retired: RIP is
//! after the instruction. A repeated INS or OUTS makes a request in each iteration, and RIP stays
//! at the instruction until the last of these requests. If the instruction reads a value, the user
//! gives the value with one `finish_` call on the `Cpu`. The instruction of an *accusation* (fault,
//! divide error, bound range, x87 exception, INT, undefined, unsupported) has not retired: RIP is
//! at the instruction.

use std::fmt;

use crate::operation::Width;

/// What ended a call of `Cpu::run`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    /// The budget is used up; RIP is at the next instruction.
    Budget,
    /// RIP reached a registered stop address; nothing was executed there.
    Reached {
        /// The address, which is also RIP.
        address: u64,
    },
    /// RIP reached a breakpoint; the next run executes the instruction there.
    Breakpoint {
        /// The address, which is also RIP.
        address: u64,
    },
    /// The instruction that has just retired touched a watched address.
    Watchpoint {
        /// The first byte touched inside the watched range.
        address: u64,
        /// What the instruction did.
        access: Access,
    },
    /// IN or INS needs a value: answer with `Cpu::finish_port_read`.
    PortRead(PortRead),
    /// OUT or OUTS wrote a value.
    PortWrite {
        /// The port address.
        port: u16,
        /// The number of bytes.
        width: PortWidth,
        /// The value, zero-extended.
        value: u32,
    },
    /// `mov reg, cr8` needs a value: answer with `Cpu::finish_cr8_read`.
    Cr8Read(Cr8Read),
    /// `mov cr8, reg` wrote a value.
    Cr8Write {
        /// The whole 64-bit value.
        value: u64,
    },
    /// RDTSC or RDTSCP needs the time stamp: answer with `Cpu::finish_timestamp_read`.
    TimestampRead,
    /// CLI, STI or POPF changed the interrupt flag; the instruction has retired.
    InterruptFlag,
    /// HLT: the processor waits for an interrupt; the instruction has retired.
    Halt,
    /// INT n, INT3, INT1 or INTO was executed; RIP is at the instruction.
    Interrupt {
        /// The vector.
        vector: u8,
        /// The instruction's length, so that a debugger can continue after the instruction.
        length: u8,
    },
    /// UD0, UD1, UD2 or bytes that are not an instruction; RIP is at the first byte.
    Undefined,
    /// DIV, IDIV or AAM: the divisor is zero, or the quotient does not fit; RIP is at the
    /// instruction.
    DivideError,
    /// An x87 exception that is not masked waits. RIP is at the next x87 instruction that looks for
    /// such an exception. This instruction had no effect. `Cpu::x87` has the exception, and the
    /// address of the last x87 instruction that was not a control instruction.
    X87Exception,
    /// BOUND found its index outside the bounds; RIP is at the instruction.
    BoundRange,
    /// A memory access was refused; RIP is at the instruction. The registers are as before the
    /// instruction, or as after the last complete iteration of a repeated string instruction.
    Fault(Fault),
    /// This processor does not have the instruction, or this use of it, such as a POPF that sets
    /// the trap flag. RIP is at the instruction, and `Cpu::disassemble` gives its text.
    Unsupported {
        /// The address of the instruction.
        address: u64,
    },
}

impl fmt::Display for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Stop::Budget => write!(f, "the instruction budget is used up"),
            Stop::Reached { address } => write!(f, "stop address {address:#x} reached"),
            Stop::Breakpoint { address } => write!(f, "breakpoint at {address:#x}"),
            Stop::Watchpoint { address, access } => {
                write!(f, "watchpoint: {access} at {address:#x}")
            }
            Stop::PortRead(read) => write!(f, "in {} from port {:#x}", read.width, read.port),
            Stop::PortWrite { port, width, value } => {
                write!(f, "out {width} {value:#x} to port {port:#x}")
            }
            Stop::Cr8Read(_) => write!(f, "read of CR8"),
            Stop::Cr8Write { value } => write!(f, "write of {value:#x} to CR8"),
            Stop::TimestampRead => write!(f, "read of the time stamp counter"),
            Stop::InterruptFlag => write!(f, "the interrupt flag changed"),
            Stop::Halt => write!(f, "hlt"),
            Stop::Interrupt { vector, .. } => write!(f, "software interrupt {vector:#x}"),
            Stop::Undefined => write!(f, "undefined instruction"),
            Stop::DivideError => write!(f, "divide error"),
            Stop::X87Exception => write!(f, "x87 exception"),
            Stop::BoundRange => write!(f, "bound range exceeded"),
            Stop::Fault(fault) => fault.fmt(f),
            Stop::Unsupported { address } => write!(f, "unsupported instruction at {address:#x}"),
        }
    }
}

/// A refused memory access.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fault {
    /// The first byte that could not be accessed.
    pub address: u64,
    /// The access that was tried; a read-modify-write is a write.
    pub access: Access,
    /// Why the access was refused.
    pub kind: FaultKind,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at {:#x} refused: {}", self.access, self.address, self.kind)
    }
}

impl std::error::Error for Fault {}

/// Why a memory access was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FaultKind {
    /// No page is mapped there.
    NotMapped,
    /// The page lacks the right.
    Rights,
    /// The page is a guard page.
    Guard,
    /// The instruction needs an aligned address (MOVAPS and similar, CMPXCHG16B).
    Misaligned,
}

impl fmt::Display for FaultKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            FaultKind::NotMapped => "no page is mapped there",
            FaultKind::Rights => "the page lacks the right",
            FaultKind::Guard => "it is a guard page",
            FaultKind::Misaligned => "the instruction demands an aligned address",
        })
    }
}

/// A kind of access to memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Access {
    /// A load.
    Read,
    /// A store. In a [`Fault`] also the load of an instruction that loads and stores the same
    /// bytes.
    Write,
    /// An instruction fetch.
    Execute,
}

impl fmt::Display for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Access::Read => "read",
            Access::Write => "write",
            Access::Execute => "execute",
        })
    }
}

/// The width of a port access.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PortWidth {
    /// 8 bits.
    Byte,
    /// 16 bits.
    Word,
    /// 32 bits.
    Dword,
}

impl PortWidth {
    /// The number of bytes.
    pub const fn bytes(self) -> usize {
        match self {
            PortWidth::Byte => 1,
            PortWidth::Word => 2,
            PortWidth::Dword => 4,
        }
    }
}

impl PortWidth {
    /// The port width for an operand of width `W`. There are no ports of 64 bits.
    pub(crate) fn of<W: Width>() -> PortWidth {
        match W::BYTES {
            1 => PortWidth::Byte,
            2 => PortWidth::Word,
            _ => PortWidth::Dword,
        }
    }
}

impl fmt::Display for PortWidth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            PortWidth::Byte => "byte",
            PortWidth::Word => "word",
            PortWidth::Dword => "dword",
        })
    }
}

/// A port read that waits for its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PortRead {
    /// The port address.
    pub port: u16,
    /// The number of bytes.
    pub width: PortWidth,
    /// Where the value goes.
    pub(crate) target: PortTarget,
}

/// Where the value of a port read goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PortTarget {
    /// AL, AX or EAX.
    Accumulator,
    /// Memory, for INS.
    Memory(u64),
}

/// A read of CR8 that waits for its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cr8Read {
    /// The number of the general register that receives the value.
    pub(crate) target: u8,
}

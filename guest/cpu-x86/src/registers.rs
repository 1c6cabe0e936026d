//! The registers as the user sees them, and their numbers in operations.

use crate::flags::RFlags;

/// The instruction set that the processor executes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Mode {
    /// 32-bit protected mode, flat segments.
    Bits32,
    /// 64-bit mode.
    Bits64,
}

impl Mode {
    /// The number of bits, as the decoder takes it.
    pub(crate) const fn bits(self) -> u32 {
        match self {
            Mode::Bits32 => 32,
            Mode::Bits64 => 64,
        }
    }

    /// A mask: a one for each bit that a linear address can have.
    pub(crate) const fn address_mask(self) -> u64 {
        match self {
            Mode::Bits32 => 0xFFFF_FFFF,
            Mode::Bits64 => u64::MAX,
        }
    }
}

/// A general register; the number is the register's number in the instruction encoding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Register {
    /// RAX, or EAX in 32-bit mode.
    Rax = 0,
    /// RCX, or ECX in 32-bit mode.
    Rcx = 1,
    /// RDX, or EDX in 32-bit mode.
    Rdx = 2,
    /// RBX, or EBX in 32-bit mode.
    Rbx = 3,
    /// RSP, or ESP in 32-bit mode.
    Rsp = 4,
    /// RBP, or EBP in 32-bit mode.
    Rbp = 5,
    /// RSI, or ESI in 32-bit mode.
    Rsi = 6,
    /// RDI, or EDI in 32-bit mode.
    Rdi = 7,
    /// R8, 64-bit mode only.
    R8 = 8,
    /// R9, 64-bit mode only.
    R9 = 9,
    /// R10, 64-bit mode only.
    R10 = 10,
    /// R11, 64-bit mode only.
    R11 = 11,
    /// R12, 64-bit mode only.
    R12 = 12,
    /// R13, 64-bit mode only.
    R13 = 13,
    /// R14, 64-bit mode only.
    R14 = 14,
    /// R15, 64-bit mode only.
    R15 = 15,
}

/// Every register of the processor except the registers of the x87, as one value to save and
/// restore.
///
/// In 32-bit mode the upper halves of all 64-bit values are zero, and code cannot use the general
/// registers and SSE registers 8 to 15.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registers {
    /// The general registers, indexed by [`Register`].
    pub general: [u64; 16],
    /// The instruction pointer.
    pub rip: u64,
    /// The flags.
    pub flags: RFlags,
    /// The base address of FS.
    pub fs_base: u64,
    /// The base address of GS.
    pub gs_base: u64,
    /// The SSE registers.
    pub xmm: [u128; 16],
    /// The SSE control and status register. The processor only stores this value, because it does
    /// not have the floating-point instructions that the register controls.
    pub mxcsr: u32,
}

impl Default for Registers {
    /// All registers are zero, except MXCSR. MXCSR has its value after a reset, 1F80h.
    ///
    /// Source: Intel SDM volume 3, table 9-1 (MXCSR 1F80h).
    fn default() -> Registers {
        Registers {
            general: [0; 16],
            rip: 0,
            flags: RFlags::empty(),
            fs_base: 0,
            gs_base: 0,
            xmm: [0; 16],
            mxcsr: 0x1F80,
        }
    }
}

/// The registers in an array that an operation indexes without a branch. First come 16 general
/// registers. Then comes a register that is always zero (no base, no index, flat segment). Then
/// come the two segment bases. The other places are unused.
pub(crate) type RegisterFile = [u64; 32];

/// The register that is always zero.
pub(crate) const ZERO_REGISTER: u8 = 16;
/// The base address of FS.
pub(crate) const FS_BASE: u8 = 17;
/// The base address of GS.
pub(crate) const GS_BASE: u8 = 18;

pub(crate) const RAX: usize = Register::Rax as usize;
pub(crate) const RCX: usize = Register::Rcx as usize;
pub(crate) const RDX: usize = Register::Rdx as usize;
pub(crate) const RBX: usize = Register::Rbx as usize;
pub(crate) const RSP: usize = Register::Rsp as usize;
pub(crate) const RBP: usize = Register::Rbp as usize;
pub(crate) const RSI: usize = Register::Rsi as usize;
pub(crate) const RDI: usize = Register::Rdi as usize;

/// This bit is set in the code of a byte register that is bits 8 to 15 of its general register: AH,
/// CH, DH, BH.
pub(crate) const HIGH_BYTE: u8 = 0x80;

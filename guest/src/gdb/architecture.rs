//! The registers of both bitnesses in the form that gdb expects.

use cpu_x86::{RFlags, Registers, X87Registers};
use gdbstub::arch::Arch;
use gdbstub_arch::x86::reg::{X86_64CoreRegs, X86CoreRegs, X86SegmentRegs};
use gdbstub_arch::x86::{X86_64_SSE, X86_SSE};

use super::x87;

/// An instruction set that gdb knows.
pub(super) trait Architecture: Arch<BreakpointKind = usize> {
    /// The processor and the system as lldb names them. Source: LLVM, the class Triple.
    const TRIPLE: &'static str;

    /// The registers in gdb's order.
    fn to_gdb(registers: &Registers, x87: &X87Registers) -> Self::Registers;

    /// Writes the changes of gdb into the registers.
    fn from_gdb(changed: &Self::Registers, registers: &mut Registers, x87: &mut X87Registers);

    /// Converts an address from gdb.
    fn address(address: Self::Usize) -> u64;

    /// Converts an address for gdb. In 32-bit mode the upper half is always zero.
    fn usize(address: u64) -> Self::Usize;
}

/// Assumed: flat selectors as NT has them in kernel mode. The debugger only shows them.
const SEGMENTS_64: X86SegmentRegs =
    X86SegmentRegs { cs: 0x10, ss: 0x18, ds: 0x2B, es: 0x2B, fs: 0x53, gs: 0x2B };
const SEGMENTS_32: X86SegmentRegs =
    X86SegmentRegs { cs: 0x08, ss: 0x10, ds: 0x23, es: 0x23, fs: 0x30, gs: 0x00 };

/// For each general register in gdb's order, its number in the encoding. gdb's order is RAX, RBX,
/// RCX, RDX, RSI, RDI, RBP, RSP, then R8 to R15.
/// Source: gdb, features/i386/64bit-core.xml.
const GDB_ORDER_64: [usize; 16] = [0, 3, 1, 2, 6, 7, 5, 4, 8, 9, 10, 11, 12, 13, 14, 15];

impl Architecture for X86_64_SSE {
    const TRIPLE: &'static str = "x86_64-pc-windows-msvc";

    fn to_gdb(registers: &Registers, x87: &X87Registers) -> X86_64CoreRegs {
        X86_64CoreRegs {
            regs: GDB_ORDER_64.map(|number| registers.general[number]),
            eflags: registers.flags.bits() as u32,
            rip: registers.rip,
            segments: SEGMENTS_64,
            st: x87::stack_to_gdb(x87),
            fpu: x87::control_to_gdb(x87),
            xmm: registers.xmm,
            mxcsr: registers.mxcsr,
        }
    }

    fn from_gdb(changed: &X86_64CoreRegs, registers: &mut Registers, x87: &mut X87Registers) {
        x87::from_gdb(&changed.st, &changed.fpu, x87);
        for (value, number) in changed.regs.iter().zip(GDB_ORDER_64) {
            registers.general[number] = *value;
        }
        registers.flags = RFlags::from_bits_retain(changed.eflags.into());
        registers.rip = changed.rip;
        registers.xmm = changed.xmm;
        registers.mxcsr = changed.mxcsr;
    }

    fn address(address: u64) -> u64 {
        address
    }

    fn usize(address: u64) -> u64 {
        address
    }
}

impl Architecture for X86_SSE {
    const TRIPLE: &'static str = "i386-pc-windows-msvc";

    fn to_gdb(registers: &Registers, x87: &X87Registers) -> X86CoreRegs {
        let [eax, ecx, edx, ebx, esp, ebp, esi, edi, ..] =
            registers.general.map(|value| value as u32);
        let mut xmm = [0; 8];
        xmm.copy_from_slice(&registers.xmm[..8]);
        X86CoreRegs {
            eax,
            ecx,
            edx,
            ebx,
            esp,
            ebp,
            esi,
            edi,
            eip: registers.rip as u32,
            eflags: registers.flags.bits() as u32,
            segments: SEGMENTS_32,
            st: x87::stack_to_gdb(x87),
            fpu: x87::control_to_gdb(x87),
            xmm,
            mxcsr: registers.mxcsr,
        }
    }

    fn from_gdb(changed: &X86CoreRegs, registers: &mut Registers, x87: &mut X87Registers) {
        x87::from_gdb(&changed.st, &changed.fpu, x87);
        let general = [
            changed.eax,
            changed.ecx,
            changed.edx,
            changed.ebx,
            changed.esp,
            changed.ebp,
            changed.esi,
            changed.edi,
        ];
        for (register, value) in registers.general.iter_mut().zip(general) {
            *register = value.into();
        }
        registers.flags = RFlags::from_bits_retain(changed.eflags.into());
        registers.rip = changed.eip.into();
        registers.xmm[..8].copy_from_slice(&changed.xmm);
        registers.mxcsr = changed.mxcsr;
    }

    fn address(address: u32) -> u64 {
        address.into()
    }

    fn usize(address: u64) -> u32 {
        address as u32
    }
}

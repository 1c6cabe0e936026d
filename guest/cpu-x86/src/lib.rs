//! An interpreter for x86 and x86-64: safe Rust, exact counts, stops.
//!
//! The interpreter has no callbacks: an instruction that needs the user ends the run with a stop.
//!
//! ```
//! use cpu_x86::{Cpu, Mode, Register, Rights, Stop};
//!
//! let mut cpu = Cpu::new(Mode::Bits64);
//! cpu.memory_mut().map(0x1000, 0x1000, Rights::READ | Rights::EXECUTE).unwrap();
//! cpu.memory_mut().poke(0x1000, &[0xEC, 0xFF, 0xC0, 0xF4]).unwrap(); // in al, dx; inc eax; hlt
//! cpu.set_register(Register::Rdx, 0x331);
//! cpu.set_rip(0x1000);
//!
//! let Stop::PortRead(read) = cpu.run(100) else { panic!("IN is a stop") };
//! assert_eq!(read.port, 0x331);
//! cpu.finish_port_read(&read, 0x80).unwrap();
//! assert_eq!(cpu.run(100), Stop::Halt);
//! assert_eq!(cpu.register(Register::Rax), 0x81);
//! assert_eq!(cpu.instruction_count(), 3);
//! ```
//!
//! # What is emulated
//!
//! One processor at privilege level 0 in flat 32-bit or 64-bit mode: the integer instructions,
//! string instructions, the stack, the moves and integer forms of SSE and SSE2, the x87 without its
//! transcendental instructions, CPUID, FS and GS with their bases. Memory consists of pages with
//! rights; guard pages have their own kind of fault. Code that changes itself sees the change at
//! the next instruction.
//!
//! # What is a stop
//!
//! Ports, CR8, the time stamp, HLT, a change of the interrupt flag, software interrupts, faults,
//! divide errors, BOUND, x87 exceptions, undefined and refused instructions, breakpoints,
//! watchpoints, stop addresses, a used-up budget. While the user serves a stop, the user may save
//! the registers, run other code on the same processor, and restore the registers.
//!
//! # What is refused
//!
//! F2XM1, FYL2X, FYL2XP1, FPTAN, FPATAN, FSIN, FCOS and FSINCOS: the manual allows an error of one
//! unit in the last place of a result, and no library here promises so small an error. FENI, FDISI
//! and FSETPM of old coprocessors, and second encodings of x87 instructions that assemblers never
//! choose. MMX except EMMS, SSE floating point, SSE3 and later except FISTTP and LDDQU, VEX and
//! EVEX forms, BMI except TZCNT; far jumps, calls and returns, IRET, SYSCALL, SYSENTER; 16-bit near
//! branches; loads of segment registers, LGDT and similar instructions, control registers except
//! CR8, debug registers, MSRs, INVLPG, WBINVD; POPF that sets the trap flag. Each of these
//! instructions ends the run with `Stop::Unsupported` and its address. `Cpu::disassemble` gives the
//! text for this address.
//!
//! # Inaccuracies
//!
//! - Time: every instruction counts one. Every iteration of a repeated string instruction also
//!   counts one.
//! - Segment limits, the alignment check and privilege levels do not exist; a non-canonical
//!   address faults as not mapped.
//! - Each flag and result that the manual leaves undefined has one value here. The code that makes
//!   the value says which value.
//! - Where the x87 of AMD and the x87 of Intel differ, the x87 here does what AMD's does. After an
//!   exception that is not masked, FCOM still sets its answer and FLD still loads. The x87 keeps
//!   the address and the opcode of the last instruction and the address of its operand, but no
//!   selectors. FXSAVE stores these three values only while an exception that is not masked waits.
//! - STI does not delay interrupts for one instruction; the user decides when to deliver
//!   interrupts.
//!
//! Architecture invariant: nothing here knows an operating system, a device or a file format.
//! Architecture invariant: no unsafe code, no host clock, no host instruction, no host `float`: the
//! x87 calculates with the soft floats of `rustc_apfloat`.
//!
//! Source: Intel 64 and IA-32 Architectures Software Developer's Manual; for the differences of
//! AMD, AMD64 Architecture Programmer's Manual.
//! Measured: every form is compared with the host's processor in `tests/native/`.

#![forbid(unsafe_code)]

mod blocks;
mod cpu;
mod cpuid;
mod decode;
mod flags;
mod machine;
mod memory;
mod operation;
mod ops;
mod pages;
mod registers;
mod repetition;
mod run;
mod select;
mod stop;
mod x87;

pub use cpu::{Cpu, Disassembly, Snapshot, Support};
pub use flags::RFlags;
pub use memory::{Memory, Watchpoint};
pub use pages::{MapError, PAGE_BYTES, PAGE_LIMIT, Rights};
pub use registers::{Mode, Register, Registers};
pub use repetition::Repetition;
pub use stop::{Access, Cr8Read, Fault, FaultKind, PortRead, PortWidth, Stop};
pub use x87::X87Registers;

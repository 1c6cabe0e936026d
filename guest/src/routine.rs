//! A routine that the guest can call, and how it is written.
//!
//! A routine is a function of one [`Call`], which takes the arguments one after the other in the
//! order of the C declaration and returns what the C function returns, 0 for `void`:
//!
//! ```
//! use portcls_emulator::Irql;
//! use portcls_guest::routine::{Call, Routine};
//!
//! /// `BOOLEAN RtlEqualLuid(PLUID, PLUID)`, of two words on x86.
//! const ROUTINES: &[Routine] =
//!     &[Routine::stdcall("RtlEqualLuid", 2, Irql::HIGH_LEVEL, equal_luid)];
//!
//! fn equal_luid(call: &Call<'_>) -> u64 {
//!     let (first, second) = (call.pointer(), call.pointer());
//!     let guest = call.guest();
//!     u64::from(guest.load_u64(first) == guest.load_u64(second))
//! }
//! ```
//!
//! What it may rely on:
//! - `call.pointer()`, `u32()`, `u64()` and the like know both bitnesses: a 64-bit argument is
//!   one register on x64 and two words on x86. The number of words in the table is for x86
//!   alone; a debug build checks that it is what the routine takes.
//! - Memory of the guest is read and written with `guest.load_…` and `guest.store_…`, which check
//!   like the processor does; a bad pointer is a bug check in the name of the routine and does
//!   not return (on a frozen kernel it is 0).
//! - The interpreter is not borrowed: the routine may call into the guest with `guest.call`, let
//!   time pass, and take interrupts.
//! - An object that lives in guest memory (a KDPC, a KTIMER) is bound to the kernel's object by
//!   its address: `guest.bind(address, object)` and `guest.bound::<T>(address)`.
//! - The IRQL limit in the table is checked before the routine runs, as a violation of the rule
//!   about it. A service of the kernel that checks its own gets `Irql::HIGH_LEVEL` here, or the
//!   violation is told twice.
//!
//! A routine goes into the table of its module in `import/`, which is what a driver's imports are
//! looked up in. A routine that is not in a table ends the run by its name when it is called.

use std::cell::Cell;
use std::fmt;

use portcls_emulator::{Irql, Kernel, NtStatus};

use crate::guest::Guest;

/// How a routine is called on x86; on x64 there is one convention.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Convention {
    /// Arguments on the stack, taken off by the routine.
    Stdcall,
    /// The first two words in ECX and EDX, the rest as `Stdcall`.
    Fastcall,
    /// Arguments on the stack, taken off by the caller; the only one with a variable number.
    Cdecl,
}

/// The body of a routine.
pub type Body = fn(&Call<'_>) -> u64;

/// A routine that the guest can call.
#[derive(Clone, Copy)]
pub struct Routine {
    /// Its exported name, without decoration.
    pub name: &'static str,
    /// How it is called on x86.
    pub convention: Convention,
    /// How many 32-bit words of arguments it has on x86; the fixed ones of a variable number.
    pub words: u8,
    /// The highest IRQL at which it may be called.
    pub highest_irql: Irql,
    /// What it does.
    pub body: Body,
}

impl Routine {
    /// A routine with the usual convention.
    #[must_use]
    pub const fn stdcall(name: &'static str, words: u8, highest_irql: Irql, body: Body) -> Routine {
        Routine { name, convention: Convention::Stdcall, words, highest_irql, body }
    }

    /// A routine of the `Kf`, `Iof` and `Interlocked` kind.
    #[must_use]
    pub const fn fastcall(
        name: &'static str,
        words: u8,
        highest_irql: Irql,
        body: Body,
    ) -> Routine {
        Routine { name, convention: Convention::Fastcall, words, highest_irql, body }
    }

    /// A routine of the C library, or one with a variable number of arguments.
    #[must_use]
    pub const fn cdecl(name: &'static str, words: u8, highest_irql: Irql, body: Body) -> Routine {
        Routine { name, convention: Convention::Cdecl, words, highest_irql, body }
    }

    /// Bytes that it takes off the stack on x86, beside its return address.
    pub(crate) fn stack_bytes(&self) -> u64 {
        let words = u64::from(self.words);
        match self.convention {
            Convention::Stdcall => 4 * words,
            Convention::Fastcall => 4 * words.saturating_sub(2),
            Convention::Cdecl => 0,
        }
    }
}

impl fmt::Debug for Routine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({:?}, {} words)", self.name, self.convention, self.words)
    }
}

/// One call of a routine by the guest: where its arguments come from.
pub struct Call<'a> {
    guest: &'a Guest,
    routine: &'static Routine,
    arguments: ArgumentWords,
    next: Cell<u64>,
}

/// Where the words of the arguments are.
#[derive(Clone, Copy)]
pub(crate) struct ArgumentWords {
    /// The first words, in registers.
    pub registers: [u64; 4],
    /// How many of them there are.
    pub in_registers: u64,
    /// The address of the first word that is not in a register.
    pub stack: u64,
    /// Bytes of a word.
    pub word_bytes: u64,
    /// Where the routine returns to.
    pub return_address: u64,
}

impl<'a> Call<'a> {
    pub(crate) fn new(
        guest: &'a Guest,
        routine: &'static Routine,
        arguments: ArgumentWords,
    ) -> Call<'a> {
        Call { guest, routine, arguments, next: Cell::new(0) }
    }

    /// The guest.
    #[must_use]
    pub fn guest(&self) -> &'a Guest {
        self.guest
    }

    /// The kernel.
    #[must_use]
    pub fn kernel(&self) -> &'a Kernel {
        self.guest.kernel()
    }

    /// The routine that was called.
    #[must_use]
    pub fn routine(&self) -> &'static Routine {
        self.routine
    }

    /// The instruction behind the call.
    #[must_use]
    pub fn return_address(&self) -> u64 {
        self.arguments.return_address
    }

    /// The next argument, a pointer or anything else that is as wide.
    #[inline]
    pub fn pointer(&self) -> u64 {
        let index = self.next.get();
        self.next.set(index + 1);
        let words = &self.arguments;
        match index.checked_sub(words.in_registers) {
            None => words.registers[index as usize],
            Some(index) => self.guest.load_word(words.stack + index * words.word_bytes),
        }
    }

    /// The next argument of a variable number: 0 where the stack ends, for nothing says how many
    /// there are.
    pub fn variable(&self) -> u64 {
        let words = &self.arguments;
        if let Some(index) = self.next.get().checked_sub(words.in_registers) {
            let address = words.stack.wrapping_add(index * words.word_bytes);
            if !self.guest.is_readable(address, words.word_bytes as usize) {
                return 0;
            }
        }
        self.pointer()
    }

    /// The next argument, a ULONG, an enumeration or a BOOL.
    #[inline]
    pub fn u32(&self) -> u32 {
        self.pointer() as u32
    }

    /// The next argument, a USHORT.
    #[inline]
    pub fn u16(&self) -> u16 {
        self.pointer() as u16
    }

    /// The next argument, a UCHAR, a BOOLEAN or a KIRQL.
    #[inline]
    pub fn u8(&self) -> u8 {
        self.pointer() as u8
    }

    /// The next argument, 64 bits wide on both bitnesses.
    #[inline]
    pub fn u64(&self) -> u64 {
        let low = self.pointer();
        if self.arguments.word_bytes == 8 { low } else { low | self.pointer() << 32 }
    }

    /// Words of arguments that were taken.
    pub(crate) fn taken(&self) -> u64 {
        self.next.get()
    }
}

/// What a routine with an NTSTATUS returns.
#[must_use]
pub fn status(status: NtStatus) -> u64 {
    u64::from(status.0)
}

/// What a routine with an NTSTATUS and no other result returns.
#[must_use]
pub fn status_of<T>(result: &Result<T, NtStatus>) -> u64 {
    status(NtStatus::of(result))
}

//! A routine that the guest can call, and how it is written.
//!
//! A routine is a function of one [`Call`] and then its arguments, in the order and with the types
//! of the C declaration, and a row that says its name and who checks its IRQL:
//!
//! ```
//! use portcls_guest::routine::{Call, Pointer, Routine, row};
//!
//! static ROUTINES: &[Routine] = &[row!("RtlEqualLuid", UpTo(HIGH_LEVEL), equal_luid)];
//!
//! /// `BOOLEAN RtlEqualLuid(PLUID, PLUID)`
//! fn equal_luid(call: &Call<'_>, first: Pointer, second: Pointer) -> bool {
//!     let guest = call.guest();
//!     guest.load_u64(first.0) == guest.load_u64(second.0)
//! }
//!
//! assert_eq!(ROUTINES[0].words, 2);
//! ```
//!
//! What follows from the types, and is told nowhere else:
//! - Where an argument lies: in a register or on the stack, in one word of x86 or in two ([`u64`],
//!   [`i64`]). A [`Pointer`] and a [`Word`] are as wide as the guest. See [`Argument`].
//! - What is returned: an [`NtStatus`](portcls_emulator::NtStatus), a `Result` whose error is one,
//!   a number, a pointer, or nothing. See [`Answer`].
//! - How many words an x86 routine takes off the stack.
//!
//! What a routine may rely on:
//! - Memory of the guest is read and written with `guest.load_…` and `guest.store_…`, and written
//!   through an [`Out`]. They check like the processor does; a bad pointer is a bug check in the
//!   name of the routine and does not return (on a frozen kernel it is 0).
//! - The interpreter is not borrowed: the routine may call into the guest with `guest.call`, let
//!   time pass, and take interrupts.
//! - An object that lives in guest memory (a KDPC, a KTIMER) is bound to the kernel's object by
//!   its address: `guest.bind(address, object)` and `guest.bound::<T>(address)`.
//!
//! A circle that stays: a [`Routine`] serves a [`Call`], and a call tells of which routine it is; the
//! files of arguments, answers and bodies stand between the two.
//!
//! A row stands in the `ROUTINES` of the file of its function, in the order of the alphabet, and a
//! module in `import/` is a list of those. A routine that is not in a table ends the run by its
//! name when it is called.

mod answer;
mod argument;
mod body;
mod call;

use std::fmt;

pub use portcls_emulator::Irql;

pub use answer::Answer;
pub use argument::{Argument, Boolean, Out, Pointer, Stored, Variables, Word, Words};
pub use body::Body;
pub use call::Call;

use crate::processor::arguments::Convention;

/// A row of a table: the name, who checks the IRQL, the function.
///
/// `UpTo(PASSIVE_LEVEL)` and `ByKernel` are those of [`Checked`](crate::routine::Checked). The
/// convention is stdcall unless the row ends in `.fastcall()` or `.cdecl()`.
#[macro_export]
macro_rules! row {
    ($name:literal, $checked:ident $(($level:ident))?, $body:path $(,)?) => {
        $crate::routine::Routine::erased(
            $name,
            $crate::routine::Checked::$checked $(($crate::routine::Irql::$level))?,
            &$body,
            |call| $crate::routine::Body::serve(&$body, call),
        )
    };
}
pub use row;

/// Who checks that a routine is not called at too high an IRQL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Checked {
    /// The table: the highest level at which it may be called. A call above it breaks the rule
    /// about it before the routine runs.
    UpTo(Irql),
    /// What the routine stands for: the service of the kernel or of the port behind it knows its
    /// own limit, and paged memory that it touches has one. A limit here would tell it twice.
    ByKernel,
}

/// A routine that the guest can call.
#[derive(Clone, Copy)]
pub struct Routine {
    /// Its exported name, without decoration.
    pub name: &'static str,
    /// How it is called on x86.
    pub convention: Convention,
    /// How many 32-bit words of arguments it has on x86; the fixed ones of a variable number.
    pub words: u8,
    /// Who checks the IRQL of its caller.
    pub checked: Checked,
    /// What it does: takes the arguments of a call and returns RAX, or EDX:EAX on x86.
    pub(crate) serve: fn(&Call<'_>) -> u64,
}

impl Routine {
    /// What [`row!`] makes: the type of the body is in `serve` and in the
    /// number of words, and gone from the row.
    #[doc(hidden)]
    #[must_use]
    pub const fn erased<Signature, Function: Body<Signature>>(
        name: &'static str,
        checked: Checked,
        _body: &Function,
        serve: fn(&Call<'_>) -> u64,
    ) -> Routine {
        Routine { name, convention: Convention::Stdcall, words: Function::WORDS, checked, serve }
    }

    /// The same of the `Kf`, `Iof` and `Interlocked` kind.
    #[must_use]
    pub const fn fastcall(self) -> Routine {
        Routine { convention: Convention::Fastcall, ..self }
    }

    /// The same of the C library, or with a variable number of arguments.
    #[must_use]
    pub const fn cdecl(self) -> Routine {
        Routine { convention: Convention::Cdecl, ..self }
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

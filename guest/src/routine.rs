//! A routine that the guest can call, and how it is written.
//!
//! A routine is a function and a row. The function takes a [`Call`] and then its arguments, in the
//! order and with the types of the C declaration. The row says the name of the routine and who
//! checks the IRQL:
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
//! These facts follow from the types and are written nowhere else:
//! - Where an argument lies: in a register or on the stack, in one word of x86 or in two ([`u64`],
//!   [`i64`]). A [`Pointer`] and a [`Word`] are as wide as the guest's pointers. See [`Argument`].
//! - What the routine returns: an [`NtStatus`](portcls_emulator::NtStatus), a `Result` whose error
//!   is an `NtStatus`, a number, a pointer, or nothing. See [`Answer`].
//! - How many words an x86 routine removes from the stack.
//!
//! A routine may rely on this:
//! - The routine reads and writes guest memory with `guest.load_…`, `guest.store_…` and [`Out`].
//!   These functions check the access just like the processor. A bad pointer is a bug check that
//!   names the routine, and the access does not return (on a frozen kernel the access reads 0).
//! - The interpreter is not borrowed: the routine may call into the guest with `guest.call`, let
//!   time pass, and take interrupts.
//! - An object in guest memory (a KDPC, a KTIMER) is bound to the kernel's object by its address:
//!   `guest.bind(address, object)` and `guest.bound::<T>(address)`.
//!
//! One circular dependency stays: a [`Routine`] is made from a [`Body`], a body takes each
//! [`Argument`] from a [`Call`], and a call names its routine.
//!
//! The row of an exported routine stands in the `ROUTINES` of the file of its function, in the
//! order of the alphabet. A module in `import/`, such as ntoskrnl.exe, is a list of such tables.
//! When a driver calls an imported routine that is in no table, the run ends with the routine's
//! name.

mod answer;
mod argument;
mod body;
mod call;

use std::fmt;

pub use portcls_emulator::Irql;
use portcls_emulator::Kernel;
use portcls_port::guid::Guid;

pub use answer::Answer;
pub use argument::{Argument, Boolean, Out, Pointer, Stored, Variables, Word, Words};
pub use body::Body;
pub use call::Call;

use crate::processor::arguments::Convention;

/// Makes a row of a table from the name, who checks the IRQL, and the function.
///
/// `UpTo(PASSIVE_LEVEL)` and `ByKernel` are values of [`Checked`](crate::routine::Checked). The
/// calling convention is stdcall unless the row ends in `.fastcall()` or `.cdecl()`. The row of a
/// routine that refuses every call ends in `.refusing()`.
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

/// Who checks that the driver does not call a routine at too high an IRQL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Checked {
    /// The guest checks the IRQL before the routine runs. This is the highest level at which the
    /// driver may call the routine. A call at a higher level breaks the rule about the IRQL.
    UpTo(Irql),
    /// The service of the kernel or the port that the routine calls checks the IRQL. A limit in the
    /// row would report the same mistake twice.
    ByKernel,
}

/// What a driver can get from a routine.
#[derive(Clone, Copy)]
pub enum Serves {
    /// Everything that the routine is for.
    Everything,
    /// Objects of the classes for which this function answers true. To find out, the function makes
    /// an object and drops it.
    Classes(fn(&Kernel, &Guid) -> bool),
    /// Nothing: the routine only refuses, or says why the run ends.
    Nothing,
}

/// A routine that the guest can call.
#[derive(Clone, Copy)]
pub struct Routine {
    /// The exported name, without decoration. For a method, the interface and the method.
    pub name: &'static str,
    /// The calling convention on x86.
    pub convention: Convention,
    /// The number of 32-bit words of the routine's arguments on x86, without the words of a
    /// variable part.
    pub words: u8,
    /// Who checks the IRQL of the caller.
    pub checked: Checked,
    /// What a driver can get from the routine.
    pub serves: Serves,
    /// Takes the arguments of a call, runs the routine, and returns RAX, or EDX:EAX on x86.
    pub(crate) serve: fn(&Call<'_>) -> u64,
}

impl Routine {
    /// Makes a routine, for [`row!`]. The row keeps only `serve` and the number of words of the
    /// body. It does not keep the body's type, so [`Routine`] needs no type parameter.
    #[doc(hidden)]
    #[must_use]
    pub const fn erased<Signature, Function: Body<Signature>>(
        name: &'static str,
        checked: Checked,
        _body: &Function,
        serve: fn(&Call<'_>) -> u64,
    ) -> Routine {
        let (convention, serves) = (Convention::Stdcall, Serves::Everything);
        Routine { name, convention, words: Function::WORDS, checked, serves, serve }
    }

    /// Marks the routine: it makes objects of the classes for which `makes` is true.
    #[must_use]
    pub const fn of_classes(self, makes: fn(&Kernel, &Guid) -> bool) -> Routine {
        Routine { serves: Serves::Classes(makes), ..self }
    }

    /// Marks the routine: it refuses every call.
    #[must_use]
    pub const fn refusing(self) -> Routine {
        Routine { serves: Serves::Nothing, ..self }
    }

    /// The same routine with the convention fastcall, for routines such as KfRaiseIrql,
    /// IofCallDriver and InterlockedIncrement.
    #[must_use]
    pub const fn fastcall(self) -> Routine {
        Routine { convention: Convention::Fastcall, ..self }
    }

    /// The same routine with the convention cdecl, for routines of the C library and routines with
    /// a variable number of arguments.
    #[must_use]
    pub const fn cdecl(self) -> Routine {
        Routine { convention: Convention::Cdecl, ..self }
    }

    /// Bytes that the routine removes from the stack on x86, beside its return address.
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

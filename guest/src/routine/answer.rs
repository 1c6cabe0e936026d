//! The types that a routine can return, and what each is in a register.

use portcls_emulator::{Irql, NtStatus};

use super::{Pointer, Word};

/// What a routine returns.
pub trait Answer {
    /// The answer as RAX, or as EDX:EAX on x86.
    fn into_rax(self) -> u64;

    /// What is returned when the arguments could not be taken and the routine did not run: 0, and
    /// STATUS_INVALID_PARAMETER where a status is returned, for 0 would tell of success.
    #[must_use]
    fn refusal() -> u64 {
        0
    }
}

/// What a `VOID` routine leaves there: 0, so that nothing hangs on what was there before.
impl Answer for () {
    #[inline]
    fn into_rax(self) -> u64 {
        0
    }
}

impl Answer for NtStatus {
    #[inline]
    fn into_rax(self) -> u64 {
        u64::from(self.0)
    }

    fn refusal() -> u64 {
        NtStatus::INVALID_PARAMETER.into_rax()
    }
}

/// An NTSTATUS and no other result: STATUS_SUCCESS or what failed.
impl Answer for Result<(), NtStatus> {
    #[inline]
    fn into_rax(self) -> u64 {
        NtStatus::of(&self).into_rax()
    }

    fn refusal() -> u64 {
        NtStatus::INVALID_PARAMETER.into_rax()
    }
}

/// An NTSTATUS that is not plain STATUS_SUCCESS where all went well, as STATUS_PENDING is.
impl Answer for Result<NtStatus, NtStatus> {
    #[inline]
    fn into_rax(self) -> u64 {
        self.unwrap_or_else(|failure| failure).into_rax()
    }

    fn refusal() -> u64 {
        NtStatus::INVALID_PARAMETER.into_rax()
    }
}

impl Answer for Irql {
    #[inline]
    fn into_rax(self) -> u64 {
        u64::from(self.0)
    }
}

impl Answer for Pointer {
    #[inline]
    fn into_rax(self) -> u64 {
        self.0
    }
}

impl Answer for Word {
    #[inline]
    fn into_rax(self) -> u64 {
        self.0
    }
}

impl Answer for u64 {
    #[inline]
    fn into_rax(self) -> u64 {
        self
    }
}

/// A LONG or an int: 32 bits, and the upper half is 0.
impl Answer for i32 {
    #[inline]
    fn into_rax(self) -> u64 {
        u64::from(self as u32)
    }
}

macro_rules! unsigned {
    ($($type:ty)*) => {
        $(impl Answer for $type {
            #[inline]
            fn into_rax(self) -> u64 {
                u64::from(self)
            }
        })*
    };
}

unsigned!(bool u8 u16 u32);

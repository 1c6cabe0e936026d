//! The types that a routine can return, and their values in a register.

use portcls_emulator::{Irql, NtStatus};

use super::{Pointer, Word};

/// A type that a routine can return.
pub trait Answer {
    /// The answer as RAX, or as EDX:EAX on x86.
    fn into_rax(self) -> u64;

    /// The return value when the arguments could not be taken and the routine did not run. A
    /// routine that returns a status has STATUS_INVALID_PARAMETER here, because 0 would mean
    /// success. Every other routine has 0.
    #[must_use]
    fn refusal() -> u64 {
        0
    }

    /// The status with which the routine turned the call down. Only a routine that returns a
    /// `Result` has one. A bare [`NtStatus`] may be a status that the routine only passes on, such
    /// as the status of a request.
    fn refused(&self) -> Option<NtStatus> {
        None
    }
}

/// The value after a `VOID` routine: 0, so that no driver can depend on the old value of the
/// register.
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

/// An NTSTATUS without another result: STATUS_SUCCESS or the failure.
impl Answer for Result<(), NtStatus> {
    #[inline]
    fn into_rax(self) -> u64 {
        NtStatus::of(&self).into_rax()
    }

    fn refusal() -> u64 {
        NtStatus::INVALID_PARAMETER.into_rax()
    }

    #[inline]
    fn refused(&self) -> Option<NtStatus> {
        self.err()
    }
}

/// An NTSTATUS that may be a success other than STATUS_SUCCESS, such as STATUS_PENDING.
impl Answer for Result<NtStatus, NtStatus> {
    #[inline]
    fn into_rax(self) -> u64 {
        self.unwrap_or_else(|failure| failure).into_rax()
    }

    fn refusal() -> u64 {
        NtStatus::INVALID_PARAMETER.into_rax()
    }

    #[inline]
    fn refused(&self) -> Option<NtStatus> {
        self.err()
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

/// A LONG or an int: the lower 32 bits. The upper half is 0.
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

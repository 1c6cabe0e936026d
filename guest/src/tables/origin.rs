//! The origin of a driver's object: the routine by which the driver got it.

use crate::processor::thunk::RoutineNumber;

/// The routine being served, and its return address.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Serving {
    pub routine: RoutineNumber,
    pub return_address: u64,
}

/// How a driver got an object.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Origin {
    /// The driver called this routine of the emulator, and the routine gave the object.
    Call { routine: &'static str, return_address: u64 },
    /// The driver's own routine at this address got the object as an argument.
    Argument { routine: u64 },
}

//! How a driver came by something: the routine that is served, and what it hands out.

use crate::processor::thunk::RoutineNumber;

/// A routine that is served: which one, and where it returns to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Serving {
    pub routine: RoutineNumber,
    pub return_address: u64,
}

/// How a driver came by something.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Origin {
    /// By calling a routine.
    Call { routine: &'static str, return_address: u64 },
    /// As an argument of its own routine at this address.
    Argument { routine: u64 },
}

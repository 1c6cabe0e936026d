//! Thunks: addresses that stand for routines outside the guest.
//!
//! A call to one stops the interpreter. The first is where a call into the guest returns to.

use std::ops::Range;

use crate::routine::Routine;

/// The distance between two thunks: enough that a jump beside one is not another one.
const STRIDE: u64 = 16;

/// What is behind a thunk.
#[derive(Debug, Clone)]
pub(crate) enum Thunk {
    /// The way back out of the guest.
    Return,
    /// A routine of ours.
    Routine(&'static Routine),
    /// A routine that we do not have, by module and name.
    Missing(String),
}

/// All thunks of a guest, in the order in which they were made.
#[derive(Debug)]
pub(crate) struct Thunks {
    range: Range<u64>,
    thunks: Vec<Thunk>,
}

impl Thunks {
    pub fn new(range: Range<u64>) -> Thunks {
        Thunks { range, thunks: vec![Thunk::Return] }
    }

    /// Where a call into the guest returns to.
    pub fn return_address(&self) -> u64 {
        self.range.start
    }

    /// A new thunk; `None` when the range is used up.
    pub fn add(&mut self, thunk: Thunk) -> Option<u64> {
        let address = self.range.start + self.thunks.len() as u64 * STRIDE;
        if address >= self.range.end {
            return None;
        }
        self.thunks.push(thunk);
        Some(address)
    }

    /// The thunk of a routine, made when it is asked for first.
    pub fn of_routine(&mut self, routine: &'static Routine) -> Option<u64> {
        let known = self.thunks.iter().position(
            |thunk| matches!(thunk, Thunk::Routine(other) if std::ptr::eq(*other, routine)),
        );
        match known {
            Some(index) => Some(self.range.start + index as u64 * STRIDE),
            None => self.add(Thunk::Routine(routine)),
        }
    }

    /// What is behind an address, `None` between and behind the thunks.
    #[inline]
    pub fn at(&self, address: u64) -> Option<&Thunk> {
        let offset = address.checked_sub(self.range.start)?;
        if !offset.is_multiple_of(STRIDE) {
            return None;
        }
        self.thunks.get((offset / STRIDE) as usize)
    }

    /// The name behind an address, for a report.
    pub fn name(&self, address: u64) -> Option<&str> {
        match self.at(address)? {
            Thunk::Return => Some("the kernel"),
            Thunk::Routine(routine) => Some(routine.name),
            Thunk::Missing(name) => Some(name),
        }
    }
}

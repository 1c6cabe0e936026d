//! Thunks: addresses that stand for routines outside the guest.
//!
//! A call to a thunk stops the interpreter. The first thunk is the return address of a call into
//! the guest. Each other thunk holds the number of a routine, or the name of a routine that the
//! emulator does not have. Only `life/routines.rs` knows which routine has which number.

use std::num::NonZero;
use std::ops::Range;

/// The distance between two thunks in bytes. A jump that is a few bytes wrong hits no other thunk.
const STRIDE: u64 = 16;

/// A routine as the processor knows it: the number of the routine in a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RoutineNumber(NonZero<u32>);

impl RoutineNumber {
    /// The number of the routine at a place in the list, counted from 0.
    pub fn of_index(index: usize) -> RoutineNumber {
        let number = u32::try_from(index + 1).ok().and_then(NonZero::new);
        RoutineNumber(number.expect("there are some hundred routines"))
    }

    /// The place of the routine in the list, counted from 0.
    #[inline]
    pub fn index(self) -> usize {
        self.0.get() as usize - 1
    }
}

/// The meaning of a thunk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Thunk {
    /// The return from a call into the guest.
    Return,
    /// A routine that the emulator has.
    Routine(RoutineNumber),
    /// A routine that the emulator does not have. The text names the routine and the file that
    /// should export it, such as ntoskrnl.exe.
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

    /// The return address of a call into the guest.
    pub fn return_address(&self) -> u64 {
        self.range.start
    }

    /// Returns the thunk of a routine, and makes the thunk if there is none yet. `None` when the
    /// range is used up.
    pub fn of_routine(&mut self, routine: RoutineNumber) -> Option<u64> {
        let wanted = Thunk::Routine(routine);
        match self.thunks.iter().position(|thunk| *thunk == wanted) {
            Some(index) => Some(self.range.start + index as u64 * STRIDE),
            None => self.add(wanted),
        }
    }

    /// Makes a thunk for a routine that the emulator lacks; `None` when the range is used up.
    pub fn of_missing(&mut self, name: String) -> Option<u64> {
        self.add(Thunk::Missing(name))
    }

    fn add(&mut self, thunk: Thunk) -> Option<u64> {
        let address = self.range.start + self.thunks.len() as u64 * STRIDE;
        if address >= self.range.end {
            return None;
        }
        self.thunks.push(thunk);
        Some(address)
    }

    /// Whether an address is in the range of the thunks.
    pub fn holds(&self, address: u64) -> bool {
        self.range.contains(&address)
    }

    /// The thunk at an address; `None` when no thunk begins there.
    #[inline]
    pub fn at(&self, address: u64) -> Option<&Thunk> {
        let offset = address.checked_sub(self.range.start)?;
        if !offset.is_multiple_of(STRIDE) {
            return None;
        }
        self.thunks.get((offset / STRIDE) as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_routine_has_one_thunk_and_an_address_beside_it_is_none() {
        let mut thunks = Thunks::new(0x1000..0x1030);
        assert_eq!(thunks.at(thunks.return_address()), Some(&Thunk::Return));
        let first = thunks.of_routine(RoutineNumber::of_index(7)).expect("there is room");
        assert_eq!(thunks.of_routine(RoutineNumber::of_index(7)), Some(first));
        assert_eq!(thunks.at(first), Some(&Thunk::Routine(RoutineNumber::of_index(7))));
        assert_eq!(thunks.at(first + 1), None);
        assert_eq!(thunks.at(first + STRIDE), None);
        assert_eq!(thunks.at(0xFFF), None);
    }

    #[test]
    fn the_range_is_the_limit() {
        let mut thunks = Thunks::new(0x1000..0x1030);
        assert_eq!(thunks.of_missing("A of b.sys".to_owned()), Some(0x1010));
        assert_eq!(thunks.of_missing("A of b.sys".to_owned()), Some(0x1020), "each is its own");
        assert_eq!(thunks.of_routine(RoutineNumber::of_index(0)), None);
    }
}

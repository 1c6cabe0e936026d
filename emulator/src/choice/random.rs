//! An oracle with random answers.
//!
//! The same seed gives the same answers on every machine.

use std::cell::Cell;

use super::{Choice, Oracle, Question};
use crate::kernel::Kernel;

/// Gives an answer other than 0 to random questions.
#[derive(Debug)]
pub struct RandomOracle {
    choices: Vec<Choice>,
    one_in: u64,

    state: Cell<u64>,
    left: Cell<u64>,
}

impl RandomOracle {
    /// An oracle that gives an answer other than 0 once in `one_in` questions, on average, and at
    /// most `most` times. 0 for `one_in` means 1.
    #[must_use]
    pub fn new(seed: u64, one_in: u64, most: u64) -> RandomOracle {
        let choices = Choice::ALL.to_vec();
        RandomOracle {
            choices,
            one_in: one_in.max(1),
            state: Cell::new(seed),
            left: Cell::new(most),
        }
    }

    /// Limits the oracle to these choices; all other choices get answer 0.
    #[must_use]
    pub fn among(mut self, choices: &[Choice]) -> RandomOracle {
        self.choices = choices.to_vec();
        self
    }

    /// The next number of SplitMix64.
    /// Source: Steele, Lea and Flood, Fast Splittable Pseudorandom Number Generators, 2014.
    fn next(&self) -> u64 {
        let state = self.state.get().wrapping_add(0x9E37_79B9_7F4A_7C15);
        self.state.set(state);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }
}

impl Oracle for RandomOracle {
    fn answer(&self, _kernel: &Kernel, question: &Question) -> u32 {
        let is_open = self.left.get() > 0 && self.choices.contains(&question.choice);
        if !is_open || !self.next().is_multiple_of(self.one_in) {
            return 0;
        }
        self.left.set(self.left.get() - 1);
        let others = question.choice.answers().len() as u64 - 1;
        1 + (self.next() % others) as u32
    }
}

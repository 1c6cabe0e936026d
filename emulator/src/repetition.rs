//! A guard against code that comes back for ever and takes no time.

use std::cell::Cell;

/// How many beginnings at the same time count as endless.
/// Assumed: far more than a driver causes, and quickly reached.
const AT_ONE_TIME: u32 = 100_000;

/// Counts how often something begins at the same time.
#[derive(Default)]
pub(crate) struct Repetition {
    last_ns: Cell<u64>,
    /// The number of beginnings at that time.
    count: Cell<u32>,
}

impl Repetition {
    /// Counts a beginning. True when there were too many beginnings at this time.
    pub fn is_endless(&self, now_ns: u64) -> bool {
        let again = self.last_ns.replace(now_ns) == now_ns;
        self.count.set(if again { self.count.get() + 1 } else { 1 });
        self.count.get() > AT_ONE_TIME
    }
}

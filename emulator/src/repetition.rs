//! A guard against code that begins again for ever while no time passes.

use std::cell::Cell;

/// The largest number of beginnings at one time of the clock. More beginnings count as endless.
/// Assumed: a driver causes far fewer, and a run reaches this number quickly.
const AT_ONE_TIME: u32 = 100_000;

/// Counts how often something begins at one time of the clock.
#[derive(Default)]
pub(crate) struct Repetition {
    last_ns: Cell<u64>,
    /// The number of beginnings at `last_ns`.
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

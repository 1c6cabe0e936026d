//! How long a job waits, in simulated time: for silence, and for what may never come.
//!
//! Owns the limits of waits, and what it is that a wait gets on. Who waits, and for what, it never
//! knows.

/// Time for which MIDI OUT must have been idle before the stream is closed, in ns: a reset
/// throws away what is still in the card.
pub const CLOSE_AFTER_IDLE_NS: u64 = 100_000_000;

/// Time without progress after which a wait counts as one that never ends, in ns.
/// Assumed: no driver that works lets its user wait for a minute and does nothing.
pub(crate) const PATIENCE_NS: u64 = 60_000_000_000;

/// Sees whether a wait gets on: as long as what is reached changes, it may last.
pub(crate) struct Patience<Reached> {
    reached: Reached,
    since_ns: u64,
}

impl<Reached: PartialEq> Patience<Reached> {
    /// The wait begins.
    pub(crate) fn new(now_ns: u64, reached: Reached) -> Patience<Reached> {
        Patience { reached, since_ns: now_ns }
    }

    /// True when nothing else was reached for [`PATIENCE_NS`].
    pub(crate) fn is_over(&mut self, now_ns: u64, reached: Reached) -> bool {
        if reached != self.reached {
            *self = Patience::new(now_ns, reached);
        }
        now_ns >= self.since_ns.saturating_add(PATIENCE_NS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patience_lasts_while_something_moves_and_ends_a_minute_after_the_last_move() {
        let mut patience = Patience::new(7, 0);
        for byte in 1..1_000 {
            assert!(!patience.is_over(7 + byte * (PATIENCE_NS - 1), byte));
        }
        let last_ns = 7 + 999 * (PATIENCE_NS - 1);
        assert!(!patience.is_over(last_ns + PATIENCE_NS - 1, 999));
        assert!(patience.is_over(last_ns + PATIENCE_NS, 999));
    }
}

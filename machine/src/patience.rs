//! How long a job waits, in simulated time: for silence, and for progress.
//!
//! This file owns the limits of waits, and the rule for the progress of a wait. This file never
//! knows which code waits, or why.

/// Time for which MIDI OUT must have been idle before the application closes the stream, in ns. If
/// the application closed the stream earlier, a reset could drop bytes that are still in the card.
/// A capture ends when the application has read nothing for this time.
pub const CLOSE_AFTER_IDLE_NS: u64 = 100_000_000;

/// After this time without progress a wait counts as endless, in ns.
/// Assumed: no working driver does nothing for a minute while a user waits.
pub(crate) const PATIENCE_NS: u64 = 60_000_000_000;

/// [`PATIENCE_NS`] in words, for the report of a hang.
pub(crate) const PATIENCE_WORDS: &str = "60 s, the limit of a wait without progress";

/// Watches the progress of a wait. The caller gives a value that shows how far the work has come.
/// The wait may go on until this value has stayed the same for [`PATIENCE_NS`].
pub(crate) struct Patience<Reached> {
    reached: Reached,
    since_ns: u64,
}

impl<Reached: PartialEq> Patience<Reached> {
    /// Begins a wait.
    pub(crate) fn new(now_ns: u64, reached: Reached) -> Patience<Reached> {
        Patience { reached, since_ns: now_ns }
    }

    /// Takes the value that shows the progress. True when it has stayed the same for
    /// [`PATIENCE_NS`].
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

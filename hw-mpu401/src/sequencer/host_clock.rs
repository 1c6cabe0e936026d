//! Clock to host: FD every few ticks, as set by command E7.

/// The most FDs that wait for the host; further FDs are lost.
/// Assumed: the firmware counts the waiting FDs in one byte. Measured: a backlog of 20 is kept.
const BACKLOG_LIMIT: u64 = 255;

/// Quarter ticks from one FD to the next after a reset. Measured: FD every 60 ticks.
const DEFAULT_QUARTERS: u8 = 240;

/// The smallest data byte of E7 that has an effect. Measured: after E7 with a value from 0 to 3, FD
/// still comes every 60 ticks.
const LEAST_QUARTERS: u8 = 4;

/// The countdown to the next FD, in quarter ticks. E7 sets the period in quarter ticks, so the
/// period need not be a whole number of ticks. The quarters that are left over at an FD count
/// towards the next FD. So four FDs together take as many ticks as the data byte of E7 says.
#[derive(Clone)]
pub(super) struct HostClock {
    quarters: u8,
    /// Quarter ticks until the next FD, at least 1.
    left: u64,
    backlog: u64,
}

impl HostClock {
    /// The state after a reset.
    pub(super) const fn new() -> Self {
        Self { quarters: DEFAULT_QUARTERS, left: DEFAULT_QUARTERS as u64, backlog: 0 }
    }

    /// Command E7. Assumed: the count starts again.
    pub(super) fn set(&mut self, quarters: u8) {
        if quarters >= LEAST_QUARTERS {
            self.quarters = quarters;
            self.restart();
        }
    }

    /// Starts the count again.
    pub(super) fn restart(&mut self) {
        self.left = u64::from(self.quarters);
    }

    /// Ticks until the next FD, at least 1.
    pub(super) fn ticks_left(&self) -> u64 {
        self.left.div_ceil(4)
    }

    /// Lets ticks pass, and counts the FDs if the host wants them.
    pub(super) fn pass(&mut self, ticks: u64, is_wanted: bool) {
        let passed = ticks.saturating_mul(4);
        if passed < self.left {
            self.left -= passed;
            return;
        }
        let period = u64::from(self.quarters);
        let due = (passed - self.left) / period + 1;
        self.left = due * period - (passed - self.left);
        if is_wanted {
            self.backlog = self.backlog.saturating_add(due).min(BACKLOG_LIMIT);
        }
    }

    /// Whether an FD waits for the host.
    pub(super) fn is_due(&self) -> bool {
        self.backlog > 0
    }

    /// Takes one FD from the backlog, because the unit has given it.
    pub(super) fn given(&mut self) {
        self.backlog = self.backlog.saturating_sub(1);
    }

    /// Drops the FDs that wait, because the host wants no more FDs.
    pub(super) fn drop_backlog(&mut self) {
        self.backlog = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Ticks until each FD: from E7 to the first FD, then from FD to FD.
    fn gaps(value: u8, count: usize) -> [u64; 8] {
        let mut clock = HostClock::new();
        clock.set(value);
        let mut gaps = [0; 8];
        for gap in gaps.iter_mut().take(count) {
            while !clock.is_due() {
                clock.pass(1, true);
                *gap += 1;
            }
            clock.given();
        }
        gaps
    }

    #[test]
    fn a_remainder_is_shared_among_four() {
        assert_eq!(gaps(4, 8), [1; 8]);
        assert_eq!(gaps(5, 8), [2, 1, 1, 1, 2, 1, 1, 1]);
        assert_eq!(gaps(6, 8), [2, 1, 2, 1, 2, 1, 2, 1]);
        assert_eq!(gaps(7, 8), [2, 2, 2, 1, 2, 2, 2, 1]);
        assert_eq!(gaps(240, 2)[..2], [60, 60]);
    }

    #[test]
    fn values_below_four_are_ignored() {
        for value in 0..4 {
            assert_eq!(gaps(value, 1)[0], 60);
        }
    }

    #[test]
    fn many_ticks_at_once_are_the_same_as_one_by_one() {
        for value in [4, 5, 7, 20, 240, 255] {
            let (mut one, mut many) = (HostClock::new(), HostClock::new());
            one.set(value);
            many.set(value);
            for jump in [1, 3, 60, 61, 119, 7] {
                (0..jump).for_each(|_| one.pass(1, true));
                many.pass(jump, true);
                assert_eq!((one.left, one.backlog), (many.left, many.backlog), "{value}");
            }
        }
    }

    #[test]
    fn the_backlog_has_a_limit() {
        let mut clock = HostClock::new();
        clock.pass(60 * 1_000, true);
        assert_eq!(clock.backlog, BACKLOG_LIMIT);
    }
}

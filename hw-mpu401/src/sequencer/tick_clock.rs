//! The ticks: when there is something to do next, and how many have passed.
//!
//! No code runs at a tick at which nothing happens. The clock knows the time of the last counted
//! tick, and the number of ticks until there is something to do.

use crate::timing::NEVER_NS;

/// Where the ticks come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ClockSource {
    /// The unit's own timer. Command 80.
    Internal,
    /// Tape. Command 81. Tape is not modelled, so no tick comes.
    Tape,
    /// F8 on MIDI IN. Command 82.
    Midi,
}

/// Whether the clock runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Gait {
    /// After a reset, before the clock has started.
    NotYet,
    Goes,
    /// The unit waits for the host, and no tick comes meanwhile.
    Held,
}

/// The clock.
#[derive(Clone)]
pub(super) struct TickClock {
    pub(super) source: ClockSource,
    gait: Gait,
    /// The time of the last counted tick.
    last_ns: u64,
    /// The time from tick to tick.
    tick_ns: u64,
    /// Ticks from the last counted tick until there is something to do.
    next_in: u64,
    /// With MIDI sync: ticks that the F8s so far still allow. With the internal timer: `u64::MAX`.
    allowed: u64,
    /// With MIDI sync: when the last F8 came in; `None` before the first F8.
    heard_ns: Option<u64>,
    /// The number of ticks that an F8 allows.
    ticks_a_clock: u64,
    /// How many F8s came in while the clock was held.
    missed: u32,
    /// Ticks until the next MIDI clock.
    pub(super) clock_in: u8,
}

impl TickClock {
    /// The state after a reset: the clock does not run yet.
    pub(super) const fn new(tick_ns: u64, clock_in: u8) -> Self {
        Self {
            source: ClockSource::Internal,
            gait: Gait::NotYet,
            last_ns: 0,
            tick_ns,
            next_in: 1,
            allowed: u64::MAX,
            heard_ns: None,
            ticks_a_clock: 1,
            missed: 0,
            clock_in,
        }
    }

    pub(super) fn tick_ns(&self) -> u64 {
        self.tick_ns
    }

    pub(super) fn set_tick_ns(&mut self, tick_ns: u64) {
        if self.source != ClockSource::Midi {
            self.tick_ns = tick_ns;
        }
    }

    pub(super) fn set_next_in(&mut self, ticks: u64) {
        self.next_in = ticks.max(1);
    }

    /// Command 80, 81 or 82.
    pub(super) fn set_source(&mut self, source: ClockSource, tick_ns: u64, now_ns: u64) {
        if source == self.source {
            return;
        }
        self.source = source;
        self.tick_ns = tick_ns;
        self.last_ns = now_ns;
        self.heard_ns = None;
        self.missed = 0;
        self.allowed = match source {
            ClockSource::Internal => u64::MAX,
            ClockSource::Tape | ClockSource::Midi => 0,
        };
    }

    /// Starts the clock, or starts it again. The next tick is a MIDI clock. With the internal timer
    /// it comes at `first_tick_ns`.
    pub(super) fn restart(&mut self, first_tick_ns: u64) {
        if self.source == ClockSource::Internal {
            self.last_ns = first_tick_ns.saturating_sub(self.tick_ns);
        }
        if self.gait == Gait::NotYet {
            self.gait = Gait::Goes;
        }
        self.clock_in = 1;
        self.next_in = 1;
    }

    /// Starts the clock. The first tick comes one tick length after time 0.
    pub(super) fn start_at_zero(&mut self) {
        self.gait = Gait::Goes;
    }

    pub(super) fn is_started(&self) -> bool {
        self.gait != Gait::NotYet
    }

    /// When there is something to do; [`NEVER_NS`] for never.
    pub(super) fn due_ns(&self) -> u64 {
        if self.gait != Gait::Goes || self.next_in > self.allowed {
            return NEVER_NS;
        }
        self.last_ns.saturating_add(self.next_in.saturating_mul(self.tick_ns))
    }

    /// When the next tick after `now_ns` comes, if the clock runs. At that tick there may be
    /// nothing to do.
    pub(super) fn boundary_ns(&self, now_ns: u64) -> u64 {
        if now_ns < self.last_ns {
            return self.last_ns.saturating_add(self.tick_ns);
        }
        let passed = (now_ns - self.last_ns) / self.tick_ns;
        self.last_ns.saturating_add((passed + 1).saturating_mul(self.tick_ns))
    }

    /// The number of ticks that have passed and are not counted yet. The tick with something to do,
    /// and all ticks after it, are not included.
    pub(super) fn passed(&self, now_ns: u64) -> u64 {
        if self.gait != Gait::Goes {
            return 0;
        }
        let passed = now_ns.saturating_sub(self.last_ns) / self.tick_ns;
        passed.min(self.next_in.saturating_sub(1)).min(self.allowed)
    }

    /// Ticks until there is something to do.
    pub(super) fn next_in(&self) -> u64 {
        self.next_in
    }

    /// Counts ticks. The caller goes no further than the tick at which there is something to do.
    pub(super) fn count(&mut self, ticks: u64) {
        self.last_ns = self.last_ns.saturating_add(ticks.saturating_mul(self.tick_ns));
        self.next_in = self.next_in.saturating_sub(ticks);
        self.clock_in = u64::from(self.clock_in).saturating_sub(ticks) as u8;
        if self.allowed != u64::MAX {
            self.allowed = self.allowed.saturating_sub(ticks);
        }
    }

    /// Moves the time of the last counted tick on by this many ticks, and counts none of them.
    pub(super) fn leave_out(&mut self, ticks: u64) {
        self.last_ns = self.last_ns.saturating_add(ticks.saturating_mul(self.tick_ns));
    }

    /// Holds the clock. The caller has counted the ticks that [`passed`](Self::passed) gives.
    pub(super) fn hold(&mut self) {
        if self.gait == Gait::Goes {
            self.gait = Gait::Held;
        }
    }

    /// Lets a held clock go on, and returns whether it was held.
    ///
    /// Measured: no tick comes while the unit waits for a late host. After a long wait a play
    /// counter still has the value that the host has just given. Assumed: the clock counts one tick
    /// that came during a short wait, so that a prompt host loses no time.
    pub(super) fn release(&mut self, now_ns: u64) -> bool {
        if self.gait != Gait::Held {
            return false;
        }
        self.gait = Gait::Goes;
        let passed = now_ns.saturating_sub(self.last_ns) / self.tick_ns;
        self.leave_out(if passed == 1 { 0 } else { passed });
        if core::mem::take(&mut self.missed) == 1 {
            self.follow_clock(now_ns);
        }
        true
    }

    /// Takes an F8 from MIDI IN, which has an effect only with MIDI sync. If the unit does not hold
    /// the clock, a MIDI clock comes now. The ticks up to the next MIDI clock come at an even pace:
    /// all of them together take as long as the time between the last two F8s.
    ///
    /// Assumed: the unit spreads ticks in this way. A running clock still counts the ticks that
    /// the earlier F8s allow. A held clock counts an F8 that came during the wait, if it was the
    /// only one.
    pub(super) fn hear_clock(&mut self, ticks_a_clock: u8, now_ns: u64) {
        if self.source != ClockSource::Midi {
            return;
        }
        self.ticks_a_clock = u64::from(ticks_a_clock).max(1);
        if let Some(heard_ns) = self.heard_ns.replace(now_ns) {
            let pace_ns = now_ns.saturating_sub(heard_ns) / self.ticks_a_clock;
            self.tick_ns = pace_ns.max(1);
        }
        if self.gait == Gait::Held {
            self.missed = self.missed.saturating_add(1);
            self.allowed = 0;
        } else {
            self.gait = Gait::Goes;
            self.follow_clock(now_ns);
        }
    }

    fn follow_clock(&mut self, now_ns: u64) {
        let backlog = if self.allowed == u64::MAX { 0 } else { self.allowed };
        self.allowed = self.ticks_a_clock.saturating_add(backlog);
        // The ticks that the earlier F8s still allow are late, and come now. The first tick of this
        // F8 comes now too, after the late ticks, and is a MIDI clock.
        self.clock_in = backlog.saturating_add(1).min(u64::from(u8::MAX)) as u8;
        self.last_ns = now_ns.saturating_sub((backlog + 1).saturating_mul(self.tick_ns));
    }
}

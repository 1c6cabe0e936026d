//! What the unit puts on MIDI OUT by itself: FC at a reset, then F8 until UART mode is entered.
//!
//! Measured: firmware 1.5A on MIDI OUT. The output that a reset finds unsent is part of the same
//! course of events: first it goes on, then the rest is thrown away. When the first F8 falls on a
//! card with a sequencer is settled here too; that F8 and all behind it are the sequencer's.

use crate::own_output::{OutputStep, OwnOutput};
use crate::parts::Parts;
use crate::spec::{MIDI_CLOCK, MIDI_STOP};
use crate::timing::NEVER_NS;
use crate::wire::WIRE_LIMIT;

impl Parts {
    /// Long after a reset. Assumed: any phase of the clock is as good as another.
    pub(crate) fn begin_at_rest(&mut self) {
        if let (Some(output), false) = (self.rules.reset_output, self.rules.has_sequencer) {
            let due_ns = self.now_ns().saturating_add(output.clock_period_ns);
            self.own_output = OwnOutput::at(due_ns, OutputStep::Clock);
        }
    }

    /// A reset: FC, shortly before the unit is ready. A sequencer that sends none starts when it
    /// is.
    pub(crate) fn plan_stop(&mut self) {
        let free_ns = self.unit.free_ns();
        self.own_output = match self.rules.reset_output {
            Some(output) => {
                let due_ns = free_ns.saturating_sub(output.stop_before_ready_ns);
                OwnOutput::at(due_ns.max(self.now_ns()), OutputStep::Stop)
            }
            None if self.rules.has_sequencer => OwnOutput::at(free_ns, OutputStep::FirstClock),
            None => OwnOutput::IDLE,
        };
    }

    /// A reset in UART mode: the output goes on for a while.
    pub(crate) fn plan_stop_behind_backlog(&mut self) {
        match self.unit.timing().backlog_after_exit_ns {
            NEVER_NS => self.plan_stop(),
            backlog_ns => {
                let due_ns = self.now_ns().saturating_add(backlog_ns);
                self.own_output = OwnOutput::at(due_ns, OutputStep::DropBacklog);
            }
        }
    }

    /// Throws away what has not been sent.
    /// Assumed: the longer busy time goes with output that has to be thrown away.
    pub(crate) fn drop_backlog(&mut self) {
        let dropped = self.transmitter.clear(self.now_ns());
        self.counters.dropped_by_reset += dropped;
        if dropped > 0 {
            let timing = self.unit.timing();
            let longer_ns =
                timing.busy_after_exit_full_ns.saturating_sub(timing.busy_after_exit_ns);
            self.unit.be_busy_longer(longer_ns);
        }
        self.plan_stop();
    }

    /// Sends FC.
    pub(crate) fn send_stop(&mut self) {
        self.send(MIDI_STOP);
        let wait_ns = self.rules.reset_output.map_or(NEVER_NS, |o| o.clock_after_ready_ns);
        let due_ns = self.unit.free_ns().saturating_add(wait_ns).max(self.now_ns());
        self.own_output = OwnOutput::at(due_ns, OutputStep::FirstClock);
    }

    /// Sends F8, and leaves out those that nobody would see. `quiet_until_ns` is the time up to
    /// which nothing comes from outside.
    pub(crate) fn send_clock(&mut self, quiet_until_ns: u64) {
        let period_ns = self.rules.reset_output.map_or(NEVER_NS, |o| o.clock_period_ns);
        self.skip_clocks(quiet_until_ns, period_ns);
        self.send(MIDI_CLOCK);
        let due_ns = self.now_ns().saturating_add(period_ns);
        self.own_output = OwnOutput::at(due_ns, OutputStep::Clock);
    }

    /// After a long time without a look at the wire, leaves out the clocks whose events would
    /// be dropped from the full queue anyway. The result is the same as if each had been sent.
    fn skip_clocks(&mut self, quiet_until_ns: u64, period_ns: u64) {
        let quiet_until_ns = quiet_until_ns.min(self.unit.plan().due_ns);
        let due = quiet_until_ns.saturating_sub(self.now_ns()) / period_ns;
        let skipped = due.saturating_sub(WIRE_LIMIT as u64);
        self.transmitter.skip(skipped);
        self.come_to(self.now_ns() + skipped * period_ns);
    }
}

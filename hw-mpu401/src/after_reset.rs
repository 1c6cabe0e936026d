//! The unit's own bytes on MIDI OUT: FC at a reset, then F8 until UART mode.
//!
//! Measured: what firmware 1.5A sends on MIDI OUT. This file also handles output that is unsent at
//! a reset in UART mode: the unit goes on sending it for a while, then drops the rest. On a card
//! with a sequencer, this file also decides when the first F8 comes. That F8 and all later F8s
//! belong to the sequencer.

use crate::own_output::{OutputStep, OwnOutput};
use crate::parts::Parts;
use crate::spec::MIDI_STOP;
use crate::timing::NEVER_NS;
use crate::wire::WIRE_LIMIT;

impl Parts {
    /// Plans the F8s of a unit whose last reset is long ago, unless they belong to a sequencer.
    /// Assumed: their phase does not matter.
    pub(crate) fn begin_at_rest(&mut self) {
        if let (Some(output), false) = (self.rules.reset_output, self.rules.has_sequencer) {
            let due_ns = self.now_ns().saturating_add(output.clock_period_ns);
            self.own_output = OwnOutput::at(due_ns, OutputStep::Clock);
        }
    }

    /// Plans the output of a reset or of power-on: FC, shortly before the unit is ready. If a unit
    /// sends no FC but has a sequencer, the clock of the sequencer starts when the unit is ready.
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

    /// Plans the output of a reset in UART mode. The unit goes on sending for a while, drops the
    /// rest, and then plans FC. A unit that sends everything plans FC at once.
    pub(crate) fn plan_stop_behind_backlog(&mut self) {
        match self.unit.timing().backlog_after_exit_ns {
            NEVER_NS => self.plan_stop(),
            backlog_ns => {
                let due_ns = self.now_ns().saturating_add(backlog_ns);
                self.own_output = OwnOutput::at(due_ns, OutputStep::DropBacklog);
            }
        }
    }

    /// Drops the bytes that have not started on MIDI OUT, and plans FC.
    /// Assumed: `busy_after_exit_full_ns` applies when there is output to drop.
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

    /// Sends FC, and plans the first F8.
    pub(crate) fn send_stop(&mut self) {
        self.send(MIDI_STOP);
        let wait_ns = self.rules.reset_output.map_or(NEVER_NS, |o| o.clock_after_ready_ns);
        let due_ns = self.unit.free_ns().saturating_add(wait_ns).max(self.now_ns());
        self.own_output = OwnOutput::at(due_ns, OutputStep::FirstClock);
    }

    /// Sends F8, and leaves out the clocks that no caller could see. No access and no MIDI IN byte
    /// comes before `quiet_until_ns`.
    pub(crate) fn send_clock(&mut self, quiet_until_ns: u64) {
        let period_ns = self.rules.reset_output.map_or(NEVER_NS, |o| o.clock_period_ns);
        self.skip_clocks(quiet_until_ns, period_ns);
        self.send_midi_clock();
        let due_ns = self.now_ns().saturating_add(period_ns);
        self.own_output = OwnOutput::at(due_ns, OutputStep::Clock);
    }

    /// Leaves out clocks after a long time without an access. The transmitter would drop the wire
    /// events of these clocks, because it keeps only [`WIRE_LIMIT`] events. So the result is the
    /// same as if each clock had been sent.
    fn skip_clocks(&mut self, quiet_until_ns: u64, period_ns: u64) {
        let quiet_until_ns = quiet_until_ns.min(self.unit.plan().due_ns);
        let due = quiet_until_ns.saturating_sub(self.now_ns()) / period_ns;
        let skipped = due.saturating_sub(WIRE_LIMIT as u64);
        self.transmitter.skip(skipped);
        self.out_fault.skip(skipped);
        self.come_to(self.now_ns() + skipped * period_ns);
    }
}

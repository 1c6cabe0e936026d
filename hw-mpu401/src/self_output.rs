//! What the unit puts on MIDI OUT by itself: FC at a reset, then F8 until UART mode is entered.
//!
//! Measured: firmware 1.5A on MIDI OUT. The output that a reset finds unsent is part of the same
//! course of events: first it goes on, then the rest is thrown away.

use crate::chip::{InitialState, Mpu401};
use crate::spec::{MIDI_CLOCK, MIDI_STOP, Mode};
use crate::timing::NEVER_NS;
use crate::wire::WIRE_LIMIT;

/// What the unit sends, or throws away, by itself.
#[derive(Clone, Copy)]
pub(crate) struct Output {
    /// When, [`NEVER_NS`] for never.
    pub(crate) due_ns: u64,
    pub(crate) step: OutputStep,
}

impl Output {
    /// Nothing to come.
    pub(crate) const IDLE: Self = Self { due_ns: NEVER_NS, step: OutputStep::Clock };
}

/// The steps of it, in their order.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum OutputStep {
    /// After a reset in UART mode: what has not been sent is thrown away.
    DropBacklog,
    /// FC.
    Stop,
    /// The first F8.
    FirstClock,
    /// F8, again and again.
    Clock,
}

impl Mpu401 {
    /// What goes on at time 0.
    pub(crate) fn initial_output(&self, initial: InitialState) -> Output {
        match (initial, self.hot.mode, self.unit.reset_output) {
            (_, Mode::Uart, _) | (InitialState::Uart { .. }, ..) => Output::IDLE,
            (InitialState::PowerOn, ..) => self.plan_stop(),
            // Assumed: any phase is as good as another.
            (InitialState::Idle, _, Some(output)) if !self.unit.has_sequencer => {
                Output { due_ns: output.clock_period_ns, step: OutputStep::Clock }
            }
            (InitialState::Idle, ..) => Output::IDLE,
        }
    }

    /// FC, shortly before the unit is ready. A sequencer that sends none starts when it is.
    pub(crate) fn plan_stop(&self) -> Output {
        let Some(output) = self.unit.reset_output else {
            return match self.unit.has_sequencer {
                true => Output { due_ns: self.hot.free_ns, step: OutputStep::FirstClock },
                false => Output::IDLE,
            };
        };
        let due_ns = self.hot.free_ns.saturating_sub(output.stop_before_ready_ns);
        Output { due_ns: due_ns.max(self.hot.now_ns), step: OutputStep::Stop }
    }

    /// Does the step that is due. `until_ns` is the time up to which the chip is to run.
    pub(crate) fn run_output(&mut self, until_ns: u64) {
        match self.output.step {
            OutputStep::DropBacklog => self.drop_backlog(),
            OutputStep::Stop => self.send_stop(),
            OutputStep::FirstClock | OutputStep::Clock => self.send_clock(until_ns),
        }
    }

    /// Assumed: the longer busy time goes with output that has to be thrown away.
    fn drop_backlog(&mut self) {
        let dropped = self.transmitter.clear(self.hot.now_ns);
        self.counters.dropped_by_reset += dropped;
        if dropped > 0 {
            let timing = &self.timing;
            let longer_ns =
                timing.busy_after_exit_full_ns.saturating_sub(timing.busy_after_exit_ns);
            self.hot.free_ns = self.hot.free_ns.saturating_add(longer_ns);
        }
        self.output = self.plan_stop();
    }

    fn send_stop(&mut self) {
        self.send(MIDI_STOP);
        let wait_ns = self.unit.reset_output.map_or(NEVER_NS, |o| o.clock_after_ready_ns);
        self.output = Output {
            due_ns: self.hot.free_ns.saturating_add(wait_ns).max(self.hot.now_ns),
            step: OutputStep::FirstClock,
        };
    }

    fn send_clock(&mut self, until_ns: u64) {
        if self.unit.has_sequencer {
            self.output = Output::IDLE;
            self.start_sequencer_clock();
            return;
        }
        let period_ns = self.unit.reset_output.map_or(NEVER_NS, |o| o.clock_period_ns);
        self.output.step = OutputStep::Clock;
        self.skip_clocks(until_ns, period_ns);
        self.send(MIDI_CLOCK);
        self.output.due_ns = self.output.due_ns.saturating_add(period_ns);
    }

    /// After a long time without a look at the wire, leaves out the clocks whose events would
    /// be dropped from the full queue anyway. The result is the same as if each had been sent.
    fn skip_clocks(&mut self, until_ns: u64, period_ns: u64) {
        let quiet_until_ns = until_ns.min(self.cable.due_ns()).min(self.unit_plan.due_ns);
        let due = quiet_until_ns.saturating_sub(self.output.due_ns) / period_ns;
        let skipped = due.saturating_sub(WIRE_LIMIT as u64);
        self.transmitter.skip(skipped);
        self.output.due_ns += skipped * period_ns;
        self.hot.now_ns = self.output.due_ns;
    }

    pub(crate) fn send(&mut self, byte: u8) {
        if !self.output_is_full() {
            self.transmitter.generate(byte, self.hot.now_ns);
        }
    }
}

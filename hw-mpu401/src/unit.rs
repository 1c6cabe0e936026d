//! The state of the unit's main loop: its mode, its next step, and its times.
//!
//! This file knows when the unit is free, whose turn it is, and how long each step takes.
//! `main_loop` and the sequencer plan the next step, and `firmware` does the work of each step.

use crate::answers::TxWhileBusy;
use crate::spec::Mode;
use crate::timing::{Draws, NEVER_NS, ReplyOnItsWay, Timing};
use alloc::boxed::Box;

/// What the unit does next.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Action {
    Nothing,
    /// Take the byte in the latch from the host.
    Take,
    /// Fetch a byte from the input FIFO.
    Fetch,
    /// Put a reply into the latch to the host.
    GiveReply,
    /// Put an input byte into the latch to the host.
    GiveInput,
    /// Send the host a message for which there was no command: F0 to F7, F9, FC or FD.
    Request,
    /// Acknowledge and run the command that waited for an answer of the host.
    RunDeferred,
}

/// What the unit does next, and when.
#[derive(Clone, Copy)]
pub(crate) struct Plan {
    pub(crate) action: Action,
    /// When the step is due; [`NEVER_NS`] for never.
    pub(crate) due_ns: u64,
}

impl Plan {
    /// Nothing to do.
    pub(crate) const IDLE: Self = Self { action: Action::Nothing, due_ns: NEVER_NS };

    pub(crate) const fn new(action: Action, due_ns: u64) -> Self {
        Self { action, due_ns }
    }

    pub(crate) fn or_earlier(self, other: Self) -> Self {
        if other.due_ns < self.due_ns { other } else { self }
    }
}

/// Whose turn it is when a host byte and an input byte wait at once.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Turn {
    Host,
    Input,
}

/// The main loop.
#[derive(Clone)]
pub(crate) struct Unit {
    // Configuration.
    /// How long each step takes. If times vary, these are the times of the next step.
    timing: Timing<u64>,
    /// The generators of the next times, if times vary.
    draws: Option<Box<Draws>>,
    // State.
    mode: Mode,
    turn: Turn,
    /// When the unit is back in its main loop.
    free_ns: u64,
    /// When the unit has completed its entry into UART mode.
    uart_from_ns: u64,
    plan: Plan,
    /// When the host may see an effect of the plan.
    seen_ns: u64,
    /// Until when other work keeps the unit from its main loop.
    held_until_ns: u64,
    /// Whether the receive register keeps a byte until the other work ends.
    receive_register_is_full: bool,
}

impl Unit {
    /// A unit that is free from this time on.
    pub(crate) fn new(
        timing: Timing<u64>,
        draws: Option<Box<Draws>>,
        mode: Mode,
        free_ns: u64,
    ) -> Self {
        Self {
            timing,
            draws,
            mode,
            turn: Turn::Host,
            free_ns,
            uart_from_ns: 0,
            plan: Plan::IDLE,
            seen_ns: NEVER_NS,
            held_until_ns: 0,
            receive_register_is_full: false,
        }
    }

    /// How long each step takes.
    #[inline(always)]
    pub(crate) fn timing(&self) -> &Timing<u64> {
        &self.timing
    }

    /// Whether the times change from step to step.
    pub(crate) fn times_vary(&self) -> bool {
        self.draws.is_some()
    }

    pub(crate) fn mode(&self) -> Mode {
        self.mode
    }

    /// When the unit is back in its main loop.
    pub(crate) fn free_ns(&self) -> u64 {
        self.free_ns
    }

    /// When the unit can begin a step: now, or at its return to the main loop.
    pub(crate) fn ready_ns(&self, now_ns: u64) -> u64 {
        self.free_ns.max(now_ns)
    }

    /// Makes the unit begin a step now: the unit is free now at the earliest.
    pub(crate) fn begin_step(&mut self, now_ns: u64) {
        self.free_ns = self.ready_ns(now_ns);
    }

    /// Makes the unit busy from now on, for `duration_ns`.
    pub(crate) fn be_busy(&mut self, now_ns: u64, duration_ns: u64) {
        self.free_ns = now_ns.saturating_add(duration_ns);
    }

    /// Makes the unit busy for `by_ns` longer.
    pub(crate) fn be_busy_longer(&mut self, by_ns: u64) {
        self.free_ns = self.free_ns.saturating_add(by_ns);
    }

    /// Makes the unit free now at the earliest, because it has put a byte into the latch to the
    /// host.
    pub(crate) fn end_gift(&mut self, now_ns: u64) {
        self.free_ns = self.ready_ns(now_ns);
    }

    /// When the unit finds room in a buffer that was full, if there is room from `room_ns` on. The
    /// unit looks for room at a fixed pace, which begins when it takes a byte.
    pub(crate) fn finds_room_ns(&self, room_ns: u64) -> u64 {
        let timing = &self.timing;
        let first_ns =
            (self.free_ns + timing.tx_full_accept_ns).saturating_sub(timing.tx_accept_ns);
        // A unit that takes the byte as soon as there is room looks for room all the time.
        let look_ns = timing.tx_full_look_ns.max(1);
        first_ns + room_ns.saturating_sub(first_ns).div_ceil(look_ns) * look_ns
    }

    /// When the unit last took a data byte in UART mode. If the unit did something else last, this
    /// is the time at which it would have taken a byte to be free at the same time; `None` if that
    /// is before time 0.
    pub(crate) fn last_taken_ns(&self) -> Option<u64> {
        self.free_ns.checked_sub(self.timing.tx_accept_ns)
    }

    /// Notes that the unit took a data byte at this time, in UART mode.
    pub(crate) fn has_taken(&mut self, taken_ns: u64) {
        self.free_ns = taken_ns + self.timing.tx_accept_ns;
    }

    /// Makes the unit enter UART mode. The entry takes `duration_ns`. During the entry, data of the
    /// host waits, or the unit takes the data and loses it, see
    /// [`loses_data`](crate::parts::Parts::loses_data).
    pub(crate) fn enter_uart(&mut self, now_ns: u64, duration_ns: u64, data: TxWhileBusy) {
        self.mode = Mode::Uart;
        self.uart_from_ns = now_ns.saturating_add(duration_ns);
        self.enter_after_hold(now_ns);
        if data == TxWhileBusy::Waits {
            self.free_ns = self.uart_from_ns;
        }
    }

    /// If other work holds the unit now, lets the entry into UART mode end no earlier than this
    /// work.
    fn enter_after_hold(&mut self, now_ns: u64) {
        if self.is_held(now_ns) {
            self.uart_from_ns = self.uart_from_ns.max(self.held_until_ns);
        }
    }

    /// Keeps the unit from its main loop until this time. If other work already holds it for
    /// longer, it stays held for longer.
    pub(crate) fn hold(&mut self, now_ns: u64, until_ns: u64) {
        if !self.is_held(now_ns) {
            self.receive_register_is_full = false;
        }
        self.held_until_ns = self.held_until_ns.max(until_ns);
        if self.enters_uart(now_ns) {
            self.enter_after_hold(now_ns);
        }
    }

    /// Whether other work keeps the unit from its main loop.
    pub(crate) fn is_held(&self, now_ns: u64) -> bool {
        now_ns < self.held_until_ns
    }

    /// Until when other work keeps the unit from its main loop.
    pub(crate) fn held_until_ns(&self) -> u64 {
        self.held_until_ns
    }

    /// The plan, delayed until the other work of the unit ends. In intelligent mode the plan stays
    /// the same, because nothing then waits for the other work.
    pub(crate) fn after_hold(&self, plan: Plan) -> Plan {
        match self.mode {
            Mode::Intelligent => plan,
            Mode::Uart => Plan::new(plan.action, plan.due_ns.max(self.held_until_ns)),
        }
    }

    /// Receives a byte that arrives now on MIDI IN, and returns whether there was room for it.
    /// While other work holds the unit, the receive register keeps the first byte.
    pub(crate) fn receive(&mut self, now_ns: u64) -> bool {
        let is_held = self.is_held(now_ns);
        let was_full = core::mem::replace(&mut self.receive_register_is_full, is_held);
        !(is_held && was_full)
    }

    /// Makes the unit go back to intelligent mode.
    pub(crate) fn leave_uart(&mut self, now_ns: u64) {
        self.mode = Mode::Intelligent;
        self.be_busy(now_ns, self.timing.busy_after_exit_ns);
    }

    /// The time at which the last entry into UART mode is complete; 0 before the first entry.
    pub(crate) fn uart_from_ns(&self) -> u64 {
        self.uart_from_ns
    }

    /// Whether the unit is still entering UART mode.
    pub(crate) fn enters_uart(&self, now_ns: u64) -> bool {
        now_ns < self.uart_from_ns
    }

    pub(crate) fn turn(&self) -> Turn {
        self.turn
    }

    pub(crate) fn set_turn(&mut self, turn: Turn) {
        self.turn = turn;
    }

    pub(crate) fn plan(&self) -> Plan {
        self.plan
    }

    /// When the host may see an effect of the plan; [`NEVER_NS`] for never.
    #[inline]
    pub(crate) fn seen_ns(&self) -> u64 {
        self.seen_ns
    }

    /// Sets the unit's next step. The host may see an effect of this step from `seen_ns` on.
    pub(crate) fn settle(&mut self, plan: Plan, seen_ns: u64) {
        self.plan = plan;
        self.seen_ns = seen_ns;
    }

    /// If times vary, draws the times of the byte that the host writes now.
    pub(crate) fn draw_for_write(&mut self, now_ns: u64) {
        if let Some(draws) = &mut self.draws {
            draws.for_write(&mut self.timing, now_ns);
        }
    }

    /// If times vary, draws the times that follow from the byte that the unit takes now.
    pub(crate) fn draw_for_take(&mut self, reply: ReplyOnItsWay) {
        if let Some(draws) = &mut self.draws {
            draws.for_take(&mut self.timing, reply);
        }
    }

    /// If times vary, draws the times of the MIDI IN byte that the unit fetches now.
    pub(crate) fn draw_for_fetch(&mut self) {
        if let Some(draws) = &mut self.draws {
            draws.for_fetch(&mut self.timing);
        }
    }

    /// If times vary, draws the time of the byte after the byte in DATA.
    pub(crate) fn draw_after_gift(&mut self) {
        if let Some(draws) = &mut self.draws {
            draws.after_gift(&mut self.timing);
        }
    }
    /// If times vary, draws the delay of the F8 that the unit sends now.
    pub(crate) fn draw_for_clock(&mut self) {
        if let Some(draws) = &mut self.draws {
            draws.for_clock(&mut self.timing);
        }
    }

    /// If times vary, draws the times that may follow from the next step of a unit with a
    /// sequencer.
    pub(crate) fn draw_for_sequencer(&mut self) {
        if let Some(draws) = &mut self.draws {
            draws.for_sequencer(&mut self.timing);
        }
    }
}

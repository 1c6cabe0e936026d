//! The pump of a render sequencer: it serves what is due, and then sleeps.
//!
//! This file owns the timer and the DPC of a sequencer, and the limits of one turn. This file never
//! knows what a step sends, or in which order.

use std::cell::Cell;
use std::rc::Rc;

use portcls_emulator::{Dpc, DueTime, Kernel, Timer, TimerKind};

use crate::irp_queue::QUEUED_REQUESTS;
use crate::ks::KsState;
use crate::lane::Lane;

/// How long one turn of the sequencer may last, in ns, before other code can run. After this time
/// the sequencer waits for the next clock interrupt. Assumed: this wait costs little. On a card
/// with a buffer of one or two bytes, it costs under 1 % of the wire rate.
const PUMP_TIME_NS: u64 = 100_000_000;

/// A turn of the sequencer ends when more than this number of requests have ended in it, so that
/// other code can run. Without a limit, a client that sends an empty request from each completion
/// would stop the clock.
const REQUESTS_PER_TURN: usize = QUEUED_REQUESTS;

/// The outcome of one step of a sequencer.
pub(crate) enum Outcome {
    /// Data was sent, or the next data was made ready.
    Progress,
    /// A request was completed, by this step or during this step.
    RequestEnded,
    /// The next step has work only after this time from now, in units of 100 ns.
    Wait(u64),
    /// There is nothing to send.
    Idle,
}

/// The pump of one lane.
pub(crate) struct Pump {
    timer: Timer,
    dpc: Dpc,

    running: Cell<bool>,
}

impl Pump {
    /// A pump. Its timer calls the lane.
    ///
    /// IRQL: PASSIVE_LEVEL.
    pub fn new(kernel: &Kernel, lane: &Rc<Lane>) -> Pump {
        let lane = Rc::downgrade(lane);
        let routine = move |kernel: &Kernel| {
            if let Some(lane) = lane.upgrade() {
                lane.turn(kernel);
            }
        };
        Pump {
            timer: Timer::new(TimerKind::Notification),
            dpc: Dpc::new(kernel, "sequencer", Rc::new(routine)),
            running: Cell::new(false),
        }
    }

    /// Stops the timer, so that data that is not sent yet waits.
    ///
    /// IRQL: up to DISPATCH_LEVEL.
    pub fn pause(&self, kernel: &Kernel) {
        kernel.cancel_timer(&self.timer);
        kernel.remove_queue_dpc(&self.dpc);
    }

    /// Takes steps in RUN while they have work. When work is left for later, sets the timer.
    ///
    /// IRQL: DISPATCH_LEVEL.
    pub fn run(&self, kernel: &Kernel, lane: &Lane, mut step: impl FnMut() -> Outcome) {
        // When a request is completed, the client can send its next request, and that request calls
        // this method again. The inner call returns here, and the loop of the outer call serves the
        // request.
        if self.running.replace(true) {
            return;
        }
        let began_ns = kernel.now_ns();
        let mut ended = 0;
        while lane.state() == KsState::Run && !kernel.is_frozen() {
            match step() {
                Outcome::Progress if kernel.now_ns() - began_ns < PUMP_TIME_NS => {}
                Outcome::RequestEnded if ended < REQUESTS_PER_TURN => ended += 1,
                Outcome::Progress | Outcome::RequestEnded => {
                    self.wake(kernel, 0);
                    break;
                }
                Outcome::Wait(time_100ns) => {
                    self.wake(kernel, time_100ns);
                    break;
                }
                Outcome::Idle => break,
            }
        }
        self.running.set(false);
    }

    fn wake(&self, kernel: &Kernel, in_100ns: u64) {
        kernel.set_timer(&self.timer, DueTime::Relative(in_100ns), 0, Some(&self.dpc));
    }
}

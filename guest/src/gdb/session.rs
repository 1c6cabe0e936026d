//! A session with one gdb: gdb's last request, and its effect on the run.
//!
//! The state machine of the protocol outlives the machine that runs the driver. To go back, the
//! session abandons the running machine. For a step backwards, the next machine runs to the count
//! that is lower by 1, without reports on the way. To run backwards takes two further machines: the
//! first finds the last stop before the present count, and the second runs to this stop.

use std::io;

use cpu_x86::Access;
use gdbstub::common::Signal;
use gdbstub::conn::ConnectionExt;
use gdbstub::stub::state_machine::GdbStubStateMachine;
use gdbstub::stub::{DisconnectReason, GdbStub, GdbStubError, SingleThreadStopReason};
use gdbstub::target::ext::base::reverse_exec::ReplayLogPosition;
use gdbstub::target::ext::breakpoints::WatchKind;

use super::Link;
use super::architecture::Architecture;
use super::target::{Guest, Request};
use crate::debugger::{Debuggee, Pause, Verdict};

type Machine<A> = GdbStubStateMachine<'static, Guest<A>, Link>;
type StopReason<A> = SingleThreadStopReason<<A as gdbstub::arch::Arch>::Usize>;

/// Instructions between two checks whether gdb wants to interrupt.
const POLL_EVERY: u64 = 1_000_000;

/// The exit code of a run that ended in a failure, such as a bug check or a hang.
const FAILED_EXIT_CODE: u8 = 4;

/// How far the run goes before gdb gets its next report.
enum Goal<A: Architecture> {
    /// The run does not go on: gdb's first packets have not been served.
    Start,
    /// To the next stop of any kind.
    AnyStop,
    /// To the next stop of any kind, but no further than this count: a step.
    Step(u64),
    /// To this count without a report. At the count gdb gets this reason.
    At(u64, StopReason<A>),
    /// To this count without a report, to find the last stop before the count. The second field is
    /// the last stop that was found so far.
    LastStopBefore(u64, Option<(u64, StopReason<A>)>),
}

/// Whether gdb is still there.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Peer {
    Connected,
    /// gdb has left and lets the run go on.
    Detached,
    /// gdb has gone, or gdb wants to end the run.
    Gone,
}

pub(super) struct Session<A: Architecture> {
    machine: Option<Machine<A>>,
    guest: Guest<A>,
    goal: Goal<A>,
    peer: Peer,
    next_poll: u64,
    /// The exit code that gdb gets when the run ends.
    exit_code: u8,
    error: Option<io::Error>,
}

impl<A: Architecture> Session<A> {
    pub(super) fn new(link: Link, debuggee: Debuggee) -> io::Result<Session<A>> {
        let mut guest = Guest::new(debuggee);
        let machine = GdbStub::new(link).run_state_machine(&mut guest).map_err(to_io)?;
        Ok(Session {
            machine: Some(machine),
            guest,
            goal: Goal::Start,
            peer: Peer::Connected,
            next_poll: POLL_EVERY,
            exit_code: 0,
            error: None,
        })
    }

    /// Continues with a machine that was built again.
    pub(super) fn move_to(&mut self, debuggee: Debuggee) {
        self.guest.move_to(debuggee);
        self.next_poll = POLL_EVERY;
        self.exit_code = 0;
    }

    /// Whether gdb wants to go back to a moment that the machine has not reached again.
    pub(super) fn wants_replay(&self) -> bool {
        self.peer == Peer::Connected && matches!(self.goal, Goal::At(..) | Goal::LastStopBefore(..))
    }

    /// The error in the connection to gdb, if there was one.
    pub(super) fn take_error(&mut self) -> Option<io::Error> {
        self.error.take()
    }

    pub(super) fn next_pause(&self) -> u64 {
        let goal = match self.goal {
            Goal::Start => 0,
            Goal::AnyStop => u64::MAX,
            Goal::Step(count) | Goal::At(count, _) | Goal::LastStopBefore(count, _) => count,
        };
        match self.peer {
            Peer::Connected => goal.min(self.next_poll),
            Peer::Detached => u64::MAX,
            Peer::Gone => 0,
        }
    }

    pub(super) fn pause(&mut self, pause: &Pause) -> Verdict {
        match self.peer {
            Peer::Connected => {}
            Peer::Detached => return Verdict::GoOn,
            Peer::Gone => return Verdict::Abandon,
        }
        if matches!(pause, Pause::Failed { .. }) {
            self.exit_code = FAILED_EXIT_CODE;
        }
        if matches!(self.goal, Goal::Start) {
            return self.talk(None, pause);
        }
        match self.reason(pause) {
            Some(Ok(reason)) => self.talk(Some(reason), pause),
            Some(Err(verdict)) => verdict,
            None => self.poll(pause),
        }
    }

    /// The reason for this pause, if gdb gets a report of it, or else the verdict. `None` means
    /// that it is time to check whether gdb wants to interrupt.
    fn reason(&mut self, pause: &Pause) -> Option<Result<StopReason<A>, Verdict>> {
        let count = self.guest.count();
        match &mut self.goal {
            Goal::At(wanted, reason) if count >= *wanted => {
                let reason = *reason;
                self.goal = Goal::AnyStop;
                Some(Ok(reason))
            }
            Goal::LastStopBefore(until, found) if count >= *until || is_final(pause) => {
                let begin = SingleThreadStopReason::ReplayLog {
                    tid: Some(()),
                    pos: ReplayLogPosition::Begin,
                };
                let (count, reason) = found.take().unwrap_or((0, begin));
                self.goal = Goal::At(count, reason);
                Some(Err(Verdict::Abandon))
            }
            Goal::LastStopBefore(_, found) => {
                if let Some(reason) = stop_reason::<A>(pause) {
                    *found = Some((count, reason));
                    return Some(Err(Verdict::GoOn));
                }
                None
            }
            Goal::At(..) if *pause != Pause::Count => Some(Err(Verdict::GoOn)),
            Goal::Step(wanted) if *pause == Pause::Count && count >= *wanted => {
                Some(Ok(SingleThreadStopReason::DoneStep))
            }
            _ => stop_reason::<A>(pause).map(Ok),
        }
    }

    /// Reports the stop, then serves gdb until gdb lets the run go on, goes back, or leaves.
    fn talk(&mut self, reason: Option<StopReason<A>>, pause: &Pause) -> Verdict {
        let mut reason = reason;
        loop {
            if let Err(error) = self.converse(reason.take()) {
                self.error = Some(error);
                self.peer = Peer::Gone;
            }
            match self.peer {
                Peer::Connected => {}
                Peer::Detached => return Verdict::GoOn,
                Peer::Gone => return Verdict::Abandon,
            }
            let count = self.guest.count();
            match self.guest.request {
                Request::Continue | Request::Step if is_final(pause) => {
                    reason = Some(SingleThreadStopReason::Exited(self.exit_code));
                }
                Request::Continue => {
                    self.goal = Goal::AnyStop;
                    return Verdict::GoOn;
                }
                Request::Step => {
                    self.goal = Goal::Step(count + 1);
                    return Verdict::GoOn;
                }
                Request::ReverseStep | Request::ReverseContinue if count == 0 => {
                    reason = Some(SingleThreadStopReason::ReplayLog {
                        tid: Some(()),
                        pos: ReplayLogPosition::Begin,
                    });
                }
                Request::ReverseStep => {
                    self.goal = Goal::At(count - 1, SingleThreadStopReason::DoneStep);
                    return Verdict::Abandon;
                }
                Request::ReverseContinue => {
                    self.goal = Goal::LastStopBefore(count, None);
                    return Verdict::Abandon;
                }
            }
        }
    }

    /// Reports `reason` to gdb and serves the packets of gdb until gdb lets the guest run or
    /// leaves.
    fn converse(&mut self, reason: Option<StopReason<A>>) -> io::Result<()> {
        let Some(mut machine) = self.machine.take() else {
            return Err(io::ErrorKind::NotConnected.into());
        };
        let mut reason = reason;
        loop {
            machine = match machine {
                GdbStubStateMachine::Idle(mut idle) => {
                    let byte = ConnectionExt::read(idle.borrow_conn())?;
                    idle.incoming_data(&mut self.guest, byte).map_err(to_io)?
                }
                GdbStubStateMachine::Running(running) => match reason.take() {
                    Some(reason) => running.report_stop(&mut self.guest, reason).map_err(to_io)?,
                    None => {
                        self.machine = Some(running.into());
                        return Ok(());
                    }
                },
                GdbStubStateMachine::CtrlCInterrupt(interrupt) => interrupt
                    .interrupt_handled(&mut self.guest, None::<StopReason<A>>)
                    .map_err(to_io)?,
                GdbStubStateMachine::Disconnected(gone) => {
                    self.guest.clear();
                    self.peer = match gone.get_reason() {
                        DisconnectReason::Disconnect => Peer::Detached,
                        _ => Peer::Gone,
                    };
                    return Ok(());
                }
            };
        }
    }

    /// Checks whether gdb wants to interrupt the run.
    fn poll(&mut self, pause: &Pause) -> Verdict {
        self.next_poll = self.guest.count().saturating_add(POLL_EVERY);
        match self.is_interrupted() {
            Ok(false) => Verdict::GoOn,
            Ok(true) => {
                self.goal = Goal::AnyStop;
                self.talk(Some(SingleThreadStopReason::Signal(Signal::SIGINT)), pause)
            }
            Err(error) => {
                self.error = Some(error);
                self.peer = Peer::Gone;
                Verdict::Abandon
            }
        }
    }

    fn is_interrupted(&mut self) -> io::Result<bool> {
        let Some(GdbStubStateMachine::Running(mut running)) = self.machine.take() else {
            return Err(io::ErrorKind::NotConnected.into());
        };
        let Some(_) = running.borrow_conn().peek()? else {
            self.machine = Some(running.into());
            return Ok(false);
        };
        let byte = ConnectionExt::read(running.borrow_conn())?;
        let machine = running.incoming_data(&mut self.guest, byte).map_err(to_io)?;
        let (machine, is_interrupted) = match machine {
            GdbStubStateMachine::CtrlCInterrupt(interrupt) => {
                let running = interrupt
                    .interrupt_handled(&mut self.guest, None::<StopReason<A>>)
                    .map_err(to_io)?;
                (running, true)
            }
            other => (other, false),
        };
        self.machine = Some(machine);
        Ok(is_interrupted)
    }
}

/// Whether no code of the driver runs after this pause.
fn is_final(pause: &Pause) -> bool {
    matches!(pause, Pause::Failed { .. } | Pause::Ended)
}

fn stop_reason<A: Architecture>(pause: &Pause) -> Option<StopReason<A>> {
    Some(match *pause {
        Pause::Count => return None,
        Pause::Breakpoint => SingleThreadStopReason::SwBreak(()),
        Pause::Watchpoint { address, access } => SingleThreadStopReason::Watch {
            tid: (),
            kind: if access == Access::Read { WatchKind::Read } else { WatchKind::Write },
            addr: A::usize(address),
        },
        Pause::Failed { .. } => SingleThreadStopReason::Signal(Signal::SIGSEGV),
        Pause::Ended => {
            SingleThreadStopReason::ReplayLog { tid: Some(()), pos: ReplayLogPosition::End }
        }
    })
}

/// The error of a conversation: the error of the connection, or an error of kind `InvalidData` for
/// bytes that do not belong to the protocol.
fn to_io<E>(error: GdbStubError<E, io::Error>) -> io::Error {
    if error.is_connection_error()
        && let Some((error, _)) = error.into_connection_error()
    {
        return error;
    }
    let words = "what it sent is not of the remote protocol of gdb";
    io::Error::new(io::ErrorKind::InvalidData, words)
}

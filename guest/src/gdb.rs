//! A gdb remote stub: breakpoints, watchpoints, steps, also backwards.
//!
//! [`GdbServer`] is a [`Debugger`]: the guest asks the server at instruction boundaries, and the
//! server talks to gdb while the guest stands still. To go back, the program uses a deterministic
//! replay: [`GdbServer`] abandons the run, and the caller builds the same machine again while
//! [`wants_replay`](GdbServer::wants_replay) is true. A replay does not repeat what gdb wrote into
//! registers or memory.

mod architecture;
mod identity;
mod session;
mod target;
mod x87;

use std::cell::RefCell;
use std::io;
use std::net::TcpStream;

use cpu_x86::Mode;
pub use gdbstub::conn::{Connection, ConnectionExt};
use gdbstub_arch::x86::{X86_64_SSE, X86_SSE};

use crate::debugger::{Debuggee, Debugger, Pause, Verdict};
use session::Session;

/// The connection to gdb: bytes in order, both ways.
pub type Link = Box<dyn ConnectionExt<Error = io::Error>>;

/// A stub for one gdb at the other end of a connection.
pub struct GdbServer {
    state: RefCell<State>,
}

enum State {
    /// No machine has been built yet.
    Waiting(Link),
    Bits32(Session<X86_SSE>),
    Bits64(Session<X86_64_SSE>),
    /// The connection failed before the machine ran.
    Failed(Option<io::Error>),
}

impl GdbServer {
    /// A server for the gdb at the other end of `connection`.
    #[must_use]
    pub fn new(connection: TcpStream) -> GdbServer {
        GdbServer::over(Box::new(connection))
    }

    /// A server for a gdb that is not at the other end of a TCP connection.
    #[must_use]
    pub fn over(link: Link) -> GdbServer {
        GdbServer { state: RefCell::new(State::Waiting(link)) }
    }

    /// Whether the caller must build the machine again and run it from its beginning, because gdb
    /// wants to go back. The caller asks this after the run was abandoned.
    #[must_use]
    pub fn wants_replay(&self) -> bool {
        match &*self.state.borrow() {
            State::Bits32(session) => session.wants_replay(),
            State::Bits64(session) => session.wants_replay(),
            State::Waiting(_) | State::Failed(_) => false,
        }
    }

    /// The error in the connection to gdb, if there was one.
    pub fn take_error(&self) -> Option<io::Error> {
        match &mut *self.state.borrow_mut() {
            State::Waiting(_) => None,
            State::Bits32(session) => session.take_error(),
            State::Bits64(session) => session.take_error(),
            State::Failed(error) => error.take(),
        }
    }
}

impl Debugger for GdbServer {
    fn attach(&self, debuggee: Debuggee) {
        let mut state = self.state.borrow_mut();
        match &mut *state {
            State::Bits32(session) => session.move_to(debuggee),
            State::Bits64(session) => session.move_to(debuggee),
            State::Failed(_) => {}
            State::Waiting(_) => {
                let mode = debuggee.cpu.borrow().mode();
                let State::Waiting(link) = std::mem::replace(&mut *state, State::Failed(None))
                else {
                    return;
                };
                let session = match mode {
                    Mode::Bits32 => Session::new(link, debuggee).map(State::Bits32),
                    Mode::Bits64 => Session::new(link, debuggee).map(State::Bits64),
                };
                *state = session.unwrap_or_else(|error| State::Failed(Some(error)));
            }
        }
    }

    fn next_pause(&self) -> u64 {
        match &*self.state.borrow() {
            State::Bits32(session) => session.next_pause(),
            State::Bits64(session) => session.next_pause(),
            State::Waiting(_) | State::Failed(_) => 0,
        }
    }

    fn pause(&self, pause: Pause) -> Verdict {
        match &mut *self.state.borrow_mut() {
            State::Bits32(session) => session.pause(&pause),
            State::Bits64(session) => session.pause(&pause),
            State::Waiting(_) | State::Failed(_) => Verdict::Abandon,
        }
    }
}

//! Interrupt lines, connected service routines and their synchronisation.

mod inspect;

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use crate::bug_check::BugCheckCode;
use crate::choice::{Choice, Delivery, Refusal};
use crate::irql::Irql;
use crate::kernel::Kernel;
use crate::resource::{Share, TriggerMode};
use crate::running::Running;
use crate::status::NtStatus;
use crate::trace::{Argument, Event, Level, NameId, Regions};
use crate::warning::Advice;

/// The state of an interrupt output. `Up` means that the device asks for service; the voltage does
/// not matter.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LineState {
    /// The device wants no service.
    Down,
    /// The device wants service.
    Up,
}

/// What a service routine answers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Claim {
    /// The interrupt came from this driver's device (TRUE).
    Mine,
    /// The interrupt did not come from this driver's device (FALSE).
    NotMine,
}

/// The trigger mode that a driver expects. This mode must be the trigger mode of the line.
pub type InterruptMode = TriggerMode;

/// A service routine. IRQL: the device level of its line, with the interrupt's lock held.
#[doc(alias = "PKSERVICE_ROUTINE")]
pub type InterruptRoutine = Rc<dyn Fn(&Kernel) -> Claim>;

/// How one interrupt line of the machine is wired.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct InterruptLine {
    /// Number of the line, 0 to 15.
    pub number: u8,
    /// Whether the line asks for service by an edge or by its level. The line remembers an edge.
    pub trigger: TriggerMode,
}

impl InterruptLine {
    /// The vector under which a driver connects to line `number`.
    /// Assumed: 30h plus the line, the vectors of the 8259 controllers under Windows.
    #[must_use]
    pub fn vector_of(number: u8) -> u32 {
        0x30 + u32::from(number)
    }
}

/// Interrupt lines of a PC with two 8259 controllers.
const LINES: usize = 16;

/// The largest number of passes over the routines of a shared latched line in one service of the
/// line. If a routine claims the interrupt in each of these passes, the run stops as a hang.
const CHAIN_PASS_LIMIT: u32 = 10_000;

struct InterruptObject {
    line: usize,
    share: Share,
    routine: InterruptRoutine,
    held: Cell<bool>,
}

/// A connected service routine (a KINTERRUPT).
#[doc(alias = "PKINTERRUPT")]
#[derive(Clone)]
pub struct Interrupt(Rc<InterruptObject>);

#[derive(Default)]
struct Line {
    wired: Cell<Option<TriggerMode>>,
    signal: Cell<NameId>,

    connected: RefCell<Vec<Interrupt>>,

    /// One bit for each device that holds the line up.
    sources: Cell<u32>,
    /// How many times the kernel has serviced the line since the line last fell.
    services_while_up: Cell<u32>,
}

/// The interrupt controller.
#[derive(Default)]
pub(crate) struct InterruptController {
    lines: [Line; LINES],
    /// Lines that ask for service: a remembered edge, or a level that is up.
    requested: Cell<u16>,
    /// Lines with a connected routine.
    connected: Cell<u16>,
}

impl InterruptController {
    /// Drops every connected routine.
    pub fn clear(&self) {
        self.connected.set(0);
        for line in &self.lines {
            drop(line.connected.take());
        }
    }

    fn set_requested(&self, line: usize) {
        self.requested.set(self.requested.get() | 1 << line);
    }

    fn clear_requested(&self, line: usize) {
        self.requested.set(self.requested.get() & !(1 << line));
    }

    fn line_of_vector(&self, vector: u32) -> Option<usize> {
        let number = vector.checked_sub(InterruptLine::vector_of(0))? as usize;
        (self.lines.get(number)?.wired.get().is_some()).then_some(number)
    }
}

impl Kernel {
    /// Sets how a line of the machine is wired. A line above 15 is a bug of the calling code.
    pub fn wire_line(&self, line: InterruptLine) {
        let entry = &self.state.interrupts.lines[usize::from(line.number)];
        entry.wired.set(Some(line.trigger));
        entry.signal.set(self.trace().name(&format!("irq {}", line.number)));
    }

    /// Passes the state of a device's interrupt output on to its line.
    pub(crate) fn sample_line(&self, number: u8, device: usize, state: LineState) {
        let controller = &self.state.interrupts;
        let index = usize::from(number);
        let Some(line) = controller.lines.get(index) else { return };
        let before = line.sources.get();
        let after = match state {
            LineState::Up => before | 1 << device,
            LineState::Down => before & !(1 << device),
        };
        line.sources.set(after);
        if (before == 0) == (after == 0) {
            return;
        }
        let event = Event::Signal { signal: line.signal.get(), value: u32::from(after != 0) };
        let who = self.state.names.line;
        self.trace().record(self.now_ns(), Level::Hardware, who, event);
        if after != 0 {
            let is_latched = line.wired.get() == Some(TriggerMode::Latched);
            if is_latched && self.choose::<Delivery>(Choice::Edge) == Delivery::Lost {
                return;
            }
            controller.set_requested(index);
            self.want_attention(Irql::of_line(number));
        } else {
            line.services_while_up.set(0);
            if line.wired.get() == Some(TriggerMode::Level) {
                controller.clear_requested(index);
            }
        }
    }

    /// Connects a service routine. An interrupt that waited on the line is delivered before this
    /// function returns, unless an oracle puts the interrupt off.
    ///
    /// IRQL: PASSIVE_LEVEL.
    ///
    /// # Errors
    /// - `STATUS_INVALID_PARAMETER`: the vector is not wired, or `mode` is not the mode of the
    ///   line, or another routine is connected to the line and one of the two drivers does not
    ///   share the line.
    /// - `STATUS_INSUFFICIENT_RESOURCES`: an oracle refuses the connection.
    #[doc(alias = "IoConnectInterrupt")]
    pub fn connect_interrupt(
        &self,
        vector: u32,
        mode: InterruptMode,
        share: Share,
        routine: InterruptRoutine,
    ) -> Result<Interrupt, NtStatus> {
        if self.is_frozen() {
            return Err(NtStatus::UNSUCCESSFUL);
        }
        self.require_irql_at_most(Irql::PASSIVE_LEVEL, "IoConnectInterrupt");
        let controller = &self.state.interrupts;
        let number = controller.line_of_vector(vector).ok_or(NtStatus::INVALID_PARAMETER)?;
        let line = &controller.lines[number];
        let is_unshared =
            |other: &Interrupt| share == Share::Exclusive || other.0.share == Share::Exclusive;
        let unshared = line.connected.borrow().iter().any(is_unshared);
        if line.wired.get() != Some(mode) || unshared {
            return Err(NtStatus::INVALID_PARAMETER);
        }
        let object = InterruptObject { line: number, share, routine, held: Cell::new(false) };
        if self.choose::<Refusal>(Choice::Connect) == Refusal::Refused {
            return Err(NtStatus::INSUFFICIENT_RESOURCES);
        }
        let interrupt = Interrupt(Rc::new(object));
        line.connected.borrow_mut().push(interrupt.clone());
        controller.connected.set(controller.connected.get() | 1 << number);
        self.want_attention(Irql::of_line(number as u8));
        self.preemption_point();
        Ok(interrupt)
    }

    /// Disconnects a service routine. IRQL: PASSIVE_LEVEL.
    #[doc(alias = "IoDisconnectInterrupt")]
    pub fn disconnect_interrupt(&self, interrupt: &Interrupt) {
        if self.is_frozen() {
            return;
        }
        self.require_irql_at_most(Irql::PASSIVE_LEVEL, "IoDisconnectInterrupt");
        let controller = &self.state.interrupts;
        let number = interrupt.0.line;
        let mut connected = controller.lines[number].connected.borrow_mut();
        connected.retain(|other| !Rc::ptr_eq(&other.0, &interrupt.0));
        if connected.is_empty() {
            controller.connected.set(controller.connected.get() & !(1 << number));
        }
    }

    /// Runs `routine` at the interrupt's IRQL with its lock held, so that the service routine
    /// cannot run meanwhile.
    ///
    /// IRQL: up to the interrupt's device level.
    #[doc(alias = "KeSynchronizeExecution")]
    pub fn synchronize_execution<R>(
        &self,
        interrupt: &Interrupt,
        routine: impl FnOnce(&Kernel) -> R,
    ) -> R {
        let irql = Irql::of_line(interrupt.0.line as u8);
        let old = self.raise_irql(irql.max(self.current_irql()));
        self.hold(interrupt);
        let (names, shown) = (&self.state.names, self.config().trace.regions == Regions::Shown);
        if shown {
            let signal = self.state.interrupts.lines[interrupt.0.line].signal.get();
            self.record_call(names.kernel, names.synchronize, Argument::Word(signal));
        }
        let result = routine(self);
        if shown {
            let success = NtStatus::SUCCESS;
            self.record_return(names.kernel, names.synchronize, success, Argument::None);
        }
        interrupt.0.held.set(false);
        self.lower_irql(old);
        result
    }

    /// True while any service routine is connected.
    #[must_use]
    pub fn has_connected_interrupt(&self) -> bool {
        self.state.interrupts.connected.get() != 0
    }

    fn hold(&self, interrupt: &Interrupt) {
        if interrupt.0.held.replace(true) && !self.is_frozen() {
            self.bug_check_with(
                BugCheckCode::SPIN_LOCK_ALREADY_OWNED,
                [0; 4],
                "KeSynchronizeExecution inside the service routine of the same interrupt",
            );
        }
    }

    /// The most urgent line that asks for service and has a routine.
    fn urgent_line(&self) -> Option<usize> {
        let controller = &self.state.interrupts;
        let waiting = controller.requested.get() & controller.connected.get();
        if waiting == 0 {
            return None;
        }
        (0..LINES)
            .filter(|line| waiting & 1 << line != 0)
            .max_by_key(|line| (Irql::of_line(*line as u8), LINES - line))
    }

    /// The IRQL of the most urgent line that asks for service and has a routine.
    pub(crate) fn requested_irql(&self) -> Option<Irql> {
        self.urgent_line().map(|line| Irql::of_line(line as u8))
    }

    /// The most urgent line that asks for service and has a routine, if the IRQL lets it through.
    #[inline]
    pub(crate) fn line_let_through(&self) -> Option<usize> {
        self.urgent_line().filter(|line| Irql::of_line(*line as u8) > self.current_irql())
    }

    /// The lines that have a routine and do not ask for service.
    pub(crate) fn quiet_lines(&self) -> impl Iterator<Item = u8> + use<> {
        let controller = &self.state.interrupts;
        let quiet = controller.connected.get() & !controller.requested.get();
        (0..LINES as u8).filter(move |line| quiet & 1 << line != 0)
    }

    /// Calls the routines of a line that does not ask for service, as if there were noise on the
    /// line. Such a call does not count towards an interrupt storm.
    pub(crate) fn service_quiet_line(&self, number: u8) {
        let services = &self.state.interrupts.lines[usize::from(number)].services_while_up;
        let before = services.replace(0);
        self.service_line(usize::from(number));
        if services.get() != 0 {
            services.set(before);
        }
    }

    /// Calls the routines of a line at the line's IRQL.
    pub(crate) fn service_line(&self, number: usize) {
        let controller = &self.state.interrupts;
        let line = &controller.lines[number];
        if line.wired.get() == Some(TriggerMode::Latched) {
            controller.clear_requested(number);
        }
        line.services_while_up.set(line.services_while_up.get() + 1);
        if line.services_while_up.get() > self.state.config.interrupt_storm_limit {
            self.hang(&format!("irq {number} to fall: its service routines leave it up"));
            return;
        }
        let began_ns = self.now_ns();
        let old = self.current_irql();
        self.set_irql(Irql::of_line(number as u8));
        let names = &self.state.names;
        let outer = self.set_running(Running::Interrupt(number as u8));
        self.record_call(names.isr, line.signal.get(), Argument::None);
        let claim = self.call_routines(line);
        let (word, unclaimed) = match claim {
            Claim::Mine => (names.claimed, 0),
            Claim::NotMine => (names.not_mine, 1),
        };
        let answer = Argument::Word(word);
        self.record_return(names.isr, line.signal.get(), NtStatus::SUCCESS, answer);
        self.set_running(outer);
        self.set_irql(old);
        let took_ns = self.now_ns() - began_ns;
        self.advise(Advice::ServiceRoutine, took_ns);
        self.count(|counters| {
            counters.interrupts += 1;
            counters.unclaimed_interrupts += unclaimed;
            counters.longest_isr_ns = counters.longest_isr_ns.max(took_ns);
        });
    }

    /// Calls the routines of a line, and returns whether one of them claimed the interrupt. On a
    /// level line the kernel stops at the first routine that claims the interrupt. On a shared
    /// latched line one edge may come from several devices. So the kernel calls all routines, again
    /// and again, until a pass in which no routine claims the interrupt.
    fn call_routines(&self, line: &Line) -> Claim {
        let shared_latched =
            line.wired.get() == Some(TriggerMode::Latched) && line.connected.borrow().len() > 1;
        let mut any = Claim::NotMine;
        for _ in 0..CHAIN_PASS_LIMIT {
            let pass = self.call_routines_once(line, shared_latched);
            if pass == Claim::Mine {
                any = Claim::Mine;
            }
            if pass == Claim::NotMine || !shared_latched || self.is_frozen() {
                return any;
            }
        }
        self.hang("a pass over a shared latched line in which no service routine claims it");
        any
    }

    fn call_routines_once(&self, line: &Line, call_all: bool) -> Claim {
        let mut claim = Claim::NotMine;
        let mut index = 0;
        loop {
            let interrupt = line.connected.borrow().get(index).cloned();
            let Some(interrupt) = interrupt else { return claim };
            index += 1;
            if self.call_routine(&interrupt) == Claim::Mine {
                claim = Claim::Mine;
                if !call_all {
                    return claim;
                }
            }
        }
    }

    fn call_routine(&self, interrupt: &Interrupt) -> Claim {
        let irql = self.current_irql();
        self.hold(interrupt);
        let claim = (interrupt.0.routine)(self);
        interrupt.0.held.set(false);
        if self.current_irql() != irql && !self.is_frozen() {
            let parameters = [u64::from(self.current_irql().0), u64::from(irql.0), 3, 0];
            self.bug_check_with(
                BugCheckCode::IRQL_UNEXPECTED_VALUE,
                parameters,
                &format!("a service routine returned at {}", self.current_irql()),
            );
        }
        claim
    }
}

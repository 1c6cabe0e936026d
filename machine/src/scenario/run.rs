//! Runs a scenario step after step on a machine, and checks expectations.

use std::rc::Rc;

use portcls_emulator::trace::{Layer, WaitEnd};
use portcls_emulator::{
    DevicePowerState, Irql, Kernel, NtStatus, PnpRequest, Stop, SystemPowerState,
};
use portcls_guest::Leak;

use portcls_report::text::Header;

use super::check::{Facts, checks};
use super::faults::FaultOracle;
use super::file::{PnpWord, PowerWord};
use super::golden::GoldenSettings;
use super::outcome::{Check, Outcome};
use super::pins::{Pin, pass};
use super::plan::{Action, Plan, Since, Start, Step};
use super::values::Wait;
use crate::application::Application;
use crate::cable::Sender;
use crate::card_device::WIRES;
use crate::device::MachineDevice;
use crate::error::MachineError;
use crate::machine::Machine;
use crate::midi_pin::PinUse;
use crate::patience::CLOSE_AFTER_IDLE_NS;

/// The longest stall in one call, in us. Source: WDK, KeStallExecutionProcessor.
const STALL_US: u64 = 50;

/// The longest time between two looks at the cables while a step waits for silence, in ns.
const STEP_NS: u64 = 1_000_000;

/// How many read requests a read step keeps in flight.
const READS_IN_FLIGHT: usize = 2;

/// Runs a plan.
pub(super) fn run(plan: &Plan, golden: Option<GoldenSettings>, edition: &str) -> Outcome {
    let machine = plan.builder.clone().build().expect("the reader has built this machine");
    let mut run = Run::new(&machine, plan);
    run.go(plan);
    run.pins.iter_mut().for_each(Pin::take);
    let Run { pins, leaks, steps, refused, stop, .. } = run;
    // The trace ends here, because closing the pins and ending the machine are not part of the
    // scenario.
    let trace = machine.trace_log();
    let kernel = machine.kernel();
    let facts = Facts {
        trace: &trace,
        machine: &machine,
        plan,
        pins: &pins,
        violations: kernel.violations(),
        leaks: leaks.as_deref(),
        refused,
        stop: stop.as_ref(),
    };
    let mut all = checks(&facts);
    let mut result: Vec<Check> = steps;
    result.append(&mut all);
    let has_violations = facts.breaks_a_rule();
    let is_expected_stop = facts.expects_the_stop();
    let outcome = Outcome {
        header: Header { scenario: edition.to_owned(), ..machine.trace_header() },
        golden,
        checks: result,
        has_named: plan.expect.is_some_named()
            || plan.steps.iter().any(|step| step.status.is_some()),
        violations: facts.violations,
        stop,
        analysis: machine.analysis(),
        leaks,
        refused,
        is_expected_stop,
        has_violations,
        trace,
    };
    drop(pins);
    outcome
}

/// A run under way.
struct Run<'m> {
    machine: &'m Machine,
    faults: Rc<FaultOracle>,

    pins: Vec<Pin<'m>>,
    /// The time of the last mark that a step put, in ns; 0 before the first. The mark of a write
    /// does not count.
    mark_ns: u64,
    /// What the driver left behind; known after an unload.
    leaks: Option<Vec<Leak>>,
    /// The results of the start or the step that failed, and of steps with a status that the
    /// scenario names.
    steps: Vec<Check>,
    /// The status with which the driver refused to start.
    refused: Option<NtStatus>,
    stop: Option<Stop>,
}

/// Why a step failed.
enum Trouble {
    /// An error of the machine.
    Machine(MachineError),
    /// The step was late, or its wait was not over in time.
    NotYet(String),
}

impl From<MachineError> for Trouble {
    fn from(error: MachineError) -> Trouble {
        Trouble::Machine(error)
    }
}

impl From<Stop> for Trouble {
    fn from(stop: Stop) -> Trouble {
        Trouble::Machine(stop.into())
    }
}

/// Whether the run goes on with the next step.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Next {
    Step,
    End,
}

impl<'m> Run<'m> {
    fn new(machine: &'m Machine, plan: &Plan) -> Run<'m> {
        let faults = Rc::new(FaultOracle::default());
        if plan.steps.iter().any(|step| matches!(step.action, Action::Fault(_))) {
            let oracle = Rc::clone(&faults);
            let answer = move |kernel: &Kernel, question: &_| {
                portcls_emulator::choice::Oracle::answer(&*oracle, kernel, question)
            };
            machine.set_oracle(Rc::new(answer));
        }
        Run {
            machine,
            faults,
            pins: plan.pins.iter().map(|pin| Pin::new(pin.pin_use)).collect(),
            mark_ns: 0,
            leaks: None,
            steps: Vec::new(),
            refused: None,
            stop: None,
        }
    }

    fn go(&mut self, plan: &Plan) {
        if plan.start == Start::BeforeSteps && self.start(plan) == Next::End {
            return;
        }
        for (index, step) in plan.steps.iter().enumerate() {
            if self.step(plan, index, step) == Next::End {
                break;
            }
        }
    }

    /// Starts the driver. A refusal ends the run, and is a failure unless the scenario has an
    /// expectation `refused`.
    fn start(&mut self, plan: &Plan) -> Next {
        match self.machine.start() {
            Ok(()) => Next::Step,
            Err(MachineError::Stopped(stop)) => {
                self.stop = Some(stop);
                Next::End
            }
            Err(error) => {
                self.refused = status_of(&error);
                if plan.expect.table.refused.is_none() {
                    let failed = Check::failed("start", error.to_string());
                    self.steps.push(failed.at(self.machine.now_ns()));
                }
                Next::End
            }
        }
    }

    fn step(&mut self, plan: &Plan, index: usize, step: &Step) -> Next {
        let name = format!("step {} (line {}), {}", index + 1, step.line, step.verb);
        let result = self.wait_until_due(step).and_then(|()| self.act(plan, step));
        let expected = step.status.unwrap_or(NtStatus::SUCCESS);
        let (came, words) = match result {
            Err(Trouble::Machine(MachineError::Stopped(stop))) => {
                self.stop = Some(stop);
                return Next::End;
            }
            Ok(()) => (Some(NtStatus::SUCCESS), "it succeeded".to_owned()),
            Err(Trouble::NotYet(words)) => (None, words),
            Err(Trouble::Machine(error)) => (status_of(&error), error.to_string()),
        };
        if came == Some(expected) {
            if step.status.is_some() {
                self.steps.push(Check::passed(name, expected.to_string()));
            }
            return Next::Step;
        }
        let failed = Check::failed(name, format!("{expected} expected, but {words}"));
        self.steps.push(failed.at(self.machine.now_ns()));
        Next::End
    }

    fn wait_until_due(&mut self, step: &Step) -> Result<(), Trouble> {
        let Some((at_ns, since)) = step.at else { return Ok(()) };
        let start_ns = if since == Since::Mark { self.mark_ns } else { 0 };
        let due_ns = start_ns.saturating_add(at_ns);
        let now_ns = self.machine.now_ns();
        if now_ns > due_ns {
            let late_us = (now_ns - due_ns).div_ceil(1_000);
            let words = format!(
                "it is {late_us} us late: let it begin later, or what is before \
                                 it earlier"
            );
            return Err(Trouble::NotYet(words));
        }
        pass(self.machine, &mut self.pins, due_ns, |_| false)?;
        Ok(())
    }

    fn act(&mut self, plan: &Plan, step: &Step) -> Result<(), Trouble> {
        let machine = self.machine;
        match &step.action {
            Action::Open { pin, card, choice, format } => {
                let application = Application::new(machine).device(*card).pin_format(*format);
                let client = match (plan.pins[*pin].pin_use, choice) {
                    (PinUse::Render, None) => application.open_render(),
                    (PinUse::Render, Some(choice)) => application.open_render_at(choice),
                    (PinUse::Capture, None) => application.open_capture(),
                    (PinUse::Capture, Some(choice)) => application.open_capture_at(choice),
                };
                self.pins[*pin].open(client?);
            }
            Action::State { pin, state } => self.pins[*pin].client()?.set_state(*state)?,
            Action::Mark(words) => {
                machine.run(|kernel| kernel.mark(words))?;
                self.mark_ns = machine.now_ns();
            }
            Action::WriteNow { pin, bytes } => self.pins[*pin].client()?.write_now(bytes)?,
            Action::WriteBuffer { pin, messages } => self.pins[*pin].write(messages)?,
            Action::Play { pin, song } => self.pins[*pin].play(song)?,
            Action::Send { card, sender, bytes } => {
                self.tell_sender(*card, *sender)?;
                self.device(*card).cable().send_as(*sender, bytes);
            }
            Action::SendSong { card, sender, song } => {
                self.tell_sender(*card, *sender)?;
                // The cable sends the song by itself, so this code need not know when the song
                // ends.
                let _ = self.device(*card).cable().send_song_as(*sender, (**song).clone());
            }
            Action::Requests { pin, count, refill } => self.pins[*pin].request(*count, *refill)?,
            Action::Read { pin, count, within_ns } => self.read(*pin, *count, *within_ns)?,
            Action::Cancel { pin } => {
                if !self.pins[*pin].client()?.cancel_oldest()? {
                    let request = "cancelling a request";
                    let status = NtStatus::NOT_FOUND;
                    return Err(MachineError::Request { request, status }.into());
                }
            }
            Action::Close { pin } => self.pins[*pin].close()?,
            Action::Hold { level, time_us, end_mark } => {
                machine.run(|kernel| hold(kernel, *level, *time_us, end_mark.as_deref()))?;
                if end_mark.is_some() {
                    self.mark_ns = machine.now_ns();
                }
            }
            Action::Wait { wait, pin, within_ns } => self.wait(*wait, *pin, *within_ns)?,
            Action::Pnp { card, request } => self.pnp(*card, *request)?,
            Action::Power { card, state } => self.power(*card, *state)?,
            Action::Vanish { card, in_ns } => {
                self.device(*card).vanish_at_ns(machine.now_ns().saturating_add(*in_ns));
            }
            Action::Fault(fault) => self.faults.add(*fault),
            Action::CardFault { card, fault, bytes } => {
                self.tell(*card, &format!("fault {} {bytes}", fault.word()))?;
                self.device(*card).inject(*fault, *bytes);
            }
        }
        Ok(())
    }

    /// Says in the trace what is wrong with the bytes that the sender sends next. On the wire, the
    /// trace shows these bytes as if nothing were wrong with them.
    fn tell_sender(&self, card: usize, sender: Sender) -> Result<(), Trouble> {
        match sender {
            Sender::Sound => Ok(()),
            Sender::WithoutStop => self.tell(card, "bytes with a space as stop bit follow"),
            Sender::AtSpeed(speed) => self.tell(card, &format!("bytes at {speed} bit/s follow")),
        }
    }

    /// Writes a note into the trace. The actor of the note is the wire of the card.
    fn tell(&self, card: usize, words: &str) -> Result<(), Trouble> {
        self.machine.run(|kernel| {
            let who = kernel.trace().actor(WIRES[card], Layer::Hardware);
            kernel.record_note(who, words);
        })?;
        Ok(())
    }

    fn device(&self, index: usize) -> &'m MachineDevice {
        &self.machine.devices()[index]
    }

    fn read(&mut self, pin: usize, count: usize, within_ns: u64) -> Result<(), Trouble> {
        let wanted = self.pins[pin].awaited + count;
        self.pins[pin].keep_reading(READS_IN_FLIGHT)?;
        let limit_ns = self.machine.now_ns().saturating_add(within_ns);
        let is_over = |pins: &[Pin<'_>]| pins[pin].received_bytes() >= wanted;
        let came = pass(self.machine, &mut self.pins, limit_ns, is_over)?;
        let read = self.pins[pin].received_bytes();
        if !came {
            let missing = wanted - read;
            let plural = if missing == 1 { "byte is" } else { "bytes are" };
            return Err(Trouble::NotYet(format!("{missing} {plural} missing when the wait ends")));
        }
        self.pins[pin].awaited = wanted;
        Ok(())
    }

    fn wait(&mut self, wait: Wait, pin: Option<usize>, within_ns: u64) -> Result<(), Trouble> {
        let limit_ns = self.machine.now_ns().saturating_add(within_ns);
        match (wait, pin) {
            (Wait::Time(time_ns), _) => {
                let end_ns = self.machine.now_ns().saturating_add(time_ns);
                pass(self.machine, &mut self.pins, end_ns, |_| false)?;
                Ok(())
            }
            (Wait::Requests, Some(pin)) => {
                self.pins[pin].client()?;
                let is_over =
                    |pins: &[Pin<'_>]| !pins[pin].is_playing() && pins[pin].in_flight() == 0;
                if pass(self.machine, &mut self.pins, limit_ns, is_over)? {
                    return Ok(());
                }
                let count = self.pins[pin].in_flight();
                Err(Trouble::NotYet(format!("{count} requests are not complete when it ends")))
            }
            (Wait::Silence, _) => self.wait_for_silence(limit_ns),
            (Wait::Input | Wait::Requests, _) => {
                let devices = self.machine.devices();
                let is_over =
                    |_: &[Pin<'_>]| devices.iter().all(|device| device.cable().is_in_empty());
                if pass(self.machine, &mut self.pins, limit_ns, is_over)? {
                    return Ok(());
                }
                let bytes: usize =
                    devices.iter().map(|device| device.cable().waiting_in_bytes()).sum();
                Err(Trouble::NotYet(format!("{bytes} bytes are not read when the wait ends")))
            }
        }
    }

    /// Waits until every write is complete, and MIDI OUT of every card has been idle for long
    /// enough.
    fn wait_for_silence(&mut self, limit_ns: u64) -> Result<(), Trouble> {
        let machine = self.machine;
        let devices = machine.devices();
        let is_silent = |pins: &[Pin<'_>]| {
            devices.iter().all(|device| device.cable().is_idle_for(CLOSE_AFTER_IDLE_NS))
                && !pins.iter().any(Pin::is_playing)
        };
        while !is_silent(&self.pins) {
            let now_ns = machine.now_ns();
            if now_ns >= limit_ns {
                return Err(Trouble::NotYet("MIDI OUT is not silent when the wait ends".into()));
            }
            let idle = devices.iter().map(|device| device.cable().idle_since_ns()).max();
            let over_ns = idle.unwrap_or(0) + CLOSE_AFTER_IDLE_NS;
            let left_ns = over_ns.saturating_sub(now_ns);
            let step_ns = if left_ns == 0 { STEP_NS } else { left_ns.min(STEP_NS) };
            pass(machine, &mut self.pins, (now_ns + step_ns).min(limit_ns), |_| false)?;
        }
        let idle = devices.iter().map(|device| device.cable().idle_since_ns()).max();
        let counted_ns = machine.now_ns() - idle.unwrap_or(0);
        machine.run(|kernel| {
            let who = kernel.trace().actor("app", Layer::Software);
            kernel.record_wait(who, "silence on MIDI OUT", WaitEnd::Over, counted_ns);
        })?;
        Ok(())
    }

    fn pnp(&mut self, card: usize, request: PnpWord) -> Result<(), Trouble> {
        let device = self.device(card);
        let request = match request {
            PnpWord::Start => {
                let started = self.machine.start_device(device);
                if let Err(error) = &started {
                    self.refused = status_of(error);
                }
                return Ok(started?);
            }
            PnpWord::SurpriseRemove => return Ok(device.pull()?),
            PnpWord::Unload => {
                self.leaks = Some(self.machine.unload()?);
                return Ok(());
            }
            PnpWord::Stop => PnpRequest::StopDevice,
            PnpWord::QueryStop => PnpRequest::QueryStopDevice,
            PnpWord::CancelStop => PnpRequest::CancelStopDevice,
            PnpWord::Remove => PnpRequest::RemoveDevice,
            PnpWord::QueryRemove => PnpRequest::QueryRemoveDevice,
            PnpWord::CancelRemove => PnpRequest::CancelRemoveDevice,
        };
        Ok(device.pnp(request)?)
    }

    fn power(&mut self, card: usize, state: PowerWord) -> Result<(), Trouble> {
        let device = |state| self.device(card).set_power(state);
        let result = match state {
            PowerWord::D0 => device(DevicePowerState::D0),
            PowerWord::D1 => device(DevicePowerState::D1),
            PowerWord::D2 => device(DevicePowerState::D2),
            PowerWord::D3 => device(DevicePowerState::D3),
            PowerWord::S0 => self.machine.wake(),
            PowerWord::S1 => self.machine.sleep(SystemPowerState::S1),
            PowerWord::S2 => self.machine.sleep(SystemPowerState::S2),
            PowerWord::S3 => self.machine.sleep(SystemPowerState::S3),
            PowerWord::S4 => self.machine.sleep(SystemPowerState::S4),
        };
        Ok(result?)
    }
}

/// Keeps the processor at a level for a time, like another driver's work.
fn hold(kernel: &Kernel, level: Irql, time_us: u64, end_mark: Option<&str>) {
    let old = kernel.raise_irql(level);
    let mut left_us = time_us;
    while left_us > 0 {
        let stall_us = left_us.min(STALL_US);
        kernel.stall_us(stall_us as u32);
        left_us -= stall_us;
    }
    if let Some(words) = end_mark {
        kernel.mark(words);
    }
    kernel.lower_irql(old);
}

/// The status of a refusal; `None` for an error without a status. If there is no pin that the
/// application could open, no driver gives a status, and the status is `STATUS_NOT_FOUND`.
fn status_of(error: &MachineError) -> Option<NtStatus> {
    match error {
        MachineError::NoPin { .. } | MachineError::WrongPin { .. } => Some(NtStatus::NOT_FOUND),
        MachineError::Request { status, .. } | MachineError::DriverRefused { status, .. } => {
            Some(*status)
        }
        _ => None,
    }
}

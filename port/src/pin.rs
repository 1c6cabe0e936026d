//! A pin: an open instance of a pin of the descriptor, and the state of its stream.
//!
//! Owns the walk from state to state, the format, and what sleep and a reset hold back. How data
//! moves is its lane's business; the filter that it was opened on is not known here.

use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};

use portcls_emulator::{Irp, Kernel, NtStatus};

use crate::binding::Binding;
use crate::descriptor::{PcFilterDescriptor, PcPinDescriptor};
use crate::interfaces::StreamDirection;
use crate::ks::{KsDataFormat, KsIoctl, KsState};
use crate::lane::Lane;
use crate::rules;
use crate::stream_request::StreamRequest;

mod requests;

/// An open pin.
pub(crate) struct Pin {
    id: u32,
    direction: StreamDirection,

    binding: Rc<Binding>,
    descriptor: Rc<PcFilterDescriptor>,
    lane: Rc<Lane>,

    format: Cell<KsDataFormat>,
    resetting: Cell<bool>,
    /// While the device is not in D0: the state that the stream goes back to.
    suspended: Cell<Option<KsState>>,
}

/// The open pins of a filter, or of all filters of a port, in the order in which they were opened.
#[derive(Default)]
pub(crate) struct Pins(RefCell<Vec<Weak<Pin>>>);

impl Pins {
    /// A pin was opened.
    pub fn add(&self, pin: &Rc<Pin>) {
        let mut pins = self.0.borrow_mut();
        pins.retain(|other| other.strong_count() > 0);
        pins.push(Rc::downgrade(pin));
    }

    /// The pins that have their stream.
    pub fn open(&self) -> Vec<Rc<Pin>> {
        let pins = self.0.borrow();
        pins.iter().filter_map(Weak::upgrade).filter(|pin| pin.lane.is_connected()).collect()
    }

    /// How many instances of a pin are open.
    pub fn count(&self, id: u32) -> u32 {
        self.open().iter().filter(|pin| pin.id == id).count() as u32
    }
}

impl Pin {
    /// Opens a pin of a descriptor with a stream of the miniport, in STOP. IRQL: PASSIVE_LEVEL.
    ///
    /// # Errors
    /// `STATUS_INVALID_PARAMETER` for a pin that is not there; what the miniport answers, or the
    /// stream's group when the pin's sink is added.
    pub fn open(
        kernel: &Kernel,
        binding: &Rc<Binding>,
        descriptor: &Rc<PcFilterDescriptor>,
        id: u32,
        format: KsDataFormat,
    ) -> Result<Rc<Pin>, NtStatus> {
        let pin = descriptor.pins.get(id as usize).ok_or(NtStatus::INVALID_PARAMETER)?;
        let direction = StreamDirection::of_pin(pin.pin.data_flow);
        let lane = Lane::new(binding.calls());
        let stream = binding.miniport()?.new_stream(kernel, &lane, id, direction, &format)?;
        lane.connect(kernel, stream)?;
        Ok(Rc::new(Pin {
            id,
            direction,
            binding: Rc::clone(binding),
            descriptor: Rc::clone(descriptor),
            lane,
            format: Cell::new(format),
            resetting: Cell::new(false),
            suspended: Cell::new(None),
        }))
    }

    pub fn lane(&self) -> &Lane {
        &self.lane
    }

    /// What the pin is an instance of.
    fn described(&self) -> &PcPinDescriptor {
        &self.descriptor.pins[self.id as usize]
    }

    /// Sets another format. IRQL: PASSIVE_LEVEL.
    ///
    /// # Errors
    /// `STATUS_INVALID_DEVICE_STATE` on a pin that lost its stream; what the miniport answers.
    fn set_format(&self, kernel: &Kernel, format: KsDataFormat) -> Result<(), NtStatus> {
        let stream = self.lane.stream().ok_or(NtStatus::INVALID_DEVICE_STATE)?;
        stream.set_format(kernel, &self.lane, &format)?;
        self.format.set(format);
        Ok(())
    }

    /// Walks to the state that the client wants. IRQL: PASSIVE_LEVEL.
    ///
    /// Assumed: outside D0 a stream goes no further than PAUSE, and to RUN once D0 is back.
    ///
    /// # Errors
    /// As [`walk_to`](Self::walk_to).
    fn set_state(&self, kernel: &Kernel, wanted: KsState) -> Result<(), NtStatus> {
        if self.suspended.get().is_none() {
            return self.walk_to(kernel, wanted);
        }
        self.walk_to(kernel, wanted.min(KsState::Pause))?;
        self.suspended.set(Some(wanted));
        Ok(())
    }

    /// Holds the stream in PAUSE while the device is not in D0. IRQL: PASSIVE_LEVEL.
    pub fn suspend(&self, kernel: &Kernel) {
        if self.suspended.get().is_none() {
            let state = self.lane.state();
            self.suspended.set(Some(state));
            // Downward steps do not fail.
            let _ = self.walk_to(kernel, state.min(KsState::Pause));
        }
    }

    /// Goes back to the state before [`suspend`](Self::suspend). IRQL: PASSIVE_LEVEL.
    pub fn resume(&self, kernel: &Kernel) {
        let Some(state) = self.suspended.take() else { return };
        if let Err(status) = self.walk_to(kernel, state) {
            let text = format!("pin {}: not back in {state:?} after sleep: {status}", self.id);
            self.binding.calls().note(kernel, &text);
        }
    }

    /// Walks to a state through its neighbours. IRQL: PASSIVE_LEVEL.
    ///
    /// # Errors
    /// What the miniport answers on the way up; the pin stays in the last state it reached. On
    /// the way down a failure is a violation and the walk goes on.
    fn walk_to(&self, kernel: &Kernel, target: KsState) -> Result<(), NtStatus> {
        while let Some(next) = self.lane.state().step_towards(target) {
            self.step(kernel, next)?;
        }
        Ok(())
    }

    fn step(&self, kernel: &Kernel, next: KsState) -> Result<(), NtStatus> {
        let stream = self.lane.stream().ok_or(NtStatus::INVALID_DEVICE_STATE)?;
        let up = next > self.lane.state();
        if !up {
            self.lane.leave(kernel, next);
        }
        match stream.set_state(kernel, &self.lane, next) {
            Err(status) if up => return Err(status),
            Err(status) => {
                let message = format!("SetState down to {next:?} failed with {status}");
                kernel.report_violation(&rules::STATE_DOWN_FAILED, &message);
            }
            Ok(()) => {}
        }
        self.lane.arrive(kernel, next);
        Ok(())
    }

    /// Checks a request for data against the pin and its state.
    ///
    /// Data moves in ACQUIRE, PAUSE and RUN.
    ///
    /// Assumed: the documents say that STOP and ACQUIRE discard data. A refusal in STOP tells
    /// the client; what is queued in ACQUIRE is discarded if the stream steps down again.
    fn check_stream_request(&self, irp: &Irp, code: KsIoctl) -> Result<StreamRequest, NtStatus> {
        if self.resetting.get() {
            return Err(NtStatus::DEVICE_NOT_READY);
        }
        match (self.direction, code) {
            (StreamDirection::Render, KsIoctl::WriteStream) => {}
            (StreamDirection::Capture, KsIoctl::ReadStream) => {}
            _ => return Err(NtStatus::INVALID_DEVICE_REQUEST),
        }
        let stream = self.lane.stream().ok_or(NtStatus::INVALID_DEVICE_STATE)?;
        if self.lane.state() == KsState::Stop {
            return Err(NtStatus::INVALID_DEVICE_STATE);
        }
        stream.check(irp)
    }

    /// Ends the stream from any state. IRQL: PASSIVE_LEVEL.
    pub fn shut(&self, kernel: &Kernel) {
        self.lane.flush(kernel);
        if !self.lane.is_connected() {
            return;
        }
        // Downward steps do not fail.
        let _ = self.walk_to(kernel, KsState::Stop);
        self.lane.disconnect(kernel);
    }
}

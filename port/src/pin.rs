//! A pin: an open instance of a described pin, and its stream's state.
//!
//! This file owns the walk from state to state, the format, and the limits during sleep and a
//! reset. The lane of a pin moves the data. A pin does not know its filter.

use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};

use portcls_emulator::{Irp, Kernel, NtStatus};

use crate::binding::Binding;
use crate::client_events::ClientEvents;
use crate::descriptor::{DescribedPin, PcFilterDescriptor, PcPinDescriptor};
use crate::interfaces::StreamDirection;
use crate::ks::intersection::check_format;
use crate::ks::{KsDataFormat, KsIoctl, KsState};
use crate::lane::Lane;
use crate::rules;
use crate::stream_request::StreamRequest;

mod requests;

pub(crate) use requests::property_flags;

/// An open pin.
pub(crate) struct Pin {
    id: u32,
    direction: StreamDirection,

    binding: Rc<Binding>,
    descriptor: Rc<PcFilterDescriptor>,
    lane: Rc<Lane>,
    events: ClientEvents,

    format: Cell<KsDataFormat>,
    /// While the device is not in D0: the state to which the stream goes when D0 is back.
    suspended: Cell<Option<KsState>>,
}

/// The open pins of a filter, or of all filters of a port, in the order in which they were opened.
#[derive(Default)]
pub(crate) struct Pins(RefCell<Vec<Weak<Pin>>>);

impl Pins {
    /// Adds a pin that was opened.
    pub fn add(&self, pin: &Rc<Pin>) {
        let mut pins = self.0.borrow_mut();
        pins.retain(|other| other.strong_count() > 0);
        pins.push(Rc::downgrade(pin));
    }

    /// The pins that still have their stream.
    pub fn open(&self) -> Vec<Rc<Pin>> {
        let pins = self.0.borrow();
        pins.iter().filter_map(Weak::upgrade).filter(|pin| pin.lane.is_connected()).collect()
    }

    /// The number of open instances of a pin.
    pub fn count(&self, id: u32) -> u32 {
        self.open().iter().filter(|pin| pin.id == id).count() as u32
    }
}

impl Pin {
    /// Opens a pin of a descriptor with a stream of the miniport, in STOP.
    ///
    /// IRQL: PASSIVE_LEVEL.
    ///
    /// # Errors
    /// - `STATUS_INVALID_PARAMETER`: there is no such pin.
    /// - `STATUS_INVALID_DEVICE_STATE`: the port was released.
    /// - The status of [`NoStreams`](crate::binding::NoStreams): the miniport has no streams.
    /// - The status of the miniport's NewStream, or the status with which the stream's group
    ///   refused the lane's sink.
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
        let miniport = binding.miniport()?;
        let streams = miniport.streams().map_err(|refusal| refusal.status)?;
        let stream = streams.new_stream(kernel, &lane, id, direction, &format)?;
        lane.connect(kernel, stream)?;
        Ok(Rc::new(Pin {
            id,
            direction,
            binding: Rc::clone(binding),
            descriptor: Rc::clone(descriptor),
            lane,
            events: ClientEvents::new(binding.events()),
            format: Cell::new(format),
            suspended: Cell::new(None),
        }))
    }

    pub fn id(&self) -> u32 {
        self.id
    }

    pub fn direction(&self) -> StreamDirection {
        self.direction
    }

    pub fn format(&self) -> KsDataFormat {
        self.format.get()
    }

    /// While the device is not in D0: the state to which the stream goes when D0 is back.
    pub fn suspended_in(&self) -> Option<KsState> {
        self.suspended.get()
    }

    pub fn lane(&self) -> &Lane {
        &self.lane
    }

    /// The description of this pin, as it was when the pin was opened.
    fn described(&self) -> &PcPinDescriptor {
        &self.descriptor.pins[self.id as usize]
    }

    /// Checks a format against the ranges of the pin, as the miniport describes them now. After the
    /// release of the port, the ranges are those from the opening of the pin.
    ///
    /// IRQL: PASSIVE_LEVEL.
    ///
    /// # Errors
    /// The errors of [`check_format`].
    fn check_format(&self, kernel: &Kernel, format: &KsDataFormat) -> Result<(), NtStatus> {
        self.binding.refresh_pin(kernel, self.id);
        let descriptor = self.binding.descriptor();
        let pin = descriptor.and_then(|filter| DescribedPin::new(filter, self.id));
        check_format(format, &pin.as_deref().unwrap_or(self.described()).pin.data_ranges)
    }

    /// Sets another format.
    ///
    /// IRQL: PASSIVE_LEVEL.
    ///
    /// # Errors
    /// - `STATUS_INVALID_DEVICE_STATE`: the pin has lost its stream.
    /// - The status that the miniport returned.
    fn set_format(&self, kernel: &Kernel, format: KsDataFormat) -> Result<(), NtStatus> {
        let stream = self.lane.stream().ok_or(NtStatus::INVALID_DEVICE_STATE)?;
        stream.set_format(kernel, &self.lane, &format)?;
        self.format.set(format);
        Ok(())
    }

    /// Moves the stream to the state that the client wants.
    ///
    /// IRQL: PASSIVE_LEVEL.
    ///
    /// Assumed: outside D0 a stream goes no further than PAUSE, and goes on to RUN when D0 is back.
    /// During this call the device is outside D0 only while the system sleeps. While the system
    /// works, the client's request has already brought the device to D0.
    ///
    /// # Errors
    /// The errors of [`walk_to`](Self::walk_to).
    fn set_state(&self, kernel: &Kernel, wanted: KsState) -> Result<(), NtStatus> {
        if self.suspended.get().is_none() {
            return self.walk_to(kernel, wanted);
        }
        self.walk_to(kernel, wanted.min(KsState::Pause))?;
        self.suspended.set(Some(wanted));
        Ok(())
    }

    /// Keeps the stream out of RUN until [`resume`](Self::resume), because the device leaves D0.
    ///
    /// IRQL: PASSIVE_LEVEL.
    pub fn suspend(&self, kernel: &Kernel) {
        if self.suspended.get().is_none() {
            let state = self.lane.state();
            self.suspended.set(Some(state));
            // On the way down, a failure of the miniport is a violation and not a result.
            let _ = self.walk_to(kernel, state.min(KsState::Pause));
        }
    }

    /// Moves the stream to the state that it had before [`suspend`](Self::suspend), or that the
    /// client has asked for since then.
    ///
    /// IRQL: PASSIVE_LEVEL.
    pub fn resume(&self, kernel: &Kernel) {
        let Some(state) = self.suspended.take() else { return };
        if let Err(status) = self.walk_to(kernel, state) {
            let text = format!("pin {}: not back in {state:?} after sleep: {status}", self.id);
            self.binding.calls().note(kernel, &text);
        }
    }

    /// Moves the stream to a state, step by step through all states between.
    ///
    /// IRQL: PASSIVE_LEVEL.
    ///
    /// On the way down, a failure of the miniport is a violation, and the walk goes on.
    ///
    /// # Errors
    /// - `STATUS_INVALID_DEVICE_STATE`: the pin has lost its stream.
    /// - The status that the miniport returned on the way up. The pin stays in the last state that
    ///   it reached.
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
    /// Requests are accepted in ACQUIRE, PAUSE and RUN.
    ///
    /// Assumed: the port refuses a request in STOP. The documents say that data is discarded in
    /// STOP and ACQUIRE, and by the refusal the client learns that its data would be discarded.
    /// Requests that are queued in ACQUIRE are cancelled if the stream goes back to STOP.
    fn check_stream_request(&self, irp: &Irp, code: KsIoctl) -> Result<StreamRequest, NtStatus> {
        if self.lane.is_resetting() {
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

    /// Cancels the queued requests, moves the stream down to STOP from any state, and releases the
    /// stream.
    ///
    /// IRQL: PASSIVE_LEVEL.
    pub fn shut(&self, kernel: &Kernel) {
        self.lane.flush(kernel);
        if !self.lane.is_connected() {
            return;
        }
        // On the way down, a failure of the miniport is a violation and not a result.
        let _ = self.walk_to(kernel, KsState::Stop);
        self.lane.disconnect(kernel);
    }
}

//! A filter: an open instance of a subdevice, its pins and its properties.

use std::cell::RefCell;
use std::rc::{Rc, Weak};

use portcls_emulator::trace::Argument;
use portcls_emulator::{Kernel, NtStatus, PoolType};

use crate::com::{IUnknown, query};
use crate::descriptor::{PcFilterDescriptor, PcPinDescriptor};
use crate::interfaces::{IMiniportMidi, IPinCount, PinCounts, StreamDirection};
use crate::ks::intersection::check_format;
use crate::ks::pin_connect::PinRequest;
use crate::ks::{DataRange, INSTANCES_UNLIMITED, KsDataFormat, KsProperty};
use crate::miniport_calls::{Method, MiniportCalls};
use crate::pin::MidiPin;
use crate::port::PortMidi;
use crate::property::Target;

mod requests;

/// An open filter.
pub(crate) struct MidiFilter {
    port: Rc<PortMidi>,
    descriptor: Rc<PcFilterDescriptor>,
    this: Weak<MidiFilter>,
    pins: RefCell<Vec<Rc<MidiPin>>>,
}

impl MidiFilter {
    pub fn new(port: &Rc<PortMidi>, descriptor: Rc<PcFilterDescriptor>) -> Rc<MidiFilter> {
        Rc::new_cyclic(|this| MidiFilter {
            port: Rc::clone(port),
            descriptor,
            this: Weak::clone(this),
            pins: RefCell::new(Vec::new()),
        })
    }

    pub fn calls(&self) -> &MiniportCalls {
        self.port.calls()
    }

    /// The data ranges of a pin.
    pub fn ranges_of(&self, pin_id: u32) -> &[DataRange] {
        let pin = self.descriptor.pins.get(pin_id as usize);
        pin.map_or(&[], |pin| pin.pin.data_ranges.as_slice())
    }

    /// The open pins.
    pub fn pins(&self) -> Vec<Rc<MidiPin>> {
        self.pins.borrow().clone()
    }

    /// A pin was closed.
    pub fn forget_pin(&self, pin: &MidiPin) {
        self.pins.borrow_mut().retain(|other| !std::ptr::eq(Rc::as_ptr(other), pin));
    }

    fn pin(&self, pin_id: u32) -> Result<&PcPinDescriptor, NtStatus> {
        self.descriptor.pins.get(pin_id as usize).ok_or(NtStatus::INVALID_PARAMETER)
    }

    /// Opens a pin: the checks of KsCreatePin, then the miniport's stream.
    fn create_pin(&self, kernel: &Kernel, name: &[u16]) -> Result<Rc<MidiPin>, NtStatus> {
        let PinRequest { connect, format } = PinRequest::from_name(name)?;
        let pin = self.pin(connect.pin_id)?;
        // A client is the source of what it sends: it connects to a pin that takes requests.
        if connect.pin_to_handle != 0 || !pin.pin.can_be_opened() {
            return Err(NtStatus::INVALID_DEVICE_REQUEST);
        }
        let same = |a: &KsProperty, b: &KsProperty| a.set == b.set && a.id == b.id;
        let interfaces = pin.pin.interfaces_or_standard();
        let mediums = pin.pin.mediums_or_standard();
        if !interfaces.iter().any(|other| same(other, &connect.interface))
            || !mediums.iter().any(|other| same(other, &connect.medium))
        {
            return Err(NtStatus::NO_MATCH);
        }
        check_format(&format, &pin.pin.data_ranges)?;
        let miniport = self.port.miniport().ok_or(NtStatus::INVALID_DEVICE_STATE)?;
        self.check_instances(kernel, connect.pin_id, pin)?;
        self.port.bring_to_d0(kernel)?;
        self.new_pin(kernel, miniport, connect.pin_id, pin, format)
    }

    /// Assumed: one pin too many is STATUS_DEVICE_BUSY; the documents name no value.
    fn check_instances(
        &self,
        kernel: &Kernel,
        pin_id: u32,
        pin: &PcPinDescriptor,
    ) -> Result<(), NtStatus> {
        let counts = self.pin_counts(kernel, pin_id, pin);
        let full =
            |current: u32, possible: u32| possible != INSTANCES_UNLIMITED && current >= possible;
        if full(counts.filter_current, counts.filter_possible)
            || full(counts.global_current, counts.global_possible)
        {
            let text = format!("pin {pin_id}: no further instance is possible");
            self.calls().note(kernel, &text);
            return Err(NtStatus::DEVICE_BUSY);
        }
        Ok(())
    }

    fn pin_counts(&self, kernel: &Kernel, pin_id: u32, pin: &PcPinDescriptor) -> PinCounts {
        let open = self.pins.borrow().iter().filter(|pin| pin.id() == pin_id).count() as u32;
        let mut counts = PinCounts {
            filter_necessary: pin.min_filter_instance_count,
            filter_current: open,
            filter_possible: pin.max_filter_instance_count,
            global_current: self.port.open_pins(pin_id),
            global_possible: pin.max_global_instance_count,
        };
        let hook = self.port.miniport().and_then(|miniport| query::<dyn IPinCount>(&miniport).ok());
        if let Some(hook) = hook {
            let ask = || {
                hook.pin_count(kernel, pin_id, &mut counts);
                Ok(())
            };
            let none = Argument::None;
            let _ = self.calls().call(kernel, Method::PinCount, none, ask, |()| none);
        }
        counts
    }

    fn new_pin(
        &self,
        kernel: &Kernel,
        miniport: Rc<dyn IMiniportMidi>,
        pin_id: u32,
        pin: &PcPinDescriptor,
        format: KsDataFormat,
    ) -> Result<Rc<MidiPin>, NtStatus> {
        let filter = self.this.upgrade().ok_or(NtStatus::INVALID_DEVICE_STATE)?;
        let direction = StreamDirection::of_pin(pin.pin.data_flow);
        let which = Argument::Word(kernel.trace().name(&format!("pin {pin_id} {direction:?}")));
        let pool = PoolType::NonPagedNx;
        let open = || miniport.new_stream(kernel, None, pool, pin_id, direction, &format);
        let new = self.calls().call(kernel, Method::NewStream, which, open, |_| Argument::None)?;
        let pin = MidiPin::new(kernel, &filter, pin_id, pin.pin.data_flow, format, new)?;
        self.pins.borrow_mut().push(Rc::clone(&pin));
        Ok(pin)
    }

    /// What a property request is offered to where the port has no such property: the miniport's
    /// table of a pin with its stream, or of the filter.
    pub fn target(&self, pin: Option<&MidiPin>) -> Option<Target<'_>> {
        let descriptor = &self.descriptor;
        let table = match pin {
            Some(pin) => descriptor.pins.get(pin.id() as usize)?.automation.as_ref(),
            None => descriptor.automation.as_ref(),
        };
        Some(Target {
            calls: self.calls(),
            miniport: self.port.miniport()?,
            stream: pin.and_then(MidiPin::stream).map(|stream| stream as Rc<dyn IUnknown>),
            table,
            nodes: &descriptor.nodes,
        })
    }
}

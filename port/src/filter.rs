//! A filter: an open instance of a subdevice, on which clients open pins.
//!
//! This file owns the checks before a pin is opened, and counts the instances of each pin. This
//! file never knows the kind of its port.

use std::rc::Rc;

use portcls_emulator::trace::Argument;
use portcls_emulator::{Kernel, NtStatus};

use crate::binding::Binding;
use crate::client_events::ClientEvents;
use crate::com::query;
use crate::descriptor::{DescribedPin, PcFilterDescriptor, PcPinDescriptor};
use crate::interfaces::{IPinCount, PinCounts};
use crate::ks::intersection::check_format;
use crate::ks::pin_connect::PinRequest;
use crate::ks::{INSTANCES_UNLIMITED, KsProperty};
use crate::miniport_calls::Method;
use crate::pin::{Pin, Pins};
use crate::power::bring_to_d0;
use crate::subdevice::ISubdevice;

mod requests;

pub(crate) use requests::property_flags;

/// An open filter.
pub(crate) struct Filter {
    /// The port. The filter keeps the port while a client has the filter open.
    port: Rc<dyn ISubdevice>,
    binding: Rc<Binding>,
    descriptor: Rc<PcFilterDescriptor>,

    events: ClientEvents,
    pins: Pins,
    /// The pins of all filters of the port.
    all_pins: Rc<Pins>,
}

impl Filter {
    pub fn new(
        port: Rc<dyn ISubdevice>,
        binding: Rc<Binding>,
        descriptor: Rc<PcFilterDescriptor>,
        all_pins: Rc<Pins>,
    ) -> Rc<Filter> {
        let events = ClientEvents::new(binding.events());
        Rc::new(Filter { port, binding, descriptor, events, pins: Pins::default(), all_pins })
    }

    /// Finds a pin, with the description that the miniport gives now. After the release of the
    /// port, the pin has the description from the time when the filter was opened.
    fn pin(&self, kernel: &Kernel, pin_id: u32) -> Result<DescribedPin, NtStatus> {
        self.binding.refresh_pin(kernel, pin_id);
        let descriptor = self.binding.descriptor();
        let descriptor = descriptor.unwrap_or_else(|| Rc::clone(&self.descriptor));
        DescribedPin::new(descriptor, pin_id).ok_or(NtStatus::INVALID_PARAMETER)
    }

    /// Opens a pin: makes the checks of KsCreatePin, and then opens the miniport's stream.
    fn create_pin(&self, kernel: &Kernel, name: &[u16]) -> Result<Rc<Pin>, NtStatus> {
        self.check_streams(kernel)?;
        let PinRequest { connect, format } = PinRequest::from_name(name)?;
        let pin = self.pin(kernel, connect.pin_id)?;
        // A client sends requests, so it can only connect to a pin that takes requests.
        if connect.pin_to_handle != 0 || !pin.pin.can_be_opened() {
            return Err(NtStatus::INVALID_DEVICE_REQUEST);
        }
        let same = |a: &KsProperty, b: &KsProperty| a.set == b.set && a.id == b.id;
        let mediums = pin.pin.mediums_or_standard();
        if !same(&KsProperty::STANDARD_STREAMING, &connect.interface)
            || !mediums.iter().any(|other| same(other, &connect.medium))
        {
            return Err(NtStatus::NO_MATCH);
        }
        check_format(&format, &pin.pin.data_ranges)?;
        // After the port was released, the miniport gets no call, not even the call that asks for
        // the counts of instances.
        let device = self.binding.device()?;
        self.check_instances(kernel, connect.pin_id, &pin)?;
        bring_to_d0(kernel, &device)?;
        let pin = Pin::open(kernel, &self.binding, pin.filter(), connect.pin_id, format)?;
        self.pins.add(&pin);
        self.all_pins.add(&pin);
        Ok(pin)
    }

    /// Refuses every pin of a miniport without streams. The port does not look at the client's
    /// format, because the port may not know formats of this kind.
    fn check_streams(&self, kernel: &Kernel) -> Result<(), NtStatus> {
        // The port may have been released. Then a later check refuses the pin.
        let Ok(miniport) = self.binding.miniport() else { return Ok(()) };
        let Err(refusal) = miniport.streams() else { return Ok(()) };
        let text = format!("a pin was not opened: {}: {}", refusal.reason, refusal.status);
        self.binding.calls().note(kernel, &text);
        Err(refusal.status)
    }

    /// Refuses the pin when all its possible instances are open.
    ///
    /// Assumed: the refusal is STATUS_DEVICE_BUSY; the documents name no value.
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
            self.binding.calls().note(kernel, &text);
            return Err(NtStatus::DEVICE_BUSY);
        }
        Ok(())
    }

    fn pin_counts(&self, kernel: &Kernel, pin_id: u32, pin: &PcPinDescriptor) -> PinCounts {
        let mut counts = PinCounts {
            filter_necessary: pin.min_filter_instance_count,
            filter_current: self.pins.count(pin_id),
            filter_possible: pin.max_filter_instance_count,
            global_current: self.all_pins.count(pin_id),
            global_possible: pin.max_global_instance_count,
        };
        let miniport = self.binding.miniport().ok();
        let hook = miniport.and_then(|it| query::<dyn IPinCount>(&it.object()).ok());
        if let Some(hook) = hook {
            let ask = || {
                hook.pin_count(kernel, pin_id, &mut counts);
                Ok(())
            };
            let none = Argument::None;
            let _ = self.binding.calls().call(kernel, Method::PinCount, none, ask, |()| none);
            // The numbers of possible and necessary instances are part of the description. So the
            // port keeps a change that the miniport made to them. The port does not keep the
            // numbers of open instances, because it counts the open pins again for the next
            // request.
            self.binding.change_pin(pin_id, |pin| {
                pin.min_filter_instance_count = counts.filter_necessary;
                pin.max_filter_instance_count = counts.filter_possible;
                pin.max_global_instance_count = counts.global_possible;
            });
        }
        counts
    }
}

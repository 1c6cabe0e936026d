//! What a port tells of itself: filter, open pins, and the pins' requests.
//!
//! This file owns the words. An inspection asks no miniport, so it changes nothing and is not in
//! the trace.

use std::rc::Rc;

use portcls_emulator::{DeviceObject, Inspection, Kernel};

use crate::adapter::AdapterDevice;
use crate::binding::Binding;
use crate::descriptor::PcPinDescriptor;
use crate::interfaces::StreamDirection;
use crate::irp_queue::QueuePosition;
use crate::ks::{INSTANCES_UNLIMITED, KsPinDataFlow, KsState};
use crate::pin::{Pin, Pins};
use crate::stream_request::StreamRequest;

/// What the ports of a device tell of themselves.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct PortInspection {
    /// One inspection for each registered filter.
    pub filters: Vec<Inspection>,
    /// One inspection for each open pin.
    pub pins: Vec<Inspection>,
    /// One inspection for each open pin: the pin's queue of requests. While a stop of the device is
    /// pending, another inspection stands before them: the create requests that the device holds.
    pub requests: Vec<Inspection>,
}

/// Tells what the ports of a stack of devices have: the filters in the order in which they were
/// registered, the open pins, and the requests that wait.
///
/// A debugger and a report may call this function, also after a stop. IRQL: any.
#[must_use]
pub fn inspect_ports(kernel: &Kernel, top: &Rc<DeviceObject>) -> PortInspection {
    let mut told = PortInspection::default();
    let stack = std::iter::successors(Some(Rc::clone(top)), |device| device.lower());
    for adapter in stack.filter_map(|device| device.extension::<AdapterDevice>()) {
        if adapter.held_creates.is_stop_pending() {
            let mut creates = Inspection::new("the device, whose stop is pending".to_owned());
            creates.tell("held creates", adapter.held_creates.count());
            told.requests.push(creates);
        }
        for (name, port) in adapter.registered() {
            port.inspect(kernel, &name, &mut told);
        }
    }
    told
}

/// Adds what a port tells of itself under the name of its filter.
pub(crate) fn inspect_port(
    kernel: &Kernel,
    name: &str,
    binding: &Binding,
    pins: &Pins,
    told: &mut PortInspection,
) {
    let mut filter = Inspection::new(format!("the filter '{name}'"));
    match binding.descriptor() {
        Some(descriptor) => {
            let described = descriptor.pins.iter().enumerate();
            filter.tell_all("pins", described.map(|(id, pin)| describe_pin(id, pin, pins)));
            filter.tell("nodes", descriptor.nodes.len());
            filter.tell("connections", descriptor.connections.len());
            filter.tell_all("categories", descriptor.categories.iter().map(|it| format!("{it:?}")));
        }
        None => filter.tell("port", "released, or not initialised"),
    }
    told.filters.push(filter);
    for pin in pins.open() {
        let title = format!("pin {} of the filter '{name}'", pin.id());
        told.requests.push(inspect_requests(&title, &pin));
        told.pins.push(inspect_pin(kernel, title, &pin));
    }
}

fn describe_pin(id: usize, pin: &PcPinDescriptor, pins: &Pins) -> String {
    let flow = match pin.pin.data_flow {
        KsPinDataFlow::In => "data into the filter",
        KsPinDataFlow::Out => "data out of the filter",
    };
    if !pin.pin.can_be_opened() {
        return format!("{id}: {flow}, cannot be opened");
    }
    let open = pins.count(id as u32);
    match pin.max_filter_instance_count {
        INSTANCES_UNLIMITED => format!("{id}: {flow}, {open} open, no limit"),
        limit => format!("{id}: {flow}, {open} of {limit} open"),
    }
}

fn inspect_pin(kernel: &Kernel, title: String, pin: &Pin) -> Inspection {
    let lane = pin.lane();
    let mut told = Inspection::new(title);
    told.tell(
        "stream",
        match pin.direction() {
            StreamDirection::Render => "render",
            StreamDirection::Capture => "capture",
        },
    );
    told.tell("state", state_in_words(lane.state(), pin.suspended_in(), lane.is_resetting()));
    told.tell("format", format_args!("{:?}", pin.format().sub_format));
    let time_us = lane.time_ns(kernel) / 1_000;
    told.tell("stream time", format_args!("{time_us} us in RUN"));
    let QueuePosition { served, queued } = lane.queue().position();
    told.tell("position", format_args!("{served} of {queued} bytes"));
    told.tell("requests", lane.queue().requests().len());
    told
}

fn state_in_words(state: KsState, suspended: Option<KsState>, is_resetting: bool) -> String {
    let name = |state: KsState| format!("{state:?}").to_uppercase();
    let mut text = name(state);
    if let Some(wanted) = suspended {
        text.push_str(&format!(", {} when the device is in D0 again", name(wanted)));
    }
    if is_resetting {
        text.push_str(", in a reset");
    }
    text
}

fn inspect_requests(title: &str, pin: &Pin) -> Inspection {
    let mut told = Inspection::new(format!("the requests of {title}"));
    let requests = pin.lane().queue().requests();
    let code = match pin.direction() {
        StreamDirection::Render => "IOCTL_KS_WRITE_STREAM",
        StreamDirection::Capture => "IOCTL_KS_READ_STREAM",
    };
    let describe = |(index, request): (usize, &Rc<StreamRequest>)| {
        let (served, length) = (request.served(), request.length());
        let place = if index == 0 { "served now" } else { "waits" };
        format!("{code}, {served} of {length} bytes, {place}")
    };
    told.tell_all("queue", requests.iter().enumerate().map(describe));
    told
}

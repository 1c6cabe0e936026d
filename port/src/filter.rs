//! A filter: an open instance of a subdevice, its pins and its properties.

use std::cell::RefCell;
use std::rc::{Rc, Weak};

use portcls_emulator::trace::Argument;
use portcls_emulator::{Irp, Kernel, NtStatus, Parameters, PoolType};

use crate::automation::{self, Target};
use crate::com::{IUnknown, query};
use crate::descriptor::{PcFilterDescriptor, PcPinDescriptor};
use crate::dispatch::complete;
use crate::interfaces::{IMiniportMidi, IPinCount, PinCounts, StreamDirection};
use crate::ks::guids::property_set;
use crate::ks::intersection::{check_format, data_intersection};
use crate::ks::pin_connect::PinRequest;
use crate::ks::{
    DataRange, INSTANCES_UNLIMITED, KsDataFormat, KsIoctl, KsPPin, KsPinCInstances, KsProperty,
    KsPropertyPin, KsPropertyTopology, KsPropertyType, LengthReply, multiple_item, read,
};
use crate::miniport_calls::{Method, MiniportCalls};
use crate::pin::MidiPin;
use crate::port_midi::PortMidi;
use crate::property_request::{PropertyRequest, access, complete_property, may_be_the_miniports};
use crate::rules;
use crate::subdevice::KsObject;

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
        self.check_instances(kernel, &miniport, connect.pin_id, pin)?;
        self.port.bring_to_d0(kernel)?;
        self.new_pin(kernel, miniport, connect.pin_id, pin, format)
    }

    /// Assumed: one pin too many is STATUS_DEVICE_BUSY; the documents name no value.
    fn check_instances(
        &self,
        kernel: &Kernel,
        miniport: &Rc<dyn IMiniportMidi>,
        pin_id: u32,
        pin: &PcPinDescriptor,
    ) -> Result<(), NtStatus> {
        let counts = self.pin_counts(kernel, Some(miniport), pin_id, pin);
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

    fn pin_counts(
        &self,
        kernel: &Kernel,
        miniport: Option<&Rc<dyn IMiniportMidi>>,
        pin_id: u32,
        pin: &PcPinDescriptor,
    ) -> PinCounts {
        let open = self.pins.borrow().iter().filter(|pin| pin.id() == pin_id).count() as u32;
        let mut counts = PinCounts {
            filter_necessary: pin.min_filter_instance_count,
            filter_current: open,
            filter_possible: pin.max_filter_instance_count,
            global_current: self.port.open_pins(pin_id),
            global_possible: pin.max_global_instance_count,
        };
        if let Some(hook) = miniport.and_then(|miniport| query::<dyn IPinCount>(miniport).ok()) {
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

    fn property(&self, kernel: &Kernel, input: &[u8], value: &[u8], length: u32) -> LengthReply {
        let request = match PropertyRequest::read(input, length) {
            Ok(request) => request,
            Err(status) => return LengthReply::of_status(status),
        };
        let set = request.property.set;
        if set != property_set::PIN && set != property_set::TOPOLOGY {
            return LengthReply::of_status(NtStatus::PROPSET_NOT_FOUND);
        }
        if request.asks_for_set() {
            return LengthReply::of_status(NtStatus::SUCCESS);
        }
        if set == property_set::TOPOLOGY {
            return self.topology_property(&request);
        }
        match KsPropertyPin::from_u32(request.property.id) {
            None => LengthReply::of_status(NtStatus::NOT_FOUND),
            Some(KsPropertyPin::CTypes) => access(&request, KsPropertyType::GET, |_| {
                request.value(&(self.descriptor.pins.len() as u32).to_le_bytes())
            }),
            Some(id) => match self.pin_of(&request) {
                Ok((pin_id, pin)) => self.pin_property(kernel, &request, id, pin_id, pin, value),
                Err(status) => LengthReply::of_status(status),
            },
        }
    }

    /// Offers a property request to the tables of the miniport: of a pin with its stream, or of
    /// the filter. `None` when no table has its set.
    pub fn miniport_property(
        &self,
        kernel: &Kernel,
        irp: &Irp,
        pin: Option<&MidiPin>,
    ) -> Option<NtStatus> {
        let descriptor = &self.descriptor;
        let table = match pin {
            Some(pin) => descriptor.pins.get(pin.id() as usize)?.automation.as_ref(),
            None => descriptor.automation.as_ref(),
        };
        let target = Target {
            calls: self.calls(),
            miniport: self.port.miniport()?,
            stream: pin.and_then(MidiPin::stream).map(|stream| stream as Rc<dyn IUnknown>),
            table,
            nodes: &descriptor.nodes,
        };
        automation::dispatch(kernel, irp, &target)
    }

    fn pin_of(&self, request: &PropertyRequest<'_>) -> Result<(u32, &PcPinDescriptor), NtStatus> {
        let head: KsPPin = read(request.input).ok_or(NtStatus::INVALID_BUFFER_SIZE)?;
        Ok((head.pin_id, self.pin(head.pin_id)?))
    }

    fn pin_property(
        &self,
        kernel: &Kernel,
        request: &PropertyRequest<'_>,
        id: KsPropertyPin,
        pin_id: u32,
        pin: &PcPinDescriptor,
        value: &[u8],
    ) -> LengthReply {
        let get = KsPropertyType::GET;
        let ranges = |ranges: &[DataRange]| multiple_item(ranges.iter().map(DataRange::to_bytes));
        let guid = |guid: Option<crate::guid::Guid>| match guid {
            Some(guid) => access(request, get, |_| request.value(bytemuck::bytes_of(&guid))),
            None => LengthReply::of_status(NtStatus::NOT_FOUND),
        };
        let number = |number: u32| access(request, get, |_| request.value(&number.to_le_bytes()));
        let list = |list: Vec<u8>| access(request, get, |_| request.list(&list));
        let counts = || self.pin_counts(kernel, self.port.miniport().as_ref(), pin_id, pin);
        let instances = |possible_count, current_count| {
            let instances = KsPinCInstances { possible_count, current_count };
            access(request, get, |_| request.value(bytemuck::bytes_of(&instances)))
        };
        match id {
            KsPropertyPin::CTypes => number(self.descriptor.pins.len() as u32),
            KsPropertyPin::CInstances => {
                let counts = counts();
                instances(counts.filter_possible, counts.filter_current)
            }
            KsPropertyPin::GlobalCInstances => {
                let counts = counts();
                instances(counts.global_possible, counts.global_current)
            }
            KsPropertyPin::NecessaryInstances => number(counts().filter_necessary),
            KsPropertyPin::DataFlow => number(pin.pin.data_flow.value()),
            KsPropertyPin::Communication => number(pin.pin.communication.value()),
            KsPropertyPin::DataRanges => list(ranges(&pin.pin.data_ranges)),
            KsPropertyPin::ConstrainedDataRanges => {
                let constrained = &pin.pin.constrained_data_ranges;
                let all = if constrained.is_empty() { &pin.pin.data_ranges } else { constrained };
                list(ranges(all))
            }
            KsPropertyPin::Interfaces => {
                let interfaces = pin.pin.interfaces_or_standard();
                list(multiple_item(interfaces.iter().map(bytemuck::bytes_of)))
            }
            KsPropertyPin::Mediums => {
                list(multiple_item(pin.pin.mediums_or_standard().iter().map(bytemuck::bytes_of)))
            }
            KsPropertyPin::DataIntersection => {
                access(request, get, |_| self.intersection(kernel, request, pin_id, pin))
            }
            KsPropertyPin::Category => guid(pin.pin.category),
            KsPropertyPin::ProposeDataFormat => access(request, KsPropertyType::SET, |_| {
                let checked = KsDataFormat::read(value)
                    .and_then(|format| check_format(&format, &pin.pin.data_ranges));
                LengthReply::of_status(NtStatus::of(&checked))
            }),
            KsPropertyPin::PhysicalConnection => match self.port.physical_connection(pin_id) {
                Some(connection) => access(request, get, |_| request.value(&connection)),
                None => LengthReply::of_status(NtStatus::NOT_FOUND),
            },
            // No names are installed.
            KsPropertyPin::Name => LengthReply::of_status(NtStatus::NOT_FOUND),
        }
    }

    fn intersection(
        &self,
        kernel: &Kernel,
        request: &PropertyRequest<'_>,
        pin_id: u32,
        pin: &PcPinDescriptor,
    ) -> LengthReply {
        let Some(miniport) = self.port.miniport() else {
            return LengthReply::of_status(NtStatus::INVALID_DEVICE_STATE);
        };
        let list = &request.input[size_of::<KsPPin>()..];
        data_intersection(list, &pin.pin.data_ranges, request.length, |client, mine, length| {
            let ask = || miniport.data_range_intersection(kernel, pin_id, client, mine, length);
            let reply = self.calls().call_for_reply(kernel, Method::DataRangeIntersection, ask);
            if reply.bytes.len() <= length as usize {
                return reply;
            }
            let written = reply.bytes.len();
            let message =
                format!("DataRangeIntersection gave {written} bytes for {length} of room");
            kernel.report_violation(&rules::INTERSECTION_OVERRUN, &message);
            LengthReply::of_status(NtStatus::BUFFER_TOO_SMALL)
        })
    }

    fn topology_property(&self, request: &PropertyRequest<'_>) -> LengthReply {
        let descriptor = &self.descriptor;
        let list = |list: Vec<u8>| access(request, KsPropertyType::GET, |_| request.list(&list));
        match KsPropertyTopology::from_u32(request.property.id) {
            Some(KsPropertyTopology::Categories) => list(packed_list(&descriptor.categories)),
            Some(KsPropertyTopology::Nodes) => {
                let types: Vec<_> = descriptor.nodes.iter().map(|node| node.node_type).collect();
                list(packed_list(&types))
            }
            Some(KsPropertyTopology::Connections) => list(packed_list(&descriptor.connections)),
            Some(KsPropertyTopology::Name) | None => LengthReply::of_status(NtStatus::NOT_FOUND),
        }
    }
}

/// A list of items whose size is a multiple of 8 anyway.
fn packed_list<T: bytemuck::NoUninit>(items: &[T]) -> Vec<u8> {
    multiple_item(items.iter().map(bytemuck::bytes_of))
}

impl KsObject for MidiFilter {
    fn create(&self, kernel: &Kernel, name: &[u16]) -> Result<Rc<dyn KsObject>, NtStatus> {
        Ok(self.create_pin(kernel, name)?)
    }

    fn device_control(&self, kernel: &Kernel, irp: &Irp) -> NtStatus {
        let Parameters::DeviceControl { code, input, output_length } = irp.parameters() else {
            return complete(kernel, irp, NtStatus::INVALID_PARAMETER);
        };
        if KsIoctl::from_u32(*code) != Some(KsIoctl::Property) {
            return complete(kernel, irp, NtStatus::INVALID_DEVICE_REQUEST);
        }
        let value = irp.buffer().borrow().clone();
        let reply = self.property(kernel, input, &value, *output_length);
        if may_be_the_miniports(reply.status)
            && let Some(status) = self.miniport_property(kernel, irp, None)
        {
            return status;
        }
        complete_property(kernel, irp, reply)
    }

    fn cleanup(&self, _kernel: &Kernel) {}

    fn close(&self, kernel: &Kernel) {
        // Pins keep their filter open, so none is left unless their handles were lost.
        for pin in self.pins() {
            pin.close(kernel);
        }
        self.port.forget_filter(self);
    }
}

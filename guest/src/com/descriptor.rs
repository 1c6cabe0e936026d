//! Reads a filter descriptor, a tree of pointers, out of guest memory.
//!
//! The reader checks each count before it reads the array. So a descriptor of garbage causes a
//! status, or a bug check at the bad pointer, but no long loop.

use std::cell::Cell;
use std::rc::Rc;

use portcls_emulator::NtStatus;
use portcls_port::automation::PcAutomationTable;
use portcls_port::descriptor::{
    KsPinDescriptor, PcConnectionDescriptor, PcFilterDescriptor, PcNodeDescriptor, PcPinDescriptor,
};
use portcls_port::guid::Guid;
use portcls_port::ks::{DataAttribute, DataRange, KsIdentifier, KsPinCommunication, KsPinDataFlow};

use super::automation::read_property_item;
use super::event::read_event_item;
use crate::guest::Guest;
use crate::memory::at;
use crate::rules;

/// The largest number of items in each list of a descriptor.
/// Assumed: the lists in the descriptors of MIDI devices have few items.
const LONGEST_LIST: u32 = 1_024;

/// The longest data range in bytes. Assumed: the largest published range has 112 bytes.
const LONGEST_RANGE: u32 = 4_096;

/// The host keeps at most this number of bytes of one descriptor. Many pointers of a descriptor may
/// lead to the same range or attribute, and the host keeps one copy for each pointer. Assumed: the
/// descriptors of MIDI devices need far less.
const DESCRIPTOR_BYTES: usize = 16 << 20;

/// The length in bytes of the common head of a data range. Source: ksmedia.h.
const RANGE_HEAD: u32 = 64;

/// The offset of the flags in a data range, in bytes. Source: ks.h.
const RANGE_FLAGS: u32 = 4;

/// The length in bytes of an attribute that is only a head. Source: ks.h, KSATTRIBUTE.
const ATTRIBUTE_HEAD: u32 = 24;

/// The longest attribute in bytes. Assumed: no attribute is longer than the longest range.
const LONGEST_ATTRIBUTE: u32 = 4_096;

/// Reads the PCFILTER_DESCRIPTOR at an address.
///
/// # Errors
/// `STATUS_INVALID_PARAMETER` for a descriptor that cannot be read, such as one with a null pointer
/// to a list, a count that is too large, or a value that is not in its enumeration. Each such fault
/// also violates the rule descriptor-unreadable.
pub(crate) fn read_filter_descriptor(
    guest: &Guest,
    address: u64,
) -> Result<PcFilterDescriptor, NtStatus> {
    Reader::new(guest).filter(address).map_err(|what| refuse(guest, &what))
}

/// Reads a pin of the PCFILTER_DESCRIPTOR at an address, without the pin's automation table. `None`
/// when there is no such pin.
///
/// The driver may have changed the pin since the whole descriptor was read. When the pin cannot be
/// read any more, the driver breaks the rule descriptor-unreadable, and the result is `None`.
pub(crate) fn read_pin_descriptor(
    guest: &Guest,
    filter: u64,
    pin_id: u32,
) -> Option<PcPinDescriptor> {
    let reader = Reader::new(guest);
    let address = reader.pin_place(filter, pin_id)?;
    let pin = reader.pin_with(address, None);
    pin.map_err(|what| refuse(guest, &what)).ok()
}

/// Finds the address of the driver's data range that has the bytes `range`, among the ranges of a
/// pin of the PCFILTER_DESCRIPTOR at `filter`. When two ranges have these bytes, this function
/// finds the first range.
pub(crate) fn find_data_range(
    guest: &Guest,
    filter: u64,
    pin_id: u32,
    range: &[u8],
) -> Option<u64> {
    let reader = Reader::new(guest);
    let pin = reader.pin_place(filter, pin_id)?;
    let fields = &guest.layout().kspin_descriptor;
    let pin = at(pin, guest.layout().pcpin_descriptor.ks_pin_descriptor);
    let first = guest.load_word(at(pin, fields.data_ranges));
    let count = guest.load_u32(at(pin, fields.data_ranges_count));
    let places = reader.range_places(first, count).ok()?;
    places.into_iter().map(|(place, _)| place).find(|place| {
        guest.load_u32(*place) as usize == range.len()
            && guest.load_bytes(*place, range.len() as u64) == range
    })
}

/// The address of a pin in the PCFILTER_DESCRIPTOR at an address; `None` when there is no such pin.
pub(crate) fn pin_descriptor_place(guest: &Guest, filter: u64, pin_id: u32) -> Option<u64> {
    Reader::new(guest).pin_place(filter, pin_id)
}

/// Reads the data range at an address that a driver passes on, without the attributes of the range.
/// The range may come from a client. A client's range may be longer than the ranges of a
/// descriptor, so the limit `LONGEST_RANGE` does not apply here. When the guest's memory ends
/// before the range does, the read is a bug check.
///
/// # Errors
/// `STATUS_INVALID_PARAMETER` for a size below the size of the head.
pub(crate) fn data_range_at(guest: &Guest, address: u64) -> Result<DataRange, NtStatus> {
    let size = guest.load_u32(address);
    if size < RANGE_HEAD {
        return Err(NtStatus::INVALID_PARAMETER);
    }
    DataRange::read(&guest.load_bytes(address, size.into()))
}

fn refuse(guest: &Guest, what: &str) -> NtStatus {
    let message = format!("the filter descriptor: {what}");
    guest.kernel().report_violation(&rules::DESCRIPTOR_UNREADABLE, &message);
    NtStatus::INVALID_PARAMETER
}

struct Reader<'a> {
    guest: &'a Guest,
    /// The bytes that the host may still keep of the descriptor.
    bytes_left: Cell<usize>,
}

/// A part of the descriptor, or its fault in words.
type Read<T> = Result<T, String>;

impl<'a> Reader<'a> {
    fn new(guest: &'a Guest) -> Reader<'a> {
        Reader { guest, bytes_left: Cell::new(DESCRIPTOR_BYTES) }
    }

    /// Takes bytes from the rest of `DESCRIPTOR_BYTES`, before the reader reads them.
    fn charge(&self, bytes: usize) -> Read<()> {
        let left = self.bytes_left.get().checked_sub(bytes).ok_or_else(|| {
            format!(
                "its lists, ranges and attributes have more than {DESCRIPTOR_BYTES} bytes; let \
                 fewer pointers lead to them"
            )
        })?;
        self.bytes_left.set(left);
        Ok(())
    }

    fn filter(&self, address: u64) -> Read<PcFilterDescriptor> {
        if address == 0 {
            return Err("GetDescription answered a null pointer".to_owned());
        }
        let fields = &self.guest.layout().pcfilter_descriptor;
        let u32_at = |offset| self.guest.load_u32(at(address, offset));
        let word_at = |offset| self.guest.load_word(at(address, offset));
        let layout = self.guest.layout();
        let pins = self.pins(address);
        let nodes = Array {
            what: "nodes",
            first: word_at(fields.nodes),
            count: u32_at(fields.node_count),
            stride: u32_at(fields.node_size),
            least_stride: layout.pcnode_descriptor.size_of,
        };
        let connections = Array {
            what: "connections",
            first: word_at(fields.connections),
            count: u32_at(fields.connection_count),
            stride: layout.pcconnection_descriptor.size_of,
            least_stride: 0,
        };
        let categories = Array {
            what: "categories",
            first: word_at(fields.categories),
            count: u32_at(fields.category_count),
            stride: size_of::<Guid>() as u32,
            least_stride: 0,
        };
        Ok(PcFilterDescriptor {
            version: u32_at(fields.version),
            automation: self.automation(word_at(fields.automation_table))?,
            pins: self.array(&pins, |address| self.pin(address))?,
            nodes: self.array(&nodes, |address| self.node(address))?,
            connections: self.array(&connections, |address| Ok(self.connection(address)))?,
            categories: self.array(&categories, |address| Ok(self.guest.load_guid(address)))?,
        })
    }

    fn array<T>(&self, array: &Array, read: impl Fn(u64) -> Read<T>) -> Read<Vec<T>> {
        array.check()?;
        self.charge(array.count as usize * size_of::<T>())?;
        (0..array.count).map(|index| read(array.place(index))).collect()
    }

    /// The array of pins in the filter descriptor at an address.
    fn pins(&self, address: u64) -> Array {
        let fields = &self.guest.layout().pcfilter_descriptor;
        Array {
            what: "pins",
            first: self.guest.load_word(at(address, fields.pins)),
            count: self.guest.load_u32(at(address, fields.pin_count)),
            stride: self.guest.load_u32(at(address, fields.pin_size)),
            least_stride: self.guest.layout().pcpin_descriptor.size_of,
        }
    }

    fn pin_place(&self, filter: u64, pin_id: u32) -> Option<u64> {
        if filter == 0 {
            return None;
        }
        let pins = self.pins(filter);
        (pin_id < pins.count && pins.check().is_ok()).then(|| pins.place(pin_id))
    }

    fn pin(&self, address: u64) -> Read<PcPinDescriptor> {
        let field = self.guest.layout().pcpin_descriptor.automation_table;
        self.pin_with(address, self.automation(self.guest.load_word(at(address, field)))?)
    }

    /// A pin, with an automation table that was read already or that the caller does not need.
    fn pin_with(
        &self,
        address: u64,
        automation: Option<Rc<PcAutomationTable>>,
    ) -> Read<PcPinDescriptor> {
        let fields = &self.guest.layout().pcpin_descriptor;
        let u32_at = |offset| self.guest.load_u32(at(address, offset));
        Ok(PcPinDescriptor {
            max_global_instance_count: u32_at(fields.max_global_instance_count),
            max_filter_instance_count: u32_at(fields.max_filter_instance_count),
            min_filter_instance_count: u32_at(fields.min_filter_instance_count),
            automation,
            pin: self.ks_pin(at(address, fields.ks_pin_descriptor))?,
        })
    }

    fn ks_pin(&self, address: u64) -> Read<KsPinDescriptor> {
        let fields = &self.guest.layout().kspin_descriptor;
        let u32_at = |offset| self.guest.load_u32(at(address, offset));
        let word_at = |offset| self.guest.load_word(at(address, offset));
        let (flow, communication) = (u32_at(fields.data_flow), u32_at(fields.communication));
        Ok(KsPinDescriptor {
            interfaces: self.identifiers(
                "interfaces",
                word_at(fields.interfaces),
                u32_at(fields.interfaces_count),
            )?,
            mediums: self.identifiers(
                "mediums",
                word_at(fields.mediums),
                u32_at(fields.mediums_count),
            )?,
            data_ranges: self
                .ranges(word_at(fields.data_ranges), u32_at(fields.data_ranges_count))?,
            data_flow: KsPinDataFlow::from_u32(flow)
                .ok_or_else(|| format!("{flow} is no KSPIN_DATAFLOW"))?,
            communication: KsPinCommunication::from_u32(communication)
                .ok_or_else(|| format!("{communication} is no KSPIN_COMMUNICATION"))?,
            category: self.guid_behind(word_at(fields.category)),
            name: self.guid_behind(word_at(fields.name)),
            constrained_data_ranges: self.ranges(
                word_at(fields.constrained_data_ranges),
                u32_at(fields.constrained_data_ranges_count),
            )?,
        })
    }

    fn identifiers(&self, what: &'static str, first: u64, count: u32) -> Read<Vec<KsIdentifier>> {
        let stride = size_of::<KsIdentifier>() as u32;
        let array = Array { what, first, count, stride, least_stride: 0 };
        self.array(&array, |address| {
            Ok(bytemuck::pod_read_unaligned(&self.guest.load::<24>(address)))
        })
    }

    /// Reads data ranges: the descriptor has an array of pointers to them.
    fn ranges(&self, first: u64, count: u32) -> Read<Vec<DataRange>> {
        let places = self.range_places(first, count)?;
        places.into_iter().map(|(range, attributes)| self.range(range, attributes)).collect()
    }

    fn range(&self, range: u64, attributes: Option<u64>) -> Read<DataRange> {
        let size = self.guest.load_u32(range);
        if !(RANGE_HEAD..=LONGEST_RANGE).contains(&size) {
            return Err(format!("a data range says that it has {size} bytes"));
        }
        self.charge(size as usize)?;
        let bytes = self.guest.load_bytes(range, size.into());
        let range = DataRange::read(&bytes).map_err(|status| format!("a data range: {status}"))?;
        match attributes {
            Some(list) => Ok(range.with_attributes(self.attributes(list)?)),
            None => Ok(range),
        }
    }

    /// Reads a KSATTRIBUTE_LIST: it has an array of pointers to attributes.
    fn attributes(&self, list: u64) -> Read<Vec<DataAttribute>> {
        let fields = &self.guest.layout().ksattribute_list;
        let array = Array {
            what: "attributes",
            first: self.guest.load_word(at(list, fields.attributes)),
            count: self.guest.load_u32(at(list, fields.count)),
            stride: self.guest.pointer_bytes() as u32,
            least_stride: 0,
        };
        self.array(&array, |address| {
            let attribute = self.guest.load_word(address);
            let size = self.guest.load_u32(attribute);
            if !(ATTRIBUTE_HEAD..=LONGEST_ATTRIBUTE).contains(&size) {
                return Err(format!("an attribute of a data range says that it has {size} bytes"));
            }
            self.charge(size as usize)?;
            let bytes = self.guest.load_bytes(attribute, size.into());
            DataAttribute::read(&bytes).map_err(|status| format!("an attribute: {status}"))
        })
    }

    /// The address of each range in an array of data ranges. When a range has the flag
    /// KSDATARANGE_ATTRIBUTES, the result also has the address of its attribute list. Source: WDK,
    /// KSDATARANGE: the pointer that follows such a range in the array leads to an attribute list.
    /// In the published sysvad sample, the count of the array includes the range and the list.
    fn range_places(&self, first: u64, count: u32) -> Read<Vec<(u64, Option<u64>)>> {
        let array = self.range_array(first, count);
        array.check()?;
        let mut places = Vec::new();
        let mut pointers = (0..count).map(|index| self.guest.load_word(array.place(index)));
        while let Some(range) = pointers.next() {
            let flags = self.guest.load_u32(at(range, RANGE_FLAGS));
            let attributes = match flags & DataRange::ATTRIBUTES {
                0 => None,
                _ => Some(pointers.next().ok_or_else(|| {
                    format!(
                        "data range {} of the array has the flag KSDATARANGE_ATTRIBUTES, and no \
                         attribute list follows it; put one behind it and count both, or clear \
                         the flag",
                        count - 1,
                    )
                })?),
            };
            places.push((range, attributes));
        }
        Ok(places)
    }

    fn range_array(&self, first: u64, count: u32) -> Array {
        let stride = self.guest.pointer_bytes() as u32;
        Array { what: "data ranges", first, count, stride, least_stride: 0 }
    }

    fn node(&self, address: u64) -> Read<PcNodeDescriptor> {
        let fields = &self.guest.layout().pcnode_descriptor;
        Ok(PcNodeDescriptor {
            flags: self.guest.load_u32(at(address, fields.flags)),
            automation: self
                .automation(self.guest.load_word(at(address, fields.automation_table)))?,
            node_type: self
                .guid_behind(self.guest.load_word(at(address, fields.type_)))
                .unwrap_or(Guid::NULL),
            name: self.guid_behind(self.guest.load_word(at(address, fields.name))),
        })
    }

    /// Reads the properties and the events of an automation table. PortCls does not serve the
    /// methods of a table, so the reader does not read them.
    fn automation(&self, address: u64) -> Read<Option<Rc<PcAutomationTable>>> {
        if address == 0 {
            return Ok(None);
        }
        let fields = &self.guest.layout().pcautomation_table;
        let properties = Array {
            what: "property items",
            first: self.guest.load_word(at(address, fields.properties)),
            count: self.guest.load_u32(at(address, fields.property_count)),
            stride: self.guest.load_u32(at(address, fields.property_item_size)),
            least_stride: self.guest.layout().pcproperty_item.size_of,
        };
        let items =
            self.array(&properties, |address| Ok(read_property_item(self.guest, address)))?;
        let events = Array {
            what: "event items",
            first: self.guest.load_word(at(address, fields.events)),
            count: self.guest.load_u32(at(address, fields.event_count)),
            stride: self.guest.load_u32(at(address, fields.event_item_size)),
            least_stride: self.guest.layout().pcevent_item.size_of,
        };
        let events = self.array(&events, |address| Ok(read_event_item(self.guest, address)))?;
        Ok(Some(Rc::new(PcAutomationTable { properties: items, events })))
    }

    fn connection(&self, address: u64) -> PcConnectionDescriptor {
        bytemuck::pod_read_unaligned(&self.guest.load::<16>(address))
    }

    fn guid_behind(&self, pointer: u64) -> Option<Guid> {
        (pointer != 0).then(|| self.guest.load_guid(pointer))
    }
}

/// An array that a descriptor points to; `least_stride` is 0 when the stride is fixed.
struct Array {
    what: &'static str,
    first: u64,
    count: u32,
    stride: u32,
    least_stride: u32,
}

impl Array {
    /// The address of an element.
    fn place(&self, index: u32) -> u64 {
        self.first.wrapping_add(u64::from(index) * u64::from(self.stride))
    }

    fn check(&self) -> Read<()> {
        let Array { what, first, count, stride, least_stride } = self;
        if *count > LONGEST_LIST {
            return Err(format!("{count} {what}; at most {LONGEST_LIST} are read"));
        }
        if *count > 0 && *first == 0 {
            return Err(format!("{count} {what} at a null pointer"));
        }
        if *count > 0 && stride < least_stride {
            return Err(format!(
                "each of the {what} has {stride} bytes; it needs at least {least_stride}"
            ));
        }
        Ok(())
    }
}

//! Writes the filter descriptor of a system miniport into the driver's memory.
//!
//! This file writes the tree of pointers that `descriptor.rs` reads. The file also owns the routine
//! that stands in this tree for the handler of each property.

use std::rc::Rc;

use portcls_emulator::NtStatus;
use portcls_port::automation::{PcAutomationTable, PcPropertyItem};
use portcls_port::descriptor::{
    KsPinDescriptor, PcFilterDescriptor, PcNodeDescriptor, PcPinDescriptor,
};
use portcls_port::guid::Guid;
use portcls_port::ks::DataRange;

use super::automation::serve_lent_property;
use crate::guest::Guest;
use crate::layout::Layout;
use crate::memory::at;
use crate::routine::{Call, Pointer, Routine, row};
use crate::tables::bindings::Bound;

/// In the driver's memory, the address of this routine stands for the handler of a property. The
/// handler itself is in Rust.
pub(crate) static PROPERTY_HANDLER: Routine =
    row!("the property handler of a system miniport", ByKernel, serve_property);

/// A PCPROPERTY_ITEM in the driver's memory whose handler is in Rust.
struct LentProperty(PcPropertyItem);

impl Bound for LentProperty {}

/// The alignment of each structure in bytes. Source: the headers; a data range has a 64-bit member.
const ALIGNMENT: usize = 8;

/// Writes a filter descriptor into a block of the driver's memory. Returns the address of the
/// block, or 0 when no memory is left.
///
/// The driver may write to the block. Assumed: a driver on Windows may also write to the
/// descriptor, because the descriptor of a system miniport is in a section with data.
pub(super) fn write_filter_descriptor(guest: &Guest, filter: &PcFilterDescriptor) -> u64 {
    let mut writer = Writer {
        guest,
        layout: guest.layout(),
        bytes: Vec::new(),
        pointers: Vec::new(),
        properties: Vec::new(),
    };
    writer.filter(filter);
    writer.finish()
}

/// `NTSTATUS Handler(PPCPROPERTY_REQUEST)`
///
/// The item in the request may be a copy that the driver made of an item of this file. Then the set
/// and the number in the copy tell which property the driver means.
fn serve_property(call: &Call<'_>, request: Pointer) -> Result<NtStatus, NtStatus> {
    let guest = call.guest();
    let fields = &guest.layout().pcproperty_item;
    let item = guest.load_word(request.at(guest.layout().pcproperty_request.property_item));
    let lent = guest.bound::<LentProperty>(item).or_else(|| {
        let set = guest.load_guid(guest.load_word(at(item, fields.set)));
        let id = guest.load_u32(at(item, fields.id));
        guest.find_bound::<LentProperty>(|it| (it.0.set, it.0.id) == (set, id)).map(|it| it.1)
    });
    let lent = lent.ok_or(NtStatus::INVALID_PARAMETER)?;
    let handler = lent.0.handler.as_ref().ok_or(NtStatus::INVALID_PARAMETER)?;
    serve_lent_property(call, request, handler)
}

/// A block that is being written. A place is an offset in the block.
struct Writer<'a> {
    guest: &'a Guest,
    layout: &'static Layout,
    bytes: Vec<u8>,
    /// The fields that hold a place while the block is written, and an address when the block is
    /// complete.
    pointers: Vec<usize>,
    properties: Vec<(usize, PcPropertyItem)>,
}

impl Writer<'_> {
    fn filter(&mut self, filter: &PcFilterDescriptor) {
        let layout = self.layout;
        let fields = &layout.pcfilter_descriptor;
        let place = self.room(fields.size_of as usize);
        let field = |offset: u32| place + offset as usize;
        self.put_u32(field(fields.version), filter.version);
        self.automation(field(fields.automation_table), filter.automation.as_deref());
        let stride = layout.pcpin_descriptor.size_of;
        self.put_u32(field(fields.pin_size), stride);
        self.put_u32(field(fields.pin_count), filter.pins.len() as u32);
        self.array(field(fields.pins), &filter.pins, stride, Writer::pin);
        let stride = layout.pcnode_descriptor.size_of;
        self.put_u32(field(fields.node_size), stride);
        self.put_u32(field(fields.node_count), filter.nodes.len() as u32);
        self.array(field(fields.nodes), &filter.nodes, stride, Writer::node);
        self.put_u32(field(fields.connection_count), filter.connections.len() as u32);
        self.copy(field(fields.connections), bytemuck::cast_slice(&filter.connections));
        self.put_u32(field(fields.category_count), filter.categories.len() as u32);
        self.copy(field(fields.categories), bytemuck::cast_slice(&filter.categories));
    }

    fn pin(&mut self, place: usize, pin: &PcPinDescriptor) {
        let layout = self.layout;
        let fields = &layout.pcpin_descriptor;
        let field = |offset: u32| place + offset as usize;
        self.put_u32(field(fields.max_global_instance_count), pin.max_global_instance_count);
        self.put_u32(field(fields.max_filter_instance_count), pin.max_filter_instance_count);
        self.put_u32(field(fields.min_filter_instance_count), pin.min_filter_instance_count);
        self.automation(field(fields.automation_table), pin.automation.as_deref());
        self.ks_pin(field(fields.ks_pin_descriptor), &pin.pin);
    }

    fn ks_pin(&mut self, place: usize, pin: &KsPinDescriptor) {
        let layout = self.layout;
        let fields = &layout.kspin_descriptor;
        let field = |offset: u32| place + offset as usize;
        self.put_u32(field(fields.interfaces_count), pin.interfaces.len() as u32);
        self.copy(field(fields.interfaces), bytemuck::cast_slice(&pin.interfaces));
        self.put_u32(field(fields.mediums_count), pin.mediums.len() as u32);
        self.copy(field(fields.mediums), bytemuck::cast_slice(&pin.mediums));
        let count = self.ranges(field(fields.data_ranges), &pin.data_ranges);
        self.put_u32(field(fields.data_ranges_count), count);
        self.put_u32(field(fields.data_flow), pin.data_flow.value());
        self.put_u32(field(fields.communication), pin.communication.value());
        self.guid(field(fields.category), pin.category.as_ref());
        self.guid(field(fields.name), pin.name.as_ref());
        let constrained = &pin.constrained_data_ranges;
        let count = self.ranges(field(fields.constrained_data_ranges), constrained);
        self.put_u32(field(fields.constrained_data_ranges_count), count);
    }

    fn node(&mut self, place: usize, node: &PcNodeDescriptor) {
        let layout = self.layout;
        let fields = &layout.pcnode_descriptor;
        let field = |offset: u32| place + offset as usize;
        self.put_u32(field(fields.flags), node.flags);
        self.automation(field(fields.automation_table), node.automation.as_deref());
        self.guid(field(fields.type_), Some(&node.node_type));
        self.guid(field(fields.name), node.name.as_ref());
    }

    /// Writes data ranges as an array of pointers. In the array, the pointer to an attribute list
    /// comes directly after the pointer to its data range. Returns the number of pointers.
    fn ranges(&mut self, field: usize, ranges: &[DataRange]) -> u32 {
        let mut places = Vec::new();
        for range in ranges {
            places.push(self.block(&range.to_bytes()));
            if range.has_attributes() {
                let layout = self.layout;
                let fields = &layout.ksattribute_list;
                let list = self.room(fields.size_of as usize);
                let attributes = range.attributes().iter();
                let attributes: Vec<usize> =
                    attributes.map(|attribute| self.block(&attribute.to_bytes())).collect();
                self.put_u32(list + fields.count as usize, attributes.len() as u32);
                self.pointer_array(list + fields.attributes as usize, &attributes);
                places.push(list);
            }
        }
        self.pointer_array(field, &places);
        places.len() as u32
    }

    fn automation(&mut self, field: usize, table: Option<&PcAutomationTable>) {
        let Some(table) = table else { return };
        assert!(table.events.is_empty(), "the miniports of the system have no events");
        let layout = self.layout;
        let fields = &layout.pcautomation_table;
        let place = self.room(fields.size_of as usize);
        self.point(field, place);
        let stride = layout.pcproperty_item.size_of;
        self.put_u32(place + fields.property_item_size as usize, stride);
        self.put_u32(place + fields.property_count as usize, table.properties.len() as u32);
        let properties = place + fields.properties as usize;
        self.array(properties, &table.properties, stride, Writer::property);
    }

    fn property(&mut self, place: usize, item: &PcPropertyItem) {
        let layout = self.layout;
        let fields = &layout.pcproperty_item;
        self.guid(place + fields.set as usize, Some(&item.set));
        self.put_u32(place + fields.id as usize, item.id);
        self.put_u32(place + fields.flags as usize, item.flags.bits());
        if item.handler.is_some() {
            let handler = self.guest.thunk_of(&PROPERTY_HANDLER);
            self.put_word(place + fields.handler as usize, handler);
            self.properties.push((place, item.clone()));
        }
    }

    /// Writes an array of structures, and the pointer to the array.
    fn array<T>(
        &mut self,
        field: usize,
        items: &[T],
        stride: u32,
        write: fn(&mut Self, usize, &T),
    ) {
        if items.is_empty() {
            return;
        }
        let first = self.room(items.len() * stride as usize);
        self.point(field, first);
        for (index, item) in items.iter().enumerate() {
            write(self, first + index * stride as usize, item);
        }
    }

    /// Writes an array of pointers, and the pointer to the array.
    fn pointer_array(&mut self, field: usize, places: &[usize]) {
        let width = self.guest.pointer_bytes() as u32;
        self.array(field, places, width, |writer, place, target| writer.point(place, *target));
    }

    /// Writes an array whose elements have the same bytes here and in the driver's memory, and the
    /// pointer to the array.
    fn copy(&mut self, field: usize, bytes: &[u8]) {
        if !bytes.is_empty() {
            let place = self.block(bytes);
            self.point(field, place);
        }
    }

    fn guid(&mut self, field: usize, guid: Option<&Guid>) {
        self.copy(field, guid.map_or(&[], bytemuck::bytes_of));
    }

    /// Writes bytes, and returns their place.
    fn block(&mut self, bytes: &[u8]) -> usize {
        let place = self.room(bytes.len());
        self.bytes[place..place + bytes.len()].copy_from_slice(bytes);
        place
    }

    /// Makes room for a structure, all zero, and returns its place.
    fn room(&mut self, length: usize) -> usize {
        let place = self.bytes.len().next_multiple_of(ALIGNMENT);
        self.bytes.resize(place + length, 0);
        place
    }

    fn point(&mut self, field: usize, place: usize) {
        self.put_word(field, place as u64);
        self.pointers.push(field);
    }

    fn put_u32(&mut self, place: usize, value: u32) {
        self.bytes[place..place + 4].copy_from_slice(&value.to_le_bytes());
    }

    fn put_word(&mut self, place: usize, value: u64) {
        let width = self.guest.pointer_bytes() as usize;
        self.bytes[place..place + width].copy_from_slice(&value.to_le_bytes()[..width]);
    }

    /// Puts the block into the driver's memory, and turns each place in the fields of `pointers`
    /// into an address.
    fn finish(self) -> u64 {
        let Writer { guest, bytes, pointers, properties, .. } = self;
        let block = guest.new_object_block(&bytes);
        if block == 0 {
            return 0;
        }
        for field in pointers {
            let field = block + field as u64;
            guest.put_word(field, block + guest.load_word(field));
        }
        for (place, item) in properties {
            guest.bind_from(None, block + place as u64, Rc::new(LentProperty(item)));
        }
        block
    }
}

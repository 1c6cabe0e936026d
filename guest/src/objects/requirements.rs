//! The list of resources that a device needs, in guest memory.
//!
//! The list is an IO_RESOURCE_REQUIREMENTS_LIST. The list lies in paged pool, because a driver may
//! free the list and put another list in its place.
//! Source: WDK, IRP_MN_FILTER_RESOURCE_REQUIREMENTS.

use portcls_emulator::{
    AddressRange, Irp, Parameters, PnpRequest, PoolType, Requirement, RequirementRange,
    ResourceKind, ResourceRequirements, Share, TriggerMode,
};

use super::resources::{DEVICE_EXCLUSIVE, ISA, LATCHED, MOST_RESOURCES, PORT_IO, SHARED, kind_of};
use crate::guest::Guest;
use crate::layout::Layout;
use crate::memory::at;

/// The pool tag of a list. Assumed: any tag will do, because a driver frees a list without a tag.
const TAG: [u8; 4] = *b"PpRl";

/// The largest number of alternative lists that are read from a driver's list.
const MOST_ALTERNATIVES: u32 = 64;

impl Guest {
    /// Puts a list into paged pool and returns the address of the list. Without memory the address
    /// is 0.
    pub(crate) fn new_requirements(&self, wanted: &ResourceRequirements) -> u64 {
        let bytes = requirements_bytes(self.layout(), wanted);
        self.new_system_block(PoolType::Paged, &bytes, TAG)
    }

    /// The address of the list that a request has now. A driver that made a list of its own wrote
    /// the address of this new list into the status block.
    fn requirements_of_irp(&self, address: u64, location: u64) -> u64 {
        let block = at(address, self.layout().irp.io_status);
        match self.load_word(at(block, self.layout().io_status_block.information)) {
            0 => {
                let fields = &self.layout().io_stack_location;
                let field =
                    fields.parameters_filter_resource_requirements_io_resource_requirement_list;
                self.load_word(at(location, field))
            }
            own => own,
        }
    }

    /// Frees the list of an IRP that is about to be freed. On Windows the Plug and Play manager
    /// does this. Only a request for IRP_MN_FILTER_RESOURCE_REQUIREMENTS has a list.
    pub(crate) fn free_requirements(&self, address: u64, location: u64, irp: &Irp) {
        if let Parameters::Pnp(PnpRequest::FilterResourceRequirements(_)) = irp.parameters() {
            match self.requirements_of_irp(address, location) {
                0 => {}
                list => self.free_pool(list, None),
            }
        }
    }

    /// Gives the request the list that is in its IRP now. The driver may have changed or replaced
    /// the list.
    pub(crate) fn take_requirements(&self, address: u64, location: u64, irp: &Irp) {
        let Parameters::Pnp(PnpRequest::FilterResourceRequirements(shared)) = irp.parameters()
        else {
            return;
        };
        let list = self.requirements_of_irp(address, location);
        let head = self.layout().io_resource_requirements_list.list as usize;
        if list != 0 && self.is_readable(list, head) {
            *shared.borrow_mut() = requirements_at(self, list);
        }
    }
}

/// The bytes of a structure that is built field by field.
struct Bytes(Vec<u8>);

impl Bytes {
    fn put(&mut self, offset: u32, value: &[u8]) {
        self.0[offset as usize..offset as usize + value.len()].copy_from_slice(value);
    }

    fn put_u32(&mut self, offset: u32, value: u32) {
        self.put(offset, &value.to_le_bytes());
    }

    fn put_u64(&mut self, offset: u32, value: u64) {
        self.put(offset, &value.to_le_bytes());
    }
}

fn requirements_bytes(layout: &Layout, wanted: &ResourceRequirements) -> Vec<u8> {
    let whole = &layout.io_resource_requirements_list;
    let mut bytes = Bytes(vec![0; whole.list as usize]);
    bytes.put_u32(whole.interface_type, ISA);
    bytes.put_u32(whole.alternative_lists, wanted.alternatives.len() as u32);
    for list in &wanted.alternatives {
        let fields = &layout.io_resource_list;
        let mut head = Bytes(vec![0; fields.descriptors as usize]);
        head.put(fields.version, &1_u16.to_le_bytes());
        head.put(fields.revision, &1_u16.to_le_bytes());
        head.put_u32(fields.count, list.len() as u32);
        bytes.0.extend(head.0);
        for one in list {
            bytes.0.extend(requirement_bytes(layout, one));
        }
    }
    let length = bytes.0.len() as u32;
    bytes.put_u32(whole.list_size, length);
    bytes.0
}

fn requirement_bytes(layout: &Layout, wanted: &Requirement) -> Vec<u8> {
    let fields = &layout.io_resource_descriptor;
    let mut bytes = Bytes(vec![0; fields.size_of as usize]);
    let kind = match (wanted.kind(), wanted.range) {
        (Some(kind), _) => kind as u8,
        (None, RequirementRange::Other(kind)) => kind,
        (None, _) => unreachable!("every other range has a kind"),
    };
    bytes.put(fields.option, &[wanted.option]);
    bytes.put(fields.type_, &[kind]);
    let share = match wanted.share {
        Share::Exclusive => DEVICE_EXCLUSIVE,
        Share::Shared => SHARED,
    };
    bytes.put(fields.share_disposition, &[share]);
    match wanted.range {
        RequirementRange::Port(range) => {
            bytes.put(fields.flags, &PORT_IO.to_le_bytes());
            bytes.put_u32(fields.u_port_length, range.length);
            bytes.put_u32(fields.u_port_alignment, range.alignment);
            bytes.put_u64(fields.u_port_minimum_address, range.minimum);
            bytes.put_u64(fields.u_port_maximum_address, range.maximum);
        }
        RequirementRange::Memory(range) => {
            bytes.put_u32(fields.u_memory_length, range.length);
            bytes.put_u32(fields.u_memory_alignment, range.alignment);
            bytes.put_u64(fields.u_memory_minimum_address, range.minimum);
            bytes.put_u64(fields.u_memory_maximum_address, range.maximum);
        }
        RequirementRange::Interrupt { minimum, maximum, trigger } => {
            if trigger == TriggerMode::Latched {
                bytes.put(fields.flags, &LATCHED.to_le_bytes());
            }
            bytes.put_u32(fields.u_interrupt_minimum_vector, minimum);
            bytes.put_u32(fields.u_interrupt_maximum_vector, maximum);
        }
        RequirementRange::Dma { minimum, maximum } => {
            bytes.put_u32(fields.u_dma_minimum_channel, minimum);
            bytes.put_u32(fields.u_dma_maximum_channel, maximum);
        }
        RequirementRange::Other(_) => {}
    }
    bytes.0
}

/// Reads a driver's list. Leaves out lists after the first 64, and entries after the first 256 of a
/// list.
fn requirements_at(guest: &Guest, address: u64) -> ResourceRequirements {
    let whole = &guest.layout().io_resource_requirements_list;
    let fields = &guest.layout().io_resource_list;
    let count = guest.load_u32(at(address, whole.alternative_lists)).min(MOST_ALTERNATIVES);
    let mut list = at(address, whole.list);
    let mut alternatives = Vec::new();
    for _ in 0..count {
        let entries = guest.load_u32(at(list, fields.count));
        let first = at(list, fields.descriptors);
        let size = u64::from(guest.layout().io_resource_descriptor.size_of);
        let places = (0..u64::from(entries.min(MOST_RESOURCES)))
            .map(|index| first.wrapping_add(index * size));
        alternatives.push(places.map(|place| requirement_at(guest, place)).collect());
        list = first.wrapping_add(u64::from(entries) * size);
    }
    ResourceRequirements { alternatives }
}

fn requirement_at(guest: &Guest, address: u64) -> Requirement {
    let fields = &guest.layout().io_resource_descriptor;
    let u32_at = |offset| guest.load_u32(at(address, offset));
    let u64_at = |offset| guest.load_u64(at(address, offset));
    let kind = guest.load_u8(at(address, fields.type_));
    let range = match kind_of(kind.into()) {
        Some(ResourceKind::Port) => RequirementRange::Port(AddressRange {
            length: u32_at(fields.u_port_length),
            alignment: u32_at(fields.u_port_alignment),
            minimum: u64_at(fields.u_port_minimum_address),
            maximum: u64_at(fields.u_port_maximum_address),
        }),
        Some(ResourceKind::Memory) => RequirementRange::Memory(AddressRange {
            length: u32_at(fields.u_memory_length),
            alignment: u32_at(fields.u_memory_alignment),
            minimum: u64_at(fields.u_memory_minimum_address),
            maximum: u64_at(fields.u_memory_maximum_address),
        }),
        Some(ResourceKind::Interrupt) => RequirementRange::Interrupt {
            minimum: u32_at(fields.u_interrupt_minimum_vector),
            maximum: u32_at(fields.u_interrupt_maximum_vector),
            trigger: match guest.load_u16(at(address, fields.flags)) & LATCHED {
                0 => TriggerMode::Level,
                _ => TriggerMode::Latched,
            },
        },
        Some(ResourceKind::Dma) => RequirementRange::Dma {
            minimum: u32_at(fields.u_dma_minimum_channel),
            maximum: u32_at(fields.u_dma_maximum_channel),
        },
        None => RequirementRange::Other(kind),
    };
    let share = match guest.load_u8(at(address, fields.share_disposition)) {
        SHARED => Share::Shared,
        _ => Share::Exclusive,
    };
    Requirement { option: guest.load_u8(at(address, fields.option)), range, share }
}

//! Requests in the form that a driver sees: an IRP with two stack locations.
//!
//! The request itself lives in the kernel. The IRP in guest memory is made when the driver gets the
//! request. The IRP is freed when the driver's routine has returned, unless the driver keeps the
//! request, such as with `STATUS_PENDING`. The IRP of a kept request stays until the driver
//! completes the request. The port can complete a kept request by itself, such as a read in the
//! port's queue. Then the IRP stays until the driver gets or completes another request. When the
//! driver completes a request, the kernel gets the status block and the mark of a pending request
//! from the IRP, where the driver wrote them.

use std::rc::Rc;

use portcls_emulator::rules::MARK_IRP_PENDING_2;
use portcls_emulator::{DeviceObject, Irp, NtStatus, ObjectType, Parameters, PnpRequest};

use super::power::write_capabilities;
use super::resources::list_bytes;
use crate::guest::Guest;
use crate::memory::at;
use crate::tables::shown_irp::ShownIrp;

/// The number of stack locations: the driver's location, and the location of the driver below it.
const LOCATIONS: u8 = 2;

/// GUID_PNP_LOCATION_INTERFACE. Source: wdmguid.h.
#[rustfmt::skip]
const LOCATION_INTERFACE: [u8; 16] = [
    0x0E, 0x1B, 0x21, 0x70, 0xFB, 0x0A, 0xDB, 0x47, 0xAF, 0xC1, 0x41, 0x0B, 0xF8, 0x42, 0x49, 0x7A,
];

/// PNP_LOCATION_INTERFACE_VERSION. Source: ntddk.h.
const LOCATION_VERSION: u16 = 1;

/// SL_PENDING_RETURNED, which IoMarkIrpPending sets. Source: wdm.h.
pub(crate) const PENDING_RETURNED: u8 = 0x01;

impl Guest {
    /// Makes an IRP for the request and runs `work` with the address of the IRP. `work` calls the
    /// driver's routine at `routine` and returns the routine's status.
    ///
    /// The IRP is freed when `work` has returned, unless the driver keeps the request. A driver
    /// keeps a request if its routine returned `STATUS_PENDING` or marked the request pending, or
    /// if the request is still with the driver below. The IRP of a kept request stays until the
    /// request is complete.
    ///
    /// The request is marked pending when the driver's own stack location is marked. It is also
    /// marked when the driver returns `STATUS_PENDING` while the request is with the driver below.
    /// Such a driver need not have marked its location yet: its completion routine marks the
    /// location later. When there is no completion routine, the kernel copies the mark from the
    /// location of the driver below.
    pub(crate) fn with_irp(
        &self,
        irp: &Irp,
        device: &Rc<DeviceObject>,
        routine: u64,
        work: impl FnOnce(u64) -> NtStatus,
    ) -> NtStatus {
        self.free_completed_irps();
        let mut blocks = Blocks { guest: self, blocks: Vec::new() };
        let (address, location) = self.make_irp(irp, device, &mut blocks);
        self.0.shown.insert_irp(ShownIrp {
            irp: irp.clone(),
            address,
            location,
            blocks: blocks.blocks,
            routine,
            is_in_routine: true,
            is_below: false,
            owes_mark: false,
            is_listed: true,
        });
        let answer = work(address);
        self.take_requirements(address, location, irp);
        let is_marked = self.is_location_marked(location);
        let mut is_below = false;
        self.0.shown.with_irp(address, |shown| {
            shown.is_in_routine = false;
            is_below = shown.is_below;
            shown.owes_mark = is_below && !is_marked && answer == NtStatus::PENDING;
        });
        if is_marked || (is_below && answer == NtStatus::PENDING) {
            irp.mark_pending();
        }
        if is_marked || is_below || answer == NtStatus::PENDING {
            self.free_completed_irps();
        } else {
            self.free_irps(|shown| shown.address == address);
        }
        answer
    }

    /// The request behind an IRP.
    #[must_use]
    pub fn irp_at(&self, address: u64) -> Option<Irp> {
        self.0.shown.irp_at(address)
    }

    /// Whether a stack location has the mark that IoMarkIrpPending sets. A driver that marks its
    /// location keeps the request.
    pub(crate) fn is_location_marked(&self, location: u64) -> bool {
        let control = at(location, self.layout().io_stack_location.control);
        self.is_readable(control, 1) && self.load_u8(control) & PENDING_RETURNED != 0
    }

    /// Marks a stack location, as IoMarkIrpPending does.
    pub(crate) fn mark_location(&self, location: u64) {
        let control = at(location, self.layout().io_stack_location.control);
        if self.is_readable(control, 1) {
            self.put_u8(control, self.load_u8(control) | PENDING_RETURNED);
        }
    }

    /// Notes that the IRP at an address has gone to the driver below, or has come back from that
    /// driver.
    pub(crate) fn set_irp_below(&self, address: u64, is_below: bool) {
        self.0.shown.with_irp(address, |shown| shown.is_below = is_below);
    }

    /// Takes a request off the leak report's list of IRPs, because the report lists it under
    /// another name.
    pub(crate) fn unlist_irp(&self, irp: &Irp) {
        for mut shown in self.0.shown.take_irps(|shown| shown.irp.is(irp)) {
            shown.is_listed = false;
            self.0.shown.insert_irp(shown);
        }
    }

    /// Frees the IRPs that are complete and whose routines have returned.
    pub(crate) fn free_completed_irps(&self) {
        self.free_irps(ShownIrp::is_over);
    }

    fn free_irps(&self, which: impl Fn(&ShownIrp) -> bool) {
        for shown in self.0.shown.take_irps(which) {
            self.free_requirements(shown.address, shown.location, &shown.irp);
            for (block, length) in shown.blocks {
                self.free_object_block(block, length);
            }
        }
    }

    /// Makes an IRP and returns its address and the address of its current stack location.
    fn make_irp(
        &self,
        irp: &Irp,
        device: &Rc<DeviceObject>,
        blocks: &mut Blocks<'_>,
    ) -> (u64, u64) {
        let fields = &self.layout().irp;
        let location_bytes = self.layout().io_stack_location.size_of;
        let bytes = (fields.size_of + u32::from(LOCATIONS) * location_bytes) as usize;
        let address = blocks.add(&vec![0; bytes]);
        // The current location is the last location; the location of the next driver lies before
        // it.
        let location = at(address, fields.size_of + u32::from(LOCATIONS - 1) * location_bytes);
        self.put_u16(at(address, fields.type_), ObjectType::Irp.number());
        self.put_u16(at(address, fields.size), bytes as u16);
        self.put_u8(at(address, fields.stack_count), LOCATIONS);
        self.put_u8(at(address, fields.current_location), LOCATIONS);
        self.put_u8(at(address, fields.cancel), irp.is_cancelled().into());
        self.put_word(at(address, fields.tail_overlay_current_stack_location), location);
        // A new request arrives with STATUS_NOT_SUPPORTED. Windows wants this status for Plug and
        // Play and power requests.
        let status = match irp.status() {
            NtStatus::PENDING => NtStatus::NOT_SUPPORTED,
            status => status,
        };
        self.put_u32(
            at(at(address, fields.io_status), self.layout().io_status_block.status),
            status.0,
        );
        self.fill_location(location, irp, device, blocks);
        (address, location)
    }

    fn fill_location(
        &self,
        location: u64,
        irp: &Irp,
        device: &Rc<DeviceObject>,
        blocks: &mut Blocks<'_>,
    ) {
        let fields = &self.layout().io_stack_location;
        let parameters = irp.parameters();
        self.put_u8(at(location, fields.major_function), parameters.major().number());
        self.put_u8(at(location, fields.minor_function), parameters.minor_number());
        self.put_word(at(location, fields.device_object), self.device_pointer(device));
        match parameters {
            Parameters::Pnp(PnpRequest::StartDevice { translated, raw }) => {
                let raw = blocks.add(&list_bytes(self.layout(), raw));
                let translated = blocks.add(&list_bytes(self.layout(), translated));
                let field = fields.parameters_start_device_allocated_resources;
                self.put_word(at(location, field), raw);
                let field = fields.parameters_start_device_allocated_resources_translated;
                self.put_word(at(location, field), translated);
            }
            Parameters::Pnp(PnpRequest::FilterResourceRequirements(wanted)) => {
                let list = self.new_requirements(&wanted.borrow());
                let field =
                    fields.parameters_filter_resource_requirements_io_resource_requirement_list;
                self.put_word(at(location, field), list);
            }
            Parameters::Pnp(PnpRequest::QueryInterface) => {
                // A PNP_LOCATION_INTERFACE is as long as five pointers. The first of these words
                // holds two numbers of 16 bits. The context and three routines follow.
                let bytes = 5 * self.pointer_bytes();
                let interface = blocks.add(&vec![0; bytes as usize]);
                let guid = blocks.add(&LOCATION_INTERFACE);
                self.put_word(at(location, fields.parameters_others_argument1), guid);
                let size = at(location, fields.parameters_others_argument2);
                self.put_u16(size, bytes as u16);
                self.put_u16(size + 2, LOCATION_VERSION);
                self.put_word(at(location, fields.parameters_others_argument3), interface);
            }
            Parameters::Pnp(PnpRequest::QueryCapabilities(capabilities)) => {
                let bytes = self.layout().device_capabilities.size_of as usize;
                let block = blocks.add(&vec![0; bytes]);
                write_capabilities(self, block, &capabilities.borrow());
                let field = fields.parameters_device_capabilities_capabilities;
                self.put_word(at(location, field), block);
            }
            Parameters::Power(request) => {
                let state = request.state;
                let kind = state.kind().number();
                self.put_u32(at(location, fields.parameters_power_type), kind);
                self.put_u32(at(location, fields.parameters_power_state), state.number());
            }
            Parameters::DeviceControl { code, input, output_length } => {
                let field = fields.parameters_device_io_control_io_control_code;
                self.put_u32(at(location, field), *code);
                let field = fields.parameters_device_io_control_input_buffer_length;
                self.put_u32(at(location, field), input.len() as u32);
                let field = fields.parameters_device_io_control_output_buffer_length;
                self.put_u32(at(location, field), *output_length);
                let block = blocks.add(input);
                let field = fields.parameters_device_io_control_type3_input_buffer;
                self.put_word(at(location, field), block);
            }
            _ => {}
        }
    }

    /// Copies into the request what the driver wrote into its IRP: the status block, the list of
    /// required resources, and the mark of a pending request. Reports a driver that should have
    /// marked the request and did not.
    pub(crate) fn take_irp(&self, address: u64, irp: &Irp) {
        let block = at(address, self.layout().irp.io_status);
        let fields = &self.layout().io_status_block;
        irp.set_status(NtStatus(self.load_u32(at(block, fields.status))));
        irp.set_information(self.load_word(at(block, fields.information)));
        let mut found = None;
        self.0.shown.with_irp(address, |shown| found = Some((shown.location, shown.owes_mark)));
        if let Some((location, _)) = found {
            self.take_requirements(address, location, irp);
        }
        match found {
            Some((location, _)) if self.is_location_marked(location) => irp.mark_pending(),
            Some((_, true)) => {
                let message = "STATUS_PENDING was returned for a request that nobody marked";
                self.kernel().report_violation(&MARK_IRP_PENDING_2, message);
            }
            _ => {}
        }
    }
}

/// The memory blocks of an IRP and of its parameters, with their lengths.
struct Blocks<'a> {
    guest: &'a Guest,
    blocks: Vec<(u64, usize)>,
}

impl Blocks<'_> {
    fn add(&mut self, content: &[u8]) -> u64 {
        let address = self.guest.new_object_block(content);
        self.blocks.push((address, content.len()));
        address
    }
}

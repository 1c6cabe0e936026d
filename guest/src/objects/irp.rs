//! Requests as a driver sees them: an IRP with two stack locations.
//!
//! The request lives in the kernel; the IRP in guest memory is made when the driver is shown it
//! and goes when it is complete and the driver has returned, in whatever order: one that a routine
//! keeps with `STATUS_PENDING` stays until the driver completes it. One that the port completes by
//! itself, such as a read that it had queued, stays until the driver is shown the next.
//! What the driver writes into the status, and its mark of a pending request, are taken over when
//! it completes the request.

use std::rc::Rc;

use portcls_emulator::{DeviceObject, Irp, NtStatus, ObjectType, Parameters, PnpRequest};

use super::power::write_capabilities;
use super::resources::list_bytes;
use crate::guest::Guest;
use crate::memory::at;
use crate::tables::shown_irp::ShownIrp;

/// Stack locations: the driver's, and that of the driver below it.
const LOCATIONS: u8 = 2;

/// SL_PENDING_RETURNED, which IoMarkIrpPending sets. Source: wdm.h.
pub(crate) const PENDING_RETURNED: u8 = 0x01;

impl Guest {
    /// Runs `work` with the address of an IRP that stands for a request: a call of the driver's
    /// routine at `routine`, which returns its status.
    ///
    /// The IRP goes when `work` has returned, unless the driver keeps the request: with
    /// `STATUS_PENDING`, marked pending, or under way below. Then it goes when the request is
    /// completed.
    ///
    /// The request is marked when the driver's own stack location is. A driver that hands up the
    /// `STATUS_PENDING` of the one below need not have marked it yet: its completion routine does,
    /// or the mark comes up by itself where there is none.
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

    /// Whether a stack location says that its driver keeps the request, as IoMarkIrpPending does.
    pub(crate) fn is_location_marked(&self, location: u64) -> bool {
        let control = at(location, self.layout().io_stack_location.control);
        self.is_readable(control, 1) && self.load_u8(control) & PENDING_RETURNED != 0
    }

    /// What IoMarkIrpPending does to a stack location.
    pub(crate) fn mark_location(&self, location: u64) {
        let control = at(location, self.layout().io_stack_location.control);
        if self.is_readable(control, 1) {
            self.put_u8(control, self.load_u8(control) | PENDING_RETURNED);
        }
    }

    /// The IRP at an address is with the driver below from now on, or back from it.
    pub(crate) fn set_irp_below(&self, address: u64, is_below: bool) {
        self.0.shown.with_irp(address, |shown| shown.is_below = is_below);
    }

    /// Leaves it to others to tell that a request was never completed.
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
            for (block, length) in shown.blocks {
                self.free_object_block(block, length);
            }
        }
    }

    /// The addresses of a new IRP and of its present stack location.
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
        // The present location is the last one; the next driver's lies before it.
        let location = at(address, fields.size_of + u32::from(LOCATIONS - 1) * location_bytes);
        self.put_u16(at(address, fields.type_), ObjectType::Irp.number());
        self.put_u16(at(address, fields.size), bytes as u16);
        self.put_u8(at(address, fields.stack_count), LOCATIONS);
        self.put_u8(at(address, fields.current_location), LOCATIONS);
        self.put_u8(at(address, fields.cancel), irp.is_cancelled().into());
        self.put_word(at(address, fields.tail_overlay_current_stack_location), location);
        // Plug and Play and power requests arrive with this status.
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

    /// Takes over what the driver wrote into an IRP that is about to be completed: its status
    /// block, and the mark of a pending request.
    pub(crate) fn take_irp(&self, address: u64, irp: &Irp) {
        let block = at(address, self.layout().irp.io_status);
        let fields = &self.layout().io_status_block;
        irp.set_status(NtStatus(self.load_u32(at(block, fields.status))));
        irp.set_information(self.load_word(at(block, fields.information)));
        let mut found = None;
        self.0.shown.with_irp(address, |shown| found = Some((shown.location, shown.owes_mark)));
        match found {
            Some((location, _)) if self.is_location_marked(location) => irp.mark_pending(),
            Some((_, true)) => {
                let message = "STATUS_PENDING was returned for a request that nobody marked";
                self.kernel().report_violation("MarkIrpPending", message);
            }
            _ => {}
        }
    }
}

/// The memory of one IRP.
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

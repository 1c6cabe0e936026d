//! Requests as a driver sees them: an IRP with two stack locations.
//!
//! The request lives in the kernel; the IRP in guest memory is made when the driver is shown it
//! and goes when it is complete and the driver has returned. What the driver writes into its
//! status is taken over when it completes the request.

use std::rc::Rc;

use portcls_emulator::{
    DeviceObject, Irp, NtStatus, Parameters, PnpRequest, PowerAction, PowerState,
};

use crate::guest::Guest;
use crate::memory::at;
use crate::resources::list_bytes;

/// IO_TYPE_IRP. Source: wdm.h.
const TYPE_IRP: u16 = 6;

/// Stack locations: the driver's, and that of the driver below it.
const LOCATIONS: u8 = 2;

/// Minor functions. Source: wdm.h.
fn minor_function(parameters: &Parameters) -> u8 {
    match parameters {
        Parameters::Pnp(request) => match request {
            PnpRequest::StartDevice { .. } => 0x00,
            PnpRequest::QueryRemoveDevice => 0x01,
            PnpRequest::RemoveDevice => 0x02,
            PnpRequest::CancelRemoveDevice => 0x03,
            PnpRequest::StopDevice => 0x04,
            PnpRequest::QueryStopDevice => 0x05,
            PnpRequest::CancelStopDevice => 0x06,
            PnpRequest::QueryCapabilities(_) => 0x09,
            PnpRequest::SurpriseRemoval => 0x17,
        },
        Parameters::Power(request) => match request.action {
            PowerAction::Set => 0x02,
            PowerAction::Query => 0x03,
        },
        _ => 0,
    }
}

impl Guest {
    /// Runs `work` with the address of an IRP that stands for a request.
    pub(crate) fn with_irp<R>(
        &self,
        irp: &Irp,
        device: &Rc<DeviceObject>,
        work: impl FnOnce(u64) -> R,
    ) -> R {
        let mut blocks = Blocks { guest: self, blocks: Vec::new() };
        let address = self.make_irp(irp, device, &mut blocks);
        self.know_irp(address, irp);
        let result = work(address);
        self.forget_irp(address);
        for (block, length) in blocks.blocks {
            self.free_object_block(block, length);
        }
        result
    }

    fn make_irp(&self, irp: &Irp, device: &Rc<DeviceObject>, blocks: &mut Blocks<'_>) -> u64 {
        let fields = &self.layout().irp;
        let location_bytes = self.layout().io_stack_location.size_of;
        let bytes = (fields.size_of + u32::from(LOCATIONS) * location_bytes) as usize;
        let address = blocks.add(&vec![0; bytes]);
        // The present location is the last one; the next driver's lies before it.
        let location = at(address, fields.size_of + u32::from(LOCATIONS - 1) * location_bytes);
        self.put_u16(at(address, fields.type_), TYPE_IRP);
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
        address
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
        self.put_u8(at(location, fields.major_function), parameters.major() as u8);
        self.put_u8(at(location, fields.minor_function), minor_function(parameters));
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
                crate::power::write_capabilities(self, block, &capabilities.borrow());
                let field = fields.parameters_device_capabilities_capabilities;
                self.put_word(at(location, field), block);
            }
            Parameters::Power(request) => {
                let (kind, state) = match request.state {
                    PowerState::System(state) => (0, state as u32),
                    PowerState::Device(state) => (1, state.value()),
                };
                self.put_u32(at(location, fields.parameters_power_type), kind);
                self.put_u32(at(location, fields.parameters_power_state), state);
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

    /// Takes over what the driver wrote into an IRP's status block; the status that it means.
    pub(crate) fn take_irp_status(&self, address: u64, irp: &Irp) -> NtStatus {
        let block = at(address, self.layout().irp.io_status);
        let fields = &self.layout().io_status_block;
        let status = NtStatus(self.load_u32(at(block, fields.status)));
        irp.set_status(status);
        irp.set_information(self.load_word(at(block, fields.information)));
        status
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

//! Requests of clients to an open pin: data, a reset, its properties.
//!
//! Owns the table of the pin's own properties. It does not know how data moves.
//!
//! Not offered yet: clocks and allocators of a pin, allocator framing, stream and clock sets.

use std::rc::Rc;

use portcls_emulator::{Irp, Kernel, NtStatus, Parameters};

use super::Pin;
use crate::irp::complete;
use crate::ks::guids::property_set;
use crate::ks::{
    KsDataFormat, KsIoctl, KsPropertyConnection, KsPropertyType, KsReset, KsState, LengthReply,
    read,
};
use crate::property::{self, Access, OwnHandler, OwnProperty, PropertyRequest, Target};
use crate::subdevice::KsObject;

/// The properties of a pin.
static PROPERTIES: [OwnProperty<Pin>; 2] = [
    of_connection(KsPropertyConnection::State, state),
    of_connection(KsPropertyConnection::DataFormat, data_format),
];

const fn of_connection(id: KsPropertyConnection, handler: OwnHandler<Pin>) -> OwnProperty<Pin> {
    let (set, flags) = (property_set::CONNECTION, KsPropertyType::GET.union(KsPropertyType::SET));
    OwnProperty { set, id: id.value(), flags, handler: Some(handler) }
}

impl KsObject for Pin {
    fn create(&self, _kernel: &Kernel, _name: &[u16]) -> Result<Rc<dyn KsObject>, NtStatus> {
        Err(NtStatus::INVALID_DEVICE_REQUEST)
    }

    fn device_control(&self, kernel: &Kernel, irp: &Irp) -> NtStatus {
        let Parameters::DeviceControl { code, input, .. } = irp.parameters() else {
            return complete(kernel, irp, NtStatus::INVALID_PARAMETER);
        };
        match KsIoctl::from_u32(*code) {
            Some(code @ (KsIoctl::WriteStream | KsIoctl::ReadStream)) => {
                match self.check_stream_request(irp, code) {
                    Ok(request) => self.lane.submit(kernel, request),
                    Err(status) => complete(kernel, irp, status),
                }
            }
            Some(KsIoctl::ResetState) => {
                let status = NtStatus::of(&self.reset(kernel, input));
                complete(kernel, irp, status)
            }
            Some(KsIoctl::Property) => {
                property::serve(kernel, irp, self, &PROPERTIES, || self.target())
            }
            _ => complete(kernel, irp, NtStatus::INVALID_DEVICE_REQUEST),
        }
    }

    fn cleanup(&self, kernel: &Kernel) {
        self.lane.flush(kernel);
    }

    fn close(&self, kernel: &Kernel) {
        self.shut(kernel);
    }
}

impl Pin {
    fn reset(&self, kernel: &Kernel, input: &[u8]) -> Result<(), NtStatus> {
        let reset = read::<u32>(input).and_then(KsReset::from_u32);
        match reset.ok_or(NtStatus::INVALID_PARAMETER)? {
            KsReset::Begin => self.lane.begin_reset(kernel),
            KsReset::End => self.lane.end_reset(),
        }
        Ok(())
    }

    /// The miniport's table of this pin, with the stream.
    fn target(&self) -> Option<Target<'_>> {
        Some(Target {
            calls: self.binding.calls(),
            miniport: self.binding.miniport().ok()?.object(),
            stream: self.lane.stream().map(|stream| stream.object()),
            table: self.described().automation.as_ref(),
            nodes: &self.descriptor.nodes,
        })
    }
}

fn state(
    pin: &Pin,
    kernel: &Kernel,
    request: &PropertyRequest<'_>,
) -> Result<LengthReply, NtStatus> {
    if request.access == Access::Get {
        return Ok(request.value(&pin.lane.state().value().to_le_bytes()));
    }
    let state: u32 = read(request.value).ok_or(NtStatus::BUFFER_TOO_SMALL)?;
    pin.set_state(kernel, KsState::from_u32(state).ok_or(NtStatus::INVALID_PARAMETER)?)?;
    Ok(LengthReply::of_status(NtStatus::SUCCESS))
}

fn data_format(
    pin: &Pin,
    kernel: &Kernel,
    request: &PropertyRequest<'_>,
) -> Result<LengthReply, NtStatus> {
    if request.access == Access::Get {
        return Ok(request.value(bytemuck::bytes_of(&pin.format.get())));
    }
    let format = KsDataFormat::read(request.value)?;
    pin.check_format(kernel, &format)?;
    pin.set_format(kernel, format)?;
    Ok(LengthReply::of_status(NtStatus::SUCCESS))
}

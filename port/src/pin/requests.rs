//! The properties of an open pin: its state and its format.
//!
//! Not offered yet: allocator framing, stream and clock sets.

use portcls_emulator::{Kernel, NtStatus};

use crate::ks::guids::property_set;
use crate::ks::intersection::check_format;
use crate::ks::{KsDataFormat, KsPropertyConnection, KsPropertyType, KsState, LengthReply, read};
use crate::pin::MidiPin;
use crate::property::{Access, PropertyRequest, access};

/// Answers IOCTL_KS_PROPERTY on a pin. IRQL: PASSIVE_LEVEL.
pub(crate) fn answer(
    kernel: &Kernel,
    pin: &MidiPin,
    input: &[u8],
    value: &[u8],
    output_length: u32,
) -> LengthReply {
    let request = match PropertyRequest::read(input, output_length) {
        Ok(request) => request,
        Err(status) => return LengthReply::of_status(status),
    };
    if request.property.set != property_set::CONNECTION {
        return LengthReply::of_status(NtStatus::PROPSET_NOT_FOUND);
    }
    if request.asks_for_set() {
        return LengthReply::of_status(NtStatus::SUCCESS);
    }
    let both = KsPropertyType::GET | KsPropertyType::SET;
    match KsPropertyConnection::from_u32(request.property.id) {
        Some(KsPropertyConnection::State) => access(&request, both, |wanted| match wanted {
            Access::Get => request.value(&pin.state().value().to_le_bytes()),
            Access::Set => LengthReply::of_status(NtStatus::of(&set_state(kernel, pin, value))),
        }),
        Some(KsPropertyConnection::DataFormat) => access(&request, both, |wanted| match wanted {
            Access::Get => request.value(bytemuck::bytes_of(&pin.format())),
            Access::Set => LengthReply::of_status(NtStatus::of(&set_format(kernel, pin, value))),
        }),
        _ => LengthReply::of_status(NtStatus::NOT_FOUND),
    }
}

fn set_state(kernel: &Kernel, pin: &MidiPin, value: &[u8]) -> Result<(), NtStatus> {
    let state: u32 = read(value).ok_or(NtStatus::BUFFER_TOO_SMALL)?;
    let state = KsState::from_u32(state).ok_or(NtStatus::INVALID_PARAMETER)?;
    pin.set_state(kernel, state)
}

fn set_format(kernel: &Kernel, pin: &MidiPin, value: &[u8]) -> Result<(), NtStatus> {
    let format = KsDataFormat::read(value)?;
    check_format(&format, pin.filter().ranges_of(pin.id()))?;
    pin.set_format(kernel, format)
}

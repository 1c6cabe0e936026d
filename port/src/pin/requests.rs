//! Requests of clients to an open pin: data, a reset, its properties, events.
//!
//! This file owns the table of the pin's own properties. This file does not know how data moves.
//!
//! A pin of this port has no clock and no allocator of its own. The properties for the handles of
//! these objects answer a null handle, and a client cannot open such an object by its name.

use std::rc::Rc;

use portcls_emulator::{Irp, Kernel, NtStatus, Parameters};

use super::Pin;
use crate::guid::Guid;
use crate::irp::complete;
use crate::ks::guids::property_set;
use crate::ks::{
    KsAllocatorFraming, KsAudioPosition, KsDataFormat, KsIoctl, KsPropertyAudio,
    KsPropertyConnection, KsPropertyDrmAudioStream, KsPropertyStream, KsPropertyType, KsReset,
    KsState, LengthReply, read,
};
use crate::property::{self, Access, OwnHandler, OwnProperty, PropertyRequest, Target};
use crate::subdevice::KsObject;

const GET: KsPropertyType = KsPropertyType::GET;
const SET: KsPropertyType = KsPropertyType::SET;
const BOTH: KsPropertyType = GET.union(SET);

/// The properties of a pin. On Windows every port except the topology port answers them. Source:
/// WDK, Audio Property Handlers.
static PROPERTIES: [OwnProperty<Pin>; 7] = [
    of_connection(KsPropertyConnection::State, BOTH, state),
    of_connection(KsPropertyConnection::DataFormat, BOTH, data_format),
    of_connection(KsPropertyConnection::AllocatorFraming, GET, allocator_framing),
    own(property_set::STREAM, KsPropertyStream::Allocator.value(), BOTH, null_handle),
    own(property_set::STREAM, KsPropertyStream::MasterClock.value(), BOTH, null_handle),
    own(property_set::AUDIO, KsPropertyAudio::Position.value(), GET, position),
    own(
        property_set::DRM_AUDIO_STREAM,
        KsPropertyDrmAudioStream::ContentId.value(),
        SET,
        content_id,
    ),
];

const fn own(
    set: Guid,
    id: u32,
    flags: KsPropertyType,
    handler: OwnHandler<Pin>,
) -> OwnProperty<Pin> {
    OwnProperty { set, id, flags, handler: Some(handler) }
}

const fn of_connection(
    id: KsPropertyConnection,
    flags: KsPropertyType,
    handler: OwnHandler<Pin>,
) -> OwnProperty<Pin> {
    own(property_set::CONNECTION, id.value(), flags, handler)
}

/// The set, number and accesses of each property of a pin.
pub(crate) fn property_flags() -> Vec<(Guid, u32, KsPropertyType)> {
    PROPERTIES.iter().map(|property| (property.set, property.id, property.flags)).collect()
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
            Some(KsIoctl::EnableEvent) => {
                self.events.enable(kernel, irp, Some(self.id), self.target().as_ref())
            }
            Some(KsIoctl::DisableEvent) => self.events.disable(kernel, irp, self.target().as_ref()),
            _ => complete(kernel, irp, NtStatus::INVALID_DEVICE_REQUEST),
        }
    }

    fn has_enabled_events(&self) -> bool {
        self.events.is_any_enabled()
    }

    fn cleanup(&self, kernel: &Kernel) {
        self.lane.flush(kernel);
    }

    fn close(&self, kernel: &Kernel) {
        self.events.end_all(kernel, self.target().as_ref(), None);
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

fn allocator_framing(
    _: &Pin,
    _: &Kernel,
    request: &PropertyRequest<'_>,
) -> Result<LengthReply, NtStatus> {
    Ok(request.value(bytemuck::bytes_of(&KsAllocatorFraming::MUSIC)))
}

/// Answers the requests for the allocator and for the master clock.
///
/// Source: WDK, KSPROPERTY_STREAM_MASTERCLOCK: the handle is null, and a call that succeeds says
/// that the property is supported. Assumed: the allocator's property also answers a null handle.
/// Assumed: a client may set the null handle. With any other handle, a client would name a clock or
/// an allocator that this port cannot use.
fn null_handle(
    _: &Pin,
    _: &Kernel,
    request: &PropertyRequest<'_>,
) -> Result<LengthReply, NtStatus> {
    const NULL: [u8; 8] = [0; 8];
    if request.access == Access::Get {
        return Ok(request.value(&NULL));
    }
    match request.value.get(..NULL.len()).ok_or(NtStatus::BUFFER_TOO_SMALL)? {
        handle if handle == NULL => Ok(LengthReply::of_status(NtStatus::SUCCESS)),
        _ => Err(NtStatus::INVALID_HANDLE),
    }
}

/// Tells how far the stream has come, in bytes of the client's buffers since the stream left STOP.
///
/// Source: WDK, KSAUDIO_POSITION, the text about a stream that is not looped. Assumed: a position
/// counts the bytes of the records, because no page says what a byte of music is. The play offset
/// moves when a request ends.
fn position(pin: &Pin, _: &Kernel, request: &PropertyRequest<'_>) -> Result<LengthReply, NtStatus> {
    let position = pin.lane.queue().position();
    let position = KsAudioPosition { play_offset: position.served, write_offset: position.queued };
    Ok(request.value(bytemuck::bytes_of(&position)))
}

/// Refuses rights to content. Only code of the kernel may give such rights, and every client here
/// is a program in user mode.
///
/// Source: WDK, KSPROPERTY_DRMAUDIOSTREAM_CONTENTID, with the status for a request from user mode.
fn content_id(_: &Pin, _: &Kernel, _: &PropertyRequest<'_>) -> Result<LengthReply, NtStatus> {
    Err(NtStatus::INVALID_DEVICE_REQUEST)
}

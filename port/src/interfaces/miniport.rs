//! What a MIDI miniport driver offers to the port: the miniport and its streams.

use std::rc::Rc;

use portcls_emulator::{Kernel, NtStatus, PoolType};

use super::{IPortMidi, IResourceList, IServiceGroup};
use crate::com::IUnknown;
use crate::descriptor::PcFilterDescriptor;
use crate::ks::{DataRange, KsDataFormat, KsPinDataFlow, KsState, LengthReply};

/// A miniport of any kind: what it is, and which formats its pins take.
///
/// Implemented by the driver, called by the port.
#[doc(alias = "PMINIPORT")]
pub trait IMiniport: IUnknown {
    /// Describes the filter: pins, nodes, connections, categories.
    ///
    /// Called once, inside `IPort::Init` after the miniport's own `Init`. The description does
    /// not change as long as the miniport lives.
    ///
    /// IRQL: PASSIVE_LEVEL. Source: WDK, IMiniport::GetDescription.
    ///
    /// # Errors
    /// Whatever the driver returns makes `IPort::Init` fail with the same status.
    #[doc(alias = "IMiniport::GetDescription")]
    fn get_description(&self, kernel: &Kernel) -> Result<Rc<PcFilterDescriptor>, NtStatus>;

    /// Finds a format that lies in a client's range and in a range of the pin.
    ///
    /// Called for KSPROPERTY_PIN_DATAINTERSECTION, once for each pair of a client's range and a
    /// range of the pin, in order, until the answer is not `STATUS_NO_MATCH`. The reply is
    /// `STATUS_SUCCESS` with the format; `STATUS_NO_MATCH` for the next pair;
    /// `STATUS_NOT_IMPLEMENTED` to leave the pair to the port's own rule;
    /// `STATUS_BUFFER_OVERFLOW` with the needed length when `output_length` is 0;
    /// `STATUS_BUFFER_TOO_SMALL` when it is less than needed.
    ///
    /// IRQL: PASSIVE_LEVEL. Units: `output_length` in bytes.
    /// Source: WDK, IMiniport::DataRangeIntersection.
    #[doc(alias = "IMiniport::DataRangeIntersection")]
    fn data_range_intersection(
        &self,
        kernel: &Kernel,
        pin_id: u32,
        client_range: &DataRange,
        pin_range: &DataRange,
        output_length: u32,
    ) -> LengthReply;
}

/// A MIDI miniport driver.
///
/// Implemented by the driver, called by the port. The methods stand in the order of the header.
#[doc(alias = "PMINIPORTMIDI")]
pub trait IMiniportMidi: IMiniport {
    /// Starts the hardware and hands out the miniport's service group.
    ///
    /// Called once, from `IPort::Init`. The driver takes its port range and interrupt from
    /// `resources`, registers its group with the port before the device can interrupt, connects
    /// its ISR, and brings the device to a known state. `None` for the group is for a device that
    /// never interrupts. On failure the driver leaves the device quiet, its ISR disconnected and
    /// nothing of what it was given kept: nobody else cleans up.
    ///
    /// IRQL: PASSIVE_LEVEL. Source: WDK, IMiniportMidi::Init.
    ///
    /// # Errors
    /// `STATUS_DEVICE_CONFIGURATION_ERROR` when the resources do not fit;
    /// `STATUS_INSUFFICIENT_RESOURCES`; `STATUS_IO_DEVICE_ERROR` when the device does not answer.
    #[doc(alias = "IMiniportMidi::Init")]
    fn init(
        self: Rc<Self>,
        kernel: &Kernel,
        adapter: Option<Rc<dyn IUnknown>>,
        resources: Rc<dyn IResourceList>,
        port: Rc<dyn IPortMidi>,
    ) -> Result<Option<Rc<dyn IServiceGroup>>, NtStatus>;

    /// Serves what the interrupt left to do.
    ///
    /// Called by the port's sink in the DPC of the miniport's service group, after a
    /// [`notify`](IPortMidi::notify). Requests that come before the DPC has run are one call.
    ///
    /// IRQL: DISPATCH_LEVEL; no lock of the port is held. Never fails.
    /// Source: WDK, IMiniportMidi::Service.
    #[doc(alias = "IMiniportMidi::Service")]
    fn service(&self, kernel: &Kernel);

    /// Opens a stream on a pin; its state is STOP.
    ///
    /// Called when a client opens a pin, after the format was checked against the ranges of the
    /// pin. The device is in D0. `outer` is for aggregation and absent in practice; `pool` is
    /// where the driver allocates the stream. The port adds its sink to the group that comes with
    /// the stream, if there is one.
    ///
    /// IRQL: PASSIVE_LEVEL. Limits: `pin` is less than the number of pins of the descriptor.
    /// Source: WDK, IMiniportMidi::NewStream.
    ///
    /// # Errors
    /// `STATUS_INVALID_DEVICE_REQUEST` for a wrong pin or when no further stream is possible;
    /// `STATUS_INSUFFICIENT_RESOURCES`; `STATUS_INVALID_PARAMETER` for a format it cannot do.
    #[doc(alias = "IMiniportMidi::NewStream")]
    fn new_stream(
        self: Rc<Self>,
        kernel: &Kernel,
        outer: Option<Rc<dyn IUnknown>>,
        pool: PoolType,
        pin: u32,
        direction: StreamDirection,
        format: &KsDataFormat,
    ) -> Result<NewStream, NtStatus>;
}

/// What [`IMiniportMidi::new_stream`] hands out.
pub struct NewStream {
    /// The stream.
    pub stream: Rc<dyn IMiniportMidiStream>,
    /// The group whose requests the stream's pin wants, absent when it needs no service.
    pub service_group: Option<Rc<dyn IServiceGroup>>,
}

/// Which way a stream moves data.
#[doc(alias = "Capture")]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum StreamDirection {
    /// From the client to the device; the port calls Write. `Capture` is FALSE.
    Render,
    /// From the device to the client; the port calls Read. `Capture` is TRUE.
    Capture,
}

impl StreamDirection {
    /// The direction of a stream on a pin: data that flows out of the filter is captured.
    #[must_use]
    pub const fn of_pin(data_flow: KsPinDataFlow) -> StreamDirection {
        match data_flow {
            KsPinDataFlow::In => StreamDirection::Render,
            KsPinDataFlow::Out => StreamDirection::Capture,
        }
    }
}

/// A stream of a MIDI miniport: one open pin.
///
/// Implemented by the driver, called by the port. No method may wait. `read` and `write` come
/// from DPCs and timers, so they touch no pageable code or data. The last reference goes at
/// PASSIVE_LEVEL, and may go in any state: a client can die while the stream runs.
#[doc(alias = "PMINIPORTMIDISTREAM")]
pub trait IMiniportMidiStream: IUnknown {
    /// Changes the format of the stream; only MIDI is possible, so this is seldom more than a
    /// check.
    ///
    /// Called for a SET of KSPROPERTY_CONNECTION_DATAFORMAT, with a format that fits the pin.
    ///
    /// IRQL: PASSIVE_LEVEL. Source: WDK, IMiniportMidiStream::SetFormat.
    ///
    /// # Errors
    /// Whatever the driver returns is the status of the request.
    #[doc(alias = "IMiniportMidiStream::SetFormat")]
    fn set_format(&self, kernel: &Kernel, format: &KsDataFormat) -> Result<(), NtStatus>;

    /// Moves the stream to a neighbouring state: STOP, ACQUIRE, PAUSE, RUN and back.
    ///
    /// The port walks through the states between; a driver never sees a jump. Data moves only in
    /// RUN (capture may deliver in PAUSE); in STOP whatever is held is thrown away.
    ///
    /// IRQL: PASSIVE_LEVEL. Source: WDK, IMiniportMidiStream::SetState.
    ///
    /// # Errors
    /// On the way up, what hinders the device, such as `STATUS_INVALID_DEVICE_STATE`; the stream
    /// stays in the state it was in. The way down must not fail.
    #[doc(alias = "IMiniportMidiStream::SetState")]
    fn set_state(&self, kernel: &Kernel, state: KsState) -> Result<(), NtStatus>;

    /// Takes captured bytes from the driver and returns how many, 0 when there are none.
    ///
    /// Called in the DPC of the stream's service group, again and again until it returns 0 or
    /// fails. The count is at most the length of `buffer`.
    ///
    /// IRQL: DISPATCH_LEVEL. Source: WDK, IMiniportMidiStream::Read.
    ///
    /// # Errors
    /// `STATUS_INVALID_DEVICE_REQUEST` on a render stream.
    #[doc(alias = "IMiniportMidiStream::Read")]
    fn read(&self, kernel: &Kernel, buffer: &mut [u8]) -> Result<u32, NtStatus>;

    /// Writes MIDI bytes to the device and returns how many it took, 0 when it is busy.
    ///
    /// Called when the bytes are due. The count is the length of `data`, a smaller multiple of 4,
    /// or 0; the port offers the rest again, and after 0 somewhat later. A busy device and a dead
    /// one are the driver's to tell apart: it may not answer 0 for ever.
    ///
    /// IRQL: DISPATCH_LEVEL. Source: WDK, IMiniportMidiStream::Write.
    ///
    /// # Errors
    /// `STATUS_IO_DEVICE_ERROR` when the device is dead; `STATUS_INVALID_DEVICE_REQUEST` on a
    /// capture stream. The status completes the request that the bytes came from.
    #[doc(alias = "IMiniportMidiStream::Write")]
    fn write(&self, kernel: &Kernel, data: &[u8]) -> Result<u32, NtStatus>;
}

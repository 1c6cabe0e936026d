//! `IMiniport` and `IMiniportMidi`: what the port calls on a MIDI miniport.

use std::rc::Rc;

use portcls_emulator::{Kernel, NtStatus, PoolType};

use super::{IPortMidi, IResourceList, IServiceGroup};
use crate::com::IUnknown;
use crate::descriptor::{PcFilterDescriptor, PcPinDescriptor};
use crate::ks::{DataRange, KsDataFormat, KsPinDataFlow, KsState, LengthReply};

/// A miniport of any kind: its description, and the formats that its pins take.
///
/// The driver implements this interface, and the port calls it.
#[doc(alias = "PMINIPORT")]
pub trait IMiniport: IUnknown {
    /// Describes the filter: pins, nodes, connections, categories.
    ///
    /// The port calls this once, inside `IPort::Init`, after the miniport's own `Init` has
    /// succeeded. While the miniport lives, the driver may change only the pins of the description,
    /// see [`describe_pin`](Self::describe_pin). Parts that do not agree are violations, but
    /// `IPort::Init` succeeds.
    ///
    /// IRQL: PASSIVE_LEVEL. Source: WDK, IMiniport::GetDescription.
    ///
    /// # Errors
    /// - Any failure: `IPort::Init` fails with the same status. The port leaves the miniport's
    ///   service group and releases the miniport; no Service call follows.
    #[doc(alias = "IMiniport::GetDescription")]
    fn get_description(&self, kernel: &Kernel) -> Result<Rc<PcFilterDescriptor>, NtStatus>;

    /// Returns the present description of a pin. `None` when the port's description is still right.
    ///
    /// In C the pin descriptors are memory of the driver. The driver may change them, and the port
    /// reads them again for each request about a pin. This method replaces that reading. A driver
    /// whose pins never change leaves the method out. The port then has the description from
    /// [`get_description`](Self::get_description), with the counts that the miniport's `IPinCount`
    /// has corrected.
    ///
    /// The port calls this before it answers a property of the pin, opens the pin, or checks a
    /// format that is set on it. The port does not look at the automation table of the answer,
    /// because it has taken the tables at `IPort::Init`. `Assumed:` a driver cannot change the
    /// tables later, because the pages speak of the pins only.
    ///
    /// IRQL: PASSIVE_LEVEL. Never fails. Limits: `pin_id` may be any number that a client sends.
    /// Source: WDK, IPinCount::PinCount, Remarks: the port accesses the pin descriptors to answer
    /// pin properties.
    fn describe_pin(&self, kernel: &Kernel, pin_id: u32) -> Option<PcPinDescriptor> {
        let _ = (kernel, pin_id);
        None
    }

    /// Finds a format that lies in a client's range and in a range of the pin.
    ///
    /// The port calls this for KSPROPERTY_PIN_DATAINTERSECTION. The port goes through the client's
    /// ranges in order, and for each of them through the ranges of the pin. The port calls this
    /// once for each pair that fits, until a reply ends the search. A pair fits when major format,
    /// subformat and specifier are each equal, or one of the two values is all zero, the wildcard.
    /// The miniport never sees another pair. With `STATUS_SUCCESS` the reply has the format, and
    /// the search ends.
    ///
    /// IRQL: PASSIVE_LEVEL. Units: `output_length` is in bytes, and at most the length of the
    /// buffer that the client owns.
    /// Source: WDK, IMiniport::DataRangeIntersection; KsPinDataIntersection; the comments of the
    /// AC97 sample.
    ///
    /// # Errors
    /// In the reply:
    /// - `STATUS_NO_MATCH`: no format lies in both ranges. The port goes on to the next pair. When
    ///   no pair is left, the port ends the request with this status.
    /// - `STATUS_NOT_IMPLEMENTED`: the miniport leaves this pair to the port's own rule.
    /// - `STATUS_BUFFER_OVERFLOW`: `output_length` is 0; the reply has the needed length. The
    ///   search ends.
    /// - `STATUS_BUFFER_TOO_SMALL`: `output_length` is not 0 and less than needed. The search ends.
    /// - Any other failure ends the search and is the status of the request.
    ///
    /// A reply with more bytes than `output_length` is a violation; the port ends the request with
    /// `STATUS_BUFFER_TOO_SMALL`.
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
/// The driver implements this interface, and the port calls it. The methods stand in the order of
/// the header.
#[doc(alias = "PMINIPORTMIDI")]
pub trait IMiniportMidi: IMiniport {
    /// Starts the hardware and returns the miniport's service group.
    ///
    /// The port calls this once, from `IPort::Init`. The driver takes its port range and interrupt
    /// from `resources`, registers its group with the port before the device can interrupt,
    /// connects its ISR, and brings the device to a known state. A driver whose device never
    /// interrupts returns `None` for the group; no Service call follows then. The adapter driver
    /// gave the `resources` to `IPort::Init`. If the adapter driver gave none, `resources` is
    /// `None`.
    ///
    /// IRQL: PASSIVE_LEVEL. Source: WDK, IMiniportMidi::Init.
    ///
    /// # Errors
    /// After a failure `IPort::Init` fails with the same status: the port leaves the miniport's
    /// group and releases the miniport, and no other call of the miniport follows. Before the
    /// driver returns a failure, it silences the device, disconnects its ISR and releases every
    /// object that it got, because no other code cleans up for it. Usual causes:
    /// - `STATUS_DEVICE_CONFIGURATION_ERROR`: the resources do not fit.
    /// - `STATUS_INSUFFICIENT_RESOURCES`: the driver got no memory or no interrupt.
    /// - `STATUS_IO_DEVICE_ERROR`: the device does not answer.
    #[doc(alias = "IMiniportMidi::Init")]
    fn init(
        self: Rc<Self>,
        kernel: &Kernel,
        adapter: Option<Rc<dyn IUnknown>>,
        resources: Option<Rc<dyn IResourceList>>,
        port: Rc<dyn IPortMidi>,
    ) -> Result<Option<Rc<dyn IServiceGroup>>, NtStatus>;

    /// Does the work that the ISR has left for DISPATCH_LEVEL.
    ///
    /// The port's sink calls this in the DPC of the miniport's service group, after a
    /// [`notify`](IPortMidi::notify). All notices before the DPC begins bring exactly one call; a
    /// notice while the DPC runs brings one more call. No call follows after the port was released.
    ///
    /// IRQL: DISPATCH_LEVEL; no lock of the port is held. Never fails.
    /// Source: WDK, IMiniportMidi::Service.
    #[doc(alias = "IMiniportMidi::Service")]
    fn service(&self, kernel: &Kernel);

    /// Opens a stream on a pin. The state of the new stream is STOP.
    ///
    /// The port calls this when a client opens a pin, after the port has checked the format against
    /// the ranges of the pin. The device is in D0. `outer` is for aggregation and absent in
    /// practice; `pool` is where the driver allocates the stream. The port adds a sink to the group
    /// of the stream, if the stream comes with a group. When that group refuses the sink, the
    /// client's request fails with the status of the group, and the port releases the stream
    /// without another call.
    ///
    /// IRQL: PASSIVE_LEVEL. Limits: `pin` is less than the number of pins of the descriptor.
    /// Source: WDK, IMiniportMidi::NewStream.
    ///
    /// # Errors
    /// After a failure there is no pin, and the client's request to open it ends with the same
    /// status. Usual causes:
    /// - `STATUS_INVALID_DEVICE_REQUEST`: the pin cannot have a stream, or no further stream.
    /// - `STATUS_INSUFFICIENT_RESOURCES`: the driver got no memory.
    /// - `STATUS_INVALID_PARAMETER`: the driver does not have the format.
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

/// A stream and its service group, as [`IMiniportMidi::new_stream`] hands them out.
pub struct NewStream {
    /// The stream.
    pub stream: Rc<dyn IMiniportMidiStream>,
    /// The group whose requests the port passes to the stream. The group is absent when the stream
    /// needs no service. The port never calls Read on a capture stream without a group.
    pub service_group: Option<Rc<dyn IServiceGroup>>,
}

/// The direction in which a stream moves data.
#[doc(alias = "Capture")]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum StreamDirection {
    /// From the client to the device. The port calls Write. `Capture` is FALSE.
    Render,
    /// From the device to the client. The port calls Read. `Capture` is TRUE.
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
/// The driver implements this interface, and the port calls it. No method may wait. The port calls
/// `read` and `write` at DISPATCH_LEVEL, so they must not touch pageable code or data.
///
/// The port closes the pin when the client closes the file of the pin or of the filter, and when
/// the port itself is released, such as at a stop or the removal of the device. The port then
/// cancels the queued requests, moves the stream down to STOP, leaves the stream's group and
/// releases the stream at PASSIVE_LEVEL. No call of the stream follows. All this can happen while
/// the stream is in RUN, because a client can die at any time.
#[doc(alias = "PMINIPORTMIDISTREAM")]
pub trait IMiniportMidiStream: IUnknown {
    /// Changes the format of the stream. Only MIDI is possible, so most drivers only check the
    /// format.
    ///
    /// The port calls this for a SET of KSPROPERTY_CONNECTION_DATAFORMAT, with a format that fits
    /// the pin.
    ///
    /// IRQL: PASSIVE_LEVEL. Source: WDK, IMiniportMidiStream::SetFormat.
    ///
    /// # Errors
    /// - Any failure is the status of the request. The pin keeps the format that it had.
    #[doc(alias = "IMiniportMidiStream::SetFormat")]
    fn set_format(&self, kernel: &Kernel, format: &KsDataFormat) -> Result<(), NtStatus>;

    /// Moves the stream to a neighbouring state: STOP, ACQUIRE, PAUSE, RUN and back.
    ///
    /// The port makes one call for each state on the way to the state that the client wants. So the
    /// driver never has to skip a state. The port writes only in RUN. The port keeps captured bytes
    /// in RUN and PAUSE; in ACQUIRE and STOP, and during a reset by the client, it throws captured
    /// bytes away. On the way down from PAUSE the port cancels the queued requests before the call.
    ///
    /// IRQL: PASSIVE_LEVEL. Source: WDK, IMiniportMidiStream::SetState.
    ///
    /// # Errors
    /// - `STATUS_INVALID_DEVICE_STATE`, or another failure, on the way up: the device cannot go to
    ///   that state. The client's request ends with the status; after a sleep, when there is no
    ///   request, the trace notes the status. The stream stays in the last state that it reached,
    ///   and no call for a further state follows.
    /// - On the way down a failure is a violation. The port takes the state as reached and goes on
    ///   down.
    #[doc(alias = "IMiniportMidiStream::SetState")]
    fn set_state(&self, kernel: &Kernel, state: KsState) -> Result<(), NtStatus>;

    /// Takes captured bytes from the driver and returns their number, 0 when there are none.
    ///
    /// The port calls this in the DPC of the stream's service group, in every state, again and
    /// again until the call returns 0 or fails. After 65 536 calls in one service without a 0 the
    /// port stops, and the trace shows a violation. The returned number is at most the length of
    /// `buffer`. A greater number is a violation, and the port takes the whole buffer.
    ///
    /// IRQL: DISPATCH_LEVEL. Source: WDK, IMiniportMidiStream::Read.
    ///
    /// # Errors
    /// A failure ends the service: the port notes the status in the trace and calls no further Read
    /// until the next service. The client gets the bytes of the Reads before the failure. No
    /// request of the client fails: its read requests wait for the bytes of a later service.
    /// `Assumed:` no page says whether the client learns of the failure, and a device that failed
    /// once can still have bytes later.
    /// - `STATUS_INVALID_DEVICE_REQUEST`: the stream is a render stream.
    #[doc(alias = "IMiniportMidiStream::Read")]
    fn read(&self, kernel: &Kernel, buffer: &mut [u8]) -> Result<u32, NtStatus>;

    /// Writes MIDI bytes to the device and returns how many bytes the device took, 0 when the
    /// device is busy.
    ///
    /// The port calls this in RUN, when the bytes are due. The returned number is the length of
    /// `data`, a smaller multiple of 4, or 0. When the device took a part, the port offers the rest
    /// at once. After 0 the port offers the same bytes again 1 ms later. The port offers them
    /// earlier if the stream's group is served before that, or if a request comes or is cancelled.
    /// A number greater than the length of `data` is a violation, and the port takes all bytes as
    /// written.
    ///
    /// The client's request can end inside the call: the client cancels it, or the stream goes
    /// down. Then the port ignores the result of the call, except a number that is too great, and
    /// offers nothing more of that request.
    ///
    /// The driver must tell a busy device from a dead device and must not return 0 for ever. 10 000
    /// answers of 0 in a row are a violation, and the port ends the request with
    /// `STATUS_IO_DEVICE_ERROR`.
    ///
    /// IRQL: DISPATCH_LEVEL. Source: WDK, IMiniportMidiStream::Write.
    ///
    /// # Errors
    /// The status completes the client's request that the bytes came from, and the port offers
    /// nothing more of that request. The pin stays open, and the next request is served.
    /// - `STATUS_IO_DEVICE_ERROR`: the device is dead.
    /// - `STATUS_INVALID_DEVICE_REQUEST`: the stream is a capture stream.
    #[doc(alias = "IMiniportMidiStream::Write")]
    fn write(&self, kernel: &Kernel, data: &[u8]) -> Result<u32, NtStatus>;
}

//! DirectMusic: the port, the miniport, and the sinks of events.

use std::rc::Rc;

use portcls_emulator::{Kernel, NtStatus, PoolType};

use super::{IMiniport, IPort, IResourceList, IServiceGroup};
use crate::com::IUnknown;
use crate::dmus_event::{DmusKernelEvent, EventBuffer, EventChain, INLINE_LIMIT};
use crate::ks::{KsDataFormat, KsState};

/// The interface of the DirectMusic port for its miniport.
///
/// The port implements this interface, and the miniport calls it. The object also has `IPortMidi`,
/// whether the driver asked for a DirectMusic port or for a MIDI port. Source: WDK, MIDI and
/// DirectMusic filters, which says that this is so since Windows XP.
#[doc(alias = "PPORTDMUS")]
pub trait IPortDMus: IPort {
    /// Tells the port that the hardware wants service.
    ///
    /// With a group, the port queues that group's DPC. Without a group, the port queues the DPCs of
    /// the miniport's group and of the groups of all streams. In the DPC of a capture stream's
    /// group, the port calls the stream's [`put_message`](IMxf::put_message) with `None` in place
    /// of events: exactly once for all notices before the DPC.
    ///
    /// IRQL: any. The ISR makes this call after it has removed the cause of the interrupt. Never
    /// fails. Source: WDK, IPortDMus::Notify.
    #[doc(alias = "IPortDMus::Notify")]
    fn notify(&self, kernel: &Kernel, group: Option<&Rc<dyn IServiceGroup>>);

    /// Makes the miniport's group known to the port before `Init` has returned it.
    ///
    /// The miniport calls this from its `Init`, before the device can interrupt. So the port's own
    /// sink is a member of the group before the first notice.
    ///
    /// IRQL: PASSIVE_LEVEL. Never fails; when the group refuses the sink, the trace says so.
    /// Source: WDK, IPortDMus::RegisterServiceGroup.
    #[doc(alias = "IPortDMus::RegisterServiceGroup")]
    fn register_service_group(&self, kernel: &Kernel, group: Rc<dyn IServiceGroup>);
}

/// A DirectMusic miniport driver.
///
/// The driver implements this interface, and the port calls it. The methods stand in the order of
/// the header. The header does not have [`inline_limit`](Self::inline_limit).
#[doc(alias = "PMINIPORTDMUS")]
pub trait IMiniportDMus: IMiniport {
    /// Starts the hardware and returns the miniport's service group.
    ///
    /// The port calls this once, from `IPort::Init`. The driver has the same duties as in
    /// [`IMiniportMidi::init`](super::IMiniportMidi::init), also before it returns a failure.
    ///
    /// IRQL: PASSIVE_LEVEL. Source: WDK, IMiniportDMus::Init.
    ///
    /// # Errors
    /// After a failure `IPort::Init` fails with the same status, and no other call of the miniport
    /// follows. Usual causes:
    /// - `STATUS_DEVICE_CONFIGURATION_ERROR`: the resources do not fit.
    /// - `STATUS_INSUFFICIENT_RESOURCES`: the driver got no memory or no interrupt.
    /// - `STATUS_IO_DEVICE_ERROR`: the device does not answer.
    #[doc(alias = "IMiniportDMus::Init")]
    fn init(
        self: Rc<Self>,
        kernel: &Kernel,
        adapter: Option<Rc<dyn IUnknown>>,
        resources: Option<Rc<dyn IResourceList>>,
        port: Rc<dyn IPortDMus>,
    ) -> Result<Option<Rc<dyn IServiceGroup>>, NtStatus>;

    /// The port never calls this method. Instead the port calls a capture stream's
    /// [`put_message`](IMxf::put_message), with `None` in place of events.
    ///
    /// IRQL: DISPATCH_LEVEL. Never fails. Source: WDK, IMiniportDMus::Service.
    #[doc(alias = "IMiniportDMus::Service")]
    fn service(&self, kernel: &Kernel);

    /// Opens a stream on a pin. The state of the new stream is STOP.
    ///
    /// The port calls this when a client opens a pin, after the port has checked the format against
    /// the ranges of the pin. The device is in D0. `outer` is for aggregation and absent in
    /// practice; `pool` is the pool in which the driver allocates the stream. When this method has
    /// succeeded, the port calls [`connect_output`](IMxf::connect_output) of a capture stream.
    /// After that the port adds a sink to the group of the stream, if the stream comes with a
    /// group. When that group refuses the sink, the client's request fails with the group's status.
    /// Then the port disconnects the stream, if it is a capture stream, and releases the stream.
    ///
    /// IRQL: PASSIVE_LEVEL. Limits: `pin` is less than the number of pins of the descriptor.
    /// Source: WDK, IMiniportDMus::NewStream.
    ///
    /// # Errors
    /// After a failure there is no pin, and the client's request to open it ends with the same
    /// status. Usual causes:
    /// - `STATUS_INVALID_DEVICE_REQUEST`: a wrong pin, or no further stream is possible.
    /// - `STATUS_INSUFFICIENT_RESOURCES`: the driver got no memory.
    /// - `STATUS_INVALID_PARAMETER`: a type or a format that the driver does not have.
    #[doc(alias = "IMiniportDMus::NewStream")]
    fn new_stream(
        self: Rc<Self>,
        kernel: &Kernel,
        outer: Option<Rc<dyn IUnknown>>,
        pool: PoolType,
        request: &DmusStreamRequest<'_>,
    ) -> Result<NewDmusStream, NtStatus>;

    /// How many bytes an event for this driver can hold by itself. The number is the size of the
    /// driver's pointers: 8, or 4 for a driver that was compiled for 32 bits. The number never
    /// changes.
    ///
    /// The header has no such method, because there the driver's compiler sets the size.
    fn inline_limit(&self) -> u8 {
        INLINE_LIMIT
    }
}

/// The stream that the port wants from [`IMiniportDMus::new_stream`], and the objects that the port
/// lends to the stream.
pub struct DmusStreamRequest<'a> {
    /// The pin.
    pub pin: u32,
    /// Which way events go.
    pub stream_type: DmusStreamType,
    /// The format, which fits the pin.
    pub format: &'a KsDataFormat,
    /// The allocator from which the stream gets its events. The stream gives each event back to the
    /// allocator. The allocator lives until the stream is released.
    pub allocator: &'a Rc<dyn IAllocatorMxf>,
    /// The clock for the times of all events. The clock lives until the port is released. So a
    /// driver need not count its reference to the clock. The published sample does not count this
    /// reference.
    pub clock: &'a Rc<dyn IMasterClock>,
}

/// The result of [`IMiniportDMus::new_stream`].
pub struct NewDmusStream {
    /// The stream.
    pub stream: Rc<dyn IMxf>,
    /// The service group of the stream, absent when the stream needs no service.
    pub service_group: Option<Rc<dyn IServiceGroup>>,
    /// How long before the due time of an event the stream wants the event, in 100 ns. With 0 the
    /// port puts an event when the event is due. With a very large number, the port puts the event
    /// at once.
    #[doc(alias = "SchedulePreFetch")]
    pub schedule_pre_fetch_100ns: u64,
}

/// Which way the events of a stream go. Source: WDK dmusicks.h.
#[doc(alias = "DMUS_STREAM_TYPE")]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(i32)]
pub enum DmusStreamType {
    /// From the client to the device.
    #[doc(alias = "DMUS_STREAM_MIDI_RENDER")]
    Render = 0,
    /// From the device to the client.
    #[doc(alias = "DMUS_STREAM_MIDI_CAPTURE")]
    Capture = 1,
    /// Waves that a software synthesizer makes.
    #[doc(alias = "DMUS_STREAM_WAVE_SINK")]
    WaveSink = 2,
}

impl DmusStreamType {
    /// The member with a number of the header; `None` when there is none.
    #[must_use]
    pub const fn from_number(number: u32) -> Option<DmusStreamType> {
        match number {
            0 => Some(DmusStreamType::Render),
            1 => Some(DmusStreamType::Capture),
            2 => Some(DmusStreamType::WaveSink),
            _ => None,
        }
    }
}

/// A sink of events: a stream of a DirectMusic miniport, an allocator, or a part of the port.
///
/// Ports and drivers implement this interface, and both call it. No method may wait.
#[doc(alias = "PMXF")]
pub trait IMxf: IUnknown {
    /// Moves the stream to a neighbouring state: STOP, ACQUIRE, PAUSE, RUN and back.
    ///
    /// The port calls this once for each state on the way from the present state to the state that
    /// a client wants. A render stream keeps its events outside RUN, and gives them back to the
    /// allocator in STOP. A capture stream sends events on in RUN and PAUSE, and throws its data
    /// away in the other states. On the way down, the port's sequencer returns its own events to
    /// the allocator before the port calls this for ACQUIRE. An allocator answers success and does
    /// nothing.
    ///
    /// IRQL: PASSIVE_LEVEL. Source: WDK, IMXF::SetState.
    ///
    /// # Errors
    /// - On the way up, any failure, such as `STATUS_INVALID_DEVICE_STATE`: the stream stays in its
    ///   state, and the client's request ends with the same status. After a sleep there is no
    ///   request, and the trace notes the status.
    /// - On the way down, any failure is a violation, and the port then goes on as if the call had
    ///   succeeded.
    #[doc(alias = "IMXF::SetState")]
    fn set_state(&self, kernel: &Kernel, state: KsState) -> Result<(), NtStatus>;

    /// Hands over events. From now on the whole chain belongs to the sink, also after a failure.
    ///
    /// Each sink must put its events to the next sink, so that every event reaches its allocator in
    /// the end. The allocator frees the event, and its buffer or the events of its package. A chain
    /// is never empty. `None` is a null pointer. By `None` the port tells a capture stream to send
    /// on what the ISR stored. The port never passes `None` to a render stream. An allocator and
    /// the port's own sink do nothing with `None`.
    ///
    /// The port calls this on a render stream in RUN when an event is due, or earlier by the time
    /// that the stream asked for. Each of these calls has one event. On a capture stream the port
    /// calls this in the DPC of the stream's group, in any state.
    ///
    /// IRQL: DISPATCH_LEVEL. An allocator and the port's own sink may be called up to
    /// DISPATCH_LEVEL.
    /// Source: WDK, IMXF::PutMessage. Assumed: the port puts one event in each call, although the
    /// page allows a chain.
    ///
    /// # Errors
    /// - Any failure of a render stream: the port goes on with the next events. After the last
    ///   event of the client's request, the request ends with the status of the first failure.
    /// - Any failure of a capture stream is in the trace and has no other effect.
    #[doc(alias = "IMXF::PutMessage")]
    fn put_message(&self, kernel: &Kernel, events: Option<EventChain>) -> Result<(), NtStatus>;

    /// Connects a capture stream to a sink: from now on the stream puts its events to the sink.
    /// Before this call, the stream puts its events to the allocator.
    ///
    /// The port calls this once, right after NewStream, on capture streams only. An allocator
    /// answers success and does nothing.
    ///
    /// IRQL: PASSIVE_LEVEL. Source: WDK, IMXF::ConnectOutput. Assumed: the port makes the call
    /// right after NewStream.
    ///
    /// # Errors
    /// - Any failure, such as `STATUS_UNSUCCESSFUL` when the stream has an output or is for
    ///   rendering: the port releases the stream without another call, and the client's request to
    ///   open the pin ends with the same status.
    #[doc(alias = "IMXF::ConnectOutput")]
    fn connect_output(&self, kernel: &Kernel, sink: Rc<dyn IMxf>) -> Result<(), NtStatus>;

    /// Sends the output of a capture stream to the allocator again.
    ///
    /// The port calls this once on each stream that it has connected, with the sink that it gave to
    /// [`connect_output`](Self::connect_output). The port makes the call in STOP, before it leaves
    /// the stream's group and releases the stream. `None` means any sink. The port never passes
    /// `None`.
    ///
    /// IRQL: PASSIVE_LEVEL. Source: WDK, IMXF::DisconnectOutput.
    ///
    /// # Errors
    /// - Any failure, such as `STATUS_UNSUCCESSFUL` when the output is another sink: the trace has
    ///   the failure, and the port still releases the stream.
    #[doc(alias = "IMXF::DisconnectOutput")]
    fn disconnect_output(
        &self,
        kernel: &Kernel,
        sink: Option<&Rc<dyn IMxf>>,
    ) -> Result<(), NtStatus>;
}

/// An allocator of events, which is also the last sink of each event.
///
/// The port implements this interface, and the miniport calls it. When the miniport puts an event
/// to the allocator, the allocator frees the event, and its buffer or all events of its package. An
/// event or a buffer of another allocator is a violation (`event-foreign`, `event-data-foreign`)
/// and is lost.
///
/// `Assumed:` each stream has its own allocator. When a stream is released and some of its events
/// or buffers are not back, the stream has lost them: a violation (`events-outstanding`).
#[doc(alias = "PAllocatorMXF")]
pub trait IAllocatorMxf: IMxf {
    /// Hands out an event that is all zero. The caller owns the event.
    ///
    /// IRQL: up to DISPATCH_LEVEL. Limits: 250 000 events of one allocator.
    /// Source: WDK, IAllocatorMXF::GetMessage. Assumed: the limit.
    ///
    /// # Errors
    /// - `STATUS_INSUFFICIENT_RESOURCES`: the limit is reached, or an oracle refuses the memory by
    ///   which the pool would grow.
    #[doc(alias = "IAllocatorMXF::GetMessage")]
    fn get_message(&self, kernel: &Kernel) -> Result<DmusKernelEvent, NtStatus>;

    /// How many bytes a buffer has room for: the number is the same for all buffers, at any time.
    ///
    /// IRQL: any. Never fails. Source: WDK, IAllocatorMXF::GetBufferSize.
    #[doc(alias = "IAllocatorMXF::GetBufferSize")]
    fn get_buffer_size(&self) -> u16;

    /// Hands out a buffer for the data of an event that cannot hold them by itself.
    ///
    /// The driver gives the buffer back with its event, or alone by
    /// [`put_buffer`](Self::put_buffer).
    ///
    /// IRQL: up to DISPATCH_LEVEL. Limits: 16 384 buffers of one allocator.
    /// Source: WDK, IAllocatorMXF::GetBuffer. Assumed: the limit.
    ///
    /// # Errors
    /// - `STATUS_INSUFFICIENT_RESOURCES`: the limit is reached, or an oracle refuses the memory for
    ///   another buffer.
    #[doc(alias = "IAllocatorMXF::GetBuffer")]
    fn get_buffer(&self, kernel: &Kernel) -> Result<EventBuffer, NtStatus>;

    /// Takes back a buffer that has no event. The page says that this method is not used.
    ///
    /// IRQL: up to DISPATCH_LEVEL. Source: WDK, IAllocatorMXF::PutBuffer.
    ///
    /// # Errors
    /// - `STATUS_INVALID_PARAMETER`: the buffer belongs to another allocator. This is also a
    ///   violation (`event-data-foreign`). Assumed: this status, because the page names none.
    #[doc(alias = "IAllocatorMXF::PutBuffer")]
    fn put_buffer(&self, kernel: &Kernel, buffer: EventBuffer) -> Result<(), NtStatus>;
}

/// The clock for the times of all events.
///
/// The port implements this interface, and the miniport calls it. The clock wraps the system clock:
/// it runs at a constant rate and never pauses, not even while the device sleeps. All streams of a
/// port have the same clock. The header gives the interface no identifier, so a driver cannot query
/// for it.
///
/// Source: WDK, Latency Clocks; dmusicks.h.
#[doc(alias = "PMASTERCLOCK")]
pub trait IMasterClock: IUnknown {
    /// The time now in 100 ns since 1601, as the system time.
    ///
    /// KSPROPERTY_SYNTH_MASTERCLOCK of the filter answers the same time.
    ///
    /// IRQL: any. Source: WDK, IMasterClock::GetTime. Assumed: the year in which the time begins.
    ///
    /// # Errors
    /// This method has no errors. The method returns a status because the header has a status.
    #[doc(alias = "IMasterClock::GetTime")]
    fn get_time(&self, kernel: &Kernel) -> Result<i64, NtStatus>;
}

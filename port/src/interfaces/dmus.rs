//! DirectMusic: the port, the miniport, and the sinks that events go through.

use std::rc::Rc;

use portcls_emulator::{Kernel, NtStatus, PoolType};

use super::{IMiniport, IPort, IResourceList, IServiceGroup};
use crate::com::IUnknown;
use crate::dmus_event::{DmusKernelEvent, EventBuffer, EventChain, INLINE_LIMIT};
use crate::ks::{KsDataFormat, KsState};

/// The DirectMusic port, as its miniports know it.
///
/// Implemented by the port, called by the miniport. One object is this and the MIDI port at once,
/// for both classes. Source: WDK, MIDI and DirectMusic filters: since Windows XP.
#[doc(alias = "PPORTDMUS")]
pub trait IPortDMus: IPort {
    /// Tells the port that the hardware wants service.
    ///
    /// With a group, that group's DPC is queued. Without one, the miniport's group and the groups
    /// of all streams are asked. A capture stream is then given
    /// [`put_message`](IMxf::put_message) without events, in the DPC of its group.
    ///
    /// IRQL: any; usually called by the ISR, after the interrupt's cause was taken away.
    /// Never fails. Source: WDK, IPortDMus::Notify.
    #[doc(alias = "IPortDMus::Notify")]
    fn notify(&self, kernel: &Kernel, group: Option<&Rc<dyn IServiceGroup>>);

    /// Makes the miniport's group known to the port before `Init` has returned it.
    ///
    /// The miniport calls this from its `Init`, before the device can interrupt, so that the
    /// port's own sink is a member of the group when the first request comes.
    ///
    /// IRQL: PASSIVE_LEVEL. Never fails. Source: WDK, IPortDMus::RegisterServiceGroup.
    #[doc(alias = "IPortDMus::RegisterServiceGroup")]
    fn register_service_group(&self, kernel: &Kernel, group: Rc<dyn IServiceGroup>);
}

/// A DirectMusic miniport driver.
///
/// Implemented by the driver, called by the port. The methods stand in the order of the header;
/// [`inline_limit`](Self::inline_limit) is none of them.
#[doc(alias = "PMINIPORTDMUS")]
pub trait IMiniportDMus: IMiniport {
    /// Starts the hardware and hands out the miniport's service group.
    ///
    /// As [`IMiniportMidi::init`](super::IMiniportMidi::init), but for the port.
    ///
    /// IRQL: PASSIVE_LEVEL. Source: WDK, IMiniportDMus::Init.
    ///
    /// # Errors
    /// - `STATUS_DEVICE_CONFIGURATION_ERROR` when the resources do not fit;
    /// - `STATUS_INSUFFICIENT_RESOURCES`;
    /// - `STATUS_IO_DEVICE_ERROR` when the device does not answer.
    #[doc(alias = "IMiniportDMus::Init")]
    fn init(
        self: Rc<Self>,
        kernel: &Kernel,
        adapter: Option<Rc<dyn IUnknown>>,
        resources: Rc<dyn IResourceList>,
        port: Rc<dyn IPortDMus>,
    ) -> Result<Option<Rc<dyn IServiceGroup>>, NtStatus>;

    /// Not used: the port never calls it. Service comes to the stream, by
    /// [`put_message`](IMxf::put_message) without events.
    ///
    /// IRQL: DISPATCH_LEVEL. Never fails. Source: WDK, IMiniportDMus::Service.
    #[doc(alias = "IMiniportDMus::Service")]
    fn service(&self, kernel: &Kernel);

    /// Opens a stream on a pin; its state is STOP.
    ///
    /// Called when a client opens a pin, after the format was checked against the ranges of the
    /// pin. The device is in D0. `outer` is for aggregation and absent in practice; `pool` is
    /// where the driver allocates the stream. The port adds its sink to the group that comes with
    /// the stream, if there is one; then it connects a capture stream to its own sink, by
    /// [`connect_output`](IMxf::connect_output).
    ///
    /// IRQL: PASSIVE_LEVEL. Limits: `pin` is less than the number of pins of the descriptor.
    /// Source: WDK, IMiniportDMus::NewStream.
    ///
    /// # Errors
    /// - `STATUS_INVALID_DEVICE_REQUEST` for a wrong pin or when no further stream is possible;
    /// - `STATUS_INSUFFICIENT_RESOURCES`;
    /// - `STATUS_INVALID_PARAMETER` for a type or format it cannot do.
    #[doc(alias = "IMiniportDMus::NewStream")]
    fn new_stream(
        self: Rc<Self>,
        kernel: &Kernel,
        outer: Option<Rc<dyn IUnknown>>,
        pool: PoolType,
        request: &DmusStreamRequest<'_>,
    ) -> Result<NewDmusStream, NtStatus>;

    /// The most bytes that an event holds by itself for this driver, which is the size of its
    /// pointers: 8, or 4 for one that was compiled for 32 bits.
    ///
    /// No method of the header, where the compiler of the driver says it. It never changes.
    fn inline_limit(&self) -> u8 {
        INLINE_LIMIT
    }
}

/// What [`IMiniportDMus::new_stream`] is asked for, and what it is lent.
pub struct DmusStreamRequest<'a> {
    /// Which pin.
    pub pin: u32,
    /// Which way events go.
    pub stream_type: DmusStreamType,
    /// The format, which fits the pin.
    pub format: &'a KsDataFormat,
    /// Where the stream gets its events, and where each ends. It lives as long as the stream.
    pub allocator: &'a Rc<dyn IAllocatorMxf>,
    /// The time of all events. It lives as long as the port, also when the driver does not count
    /// its reference, as the published sample does not.
    pub clock: &'a Rc<dyn IMasterClock>,
}

/// What [`IMiniportDMus::new_stream`] hands out.
pub struct NewDmusStream {
    /// The stream.
    pub stream: Rc<dyn IMxf>,
    /// The group whose requests the stream's pin wants, absent when it needs no service.
    pub service_group: Option<Rc<dyn IServiceGroup>>,
    /// How long before it is due the stream wants an event, in 100 ns; 0 is when it is due. A very
    /// large number is as soon as it is there.
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
    /// Waves out of a software synthesizer.
    #[doc(alias = "DMUS_STREAM_WAVE_SINK")]
    WaveSink = 2,
}

/// A sink of events: a stream of a DirectMusic miniport, an allocator, or a part of the port.
///
/// Implemented and called by both sides. No method may wait.
#[doc(alias = "PMXF")]
pub trait IMxf: IUnknown {
    /// Moves the stream to a neighbouring state: STOP, ACQUIRE, PAUSE, RUN and back.
    ///
    /// Called by the port, which walks through the states between. A render stream keeps events
    /// outside RUN, and in STOP gives them back to the allocator; a capture stream sends events on
    /// in RUN and PAUSE, and in the other states throws away what it has. An allocator answers
    /// success and does nothing.
    ///
    /// IRQL: PASSIVE_LEVEL. Source: WDK, IMXF::SetState.
    ///
    /// # Errors
    /// On the way up, what hinders the device, such as `STATUS_INVALID_DEVICE_STATE`; the stream
    /// stays in the state it was in. The way down must not fail.
    #[doc(alias = "IMXF::SetState")]
    fn set_state(&self, kernel: &Kernel, state: KsState) -> Result<(), NtStatus>;

    /// Hands over events: the whole chain belongs to the sink now, whatever it answers.
    ///
    /// Every event has to reach its allocator in the end, and to put it there frees it, with its
    /// buffer or the events of its package. No chain at all is the port's word to a capture stream
    /// that it may send on what its ISR stored; a render stream is never given it, and an
    /// allocator takes it for nothing. A chain is never empty.
    ///
    /// IRQL: DISPATCH_LEVEL; at the allocator up to that. Source: WDK, IMXF::PutMessage.
    ///
    /// # Errors
    /// What went wrong; the port goes on with the next events.
    #[doc(alias = "IMXF::PutMessage")]
    fn put_message(&self, kernel: &Kernel, events: Option<EventChain>) -> Result<(), NtStatus>;

    /// Sends the output of a capture stream to this sink; until then it goes to the allocator.
    ///
    /// Called by the port once, before the stream leaves STOP, and on capture streams only. An
    /// allocator answers success and does nothing.
    ///
    /// IRQL: PASSIVE_LEVEL. Source: WDK, IMXF::ConnectOutput. Assumed: the order of the calls.
    ///
    /// # Errors
    /// `STATUS_UNSUCCESSFUL` when the stream has an output, or is for rendering.
    #[doc(alias = "IMXF::ConnectOutput")]
    fn connect_output(&self, kernel: &Kernel, sink: Rc<dyn IMxf>) -> Result<(), NtStatus>;

    /// Sends the output to the allocator again.
    ///
    /// Called by the port before it releases a stream that it has connected, with the same sink. A
    /// null sink, which only a driver passes, means any.
    ///
    /// IRQL: PASSIVE_LEVEL. Source: WDK, IMXF::DisconnectOutput.
    ///
    /// # Errors
    /// `STATUS_UNSUCCESSFUL` when the output is another sink, or the stream is for rendering.
    #[doc(alias = "IMXF::DisconnectOutput")]
    fn disconnect_output(
        &self,
        kernel: &Kernel,
        sink: Option<&Rc<dyn IMxf>>,
    ) -> Result<(), NtStatus>;
}

/// An allocator of events, which is also where each of them ends.
///
/// Implemented by the port, called by the miniport. To put an event to it frees the event; where
/// that holds a buffer, the buffer too; and where it is a package, all events in it.
///
/// `Assumed:` one for each stream, so that events which are not back when the stream closes are
/// that stream's. They break the rule `events-outstanding`.
#[doc(alias = "PAllocatorMXF")]
pub trait IAllocatorMxf: IMxf {
    /// Hands out an event that is all zero.
    ///
    /// IRQL: up to DISPATCH_LEVEL. Source: WDK, IAllocatorMXF::GetMessage.
    ///
    /// # Errors
    /// `STATUS_INSUFFICIENT_RESOURCES` when the pool is empty and cannot grow.
    #[doc(alias = "IAllocatorMXF::GetMessage")]
    fn get_message(&self, kernel: &Kernel) -> Result<DmusKernelEvent, NtStatus>;

    /// How many bytes a buffer has room for; always the same.
    ///
    /// IRQL: any. Never fails. Source: WDK, IAllocatorMXF::GetBufferSize.
    #[doc(alias = "IAllocatorMXF::GetBufferSize")]
    fn get_buffer_size(&self) -> u16;

    /// Hands out a buffer for the data of an event that cannot hold them by itself.
    ///
    /// It goes back with its event, or alone by [`put_buffer`](Self::put_buffer).
    ///
    /// IRQL: up to DISPATCH_LEVEL. Source: WDK, IAllocatorMXF::GetBuffer.
    ///
    /// # Errors
    /// `STATUS_INSUFFICIENT_RESOURCES` when the pool is empty and cannot grow.
    #[doc(alias = "IAllocatorMXF::GetBuffer")]
    fn get_buffer(&self, kernel: &Kernel) -> Result<EventBuffer, NtStatus>;

    /// Takes back a buffer that has no event. Documented as not used.
    ///
    /// IRQL: up to DISPATCH_LEVEL. Source: WDK, IAllocatorMXF::PutBuffer.
    ///
    /// # Errors
    /// `STATUS_INVALID_PARAMETER` for a buffer of another allocator (`Assumed:` the page is
    /// silent), which also breaks the rule `event-data-foreign`.
    #[doc(alias = "IAllocatorMXF::PutBuffer")]
    fn put_buffer(&self, kernel: &Kernel, buffer: EventBuffer) -> Result<(), NtStatus>;
}

/// The clock that the times of all events are meant by.
///
/// Implemented by the port, called by the miniport. It wraps the clock of the system: it runs at a
/// constant rate, never pauses, not even while the device sleeps, and is the same for every stream
/// of a port. The header gives it no identifier, so no object can be asked for it.
///
/// Source: WDK, Latency Clocks; dmusicks.h.
#[doc(alias = "PMASTERCLOCK")]
pub trait IMasterClock: IUnknown {
    /// The time in 100 ns.
    ///
    /// IRQL: any. Source: WDK, IMasterClock::GetTime.
    ///
    /// # Errors
    /// None of the port's own clock.
    #[doc(alias = "IMasterClock::GetTime")]
    fn get_time(&self, kernel: &Kernel) -> Result<i64, NtStatus>;
}

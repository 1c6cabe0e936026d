//! DirectMusic: the port, the miniport, and the sinks that events go through.

use std::rc::Rc;

use portcls_emulator::{Kernel, NtStatus, PoolType};

use super::{IMiniport, IPort, IResourceList, IServiceGroup};
use crate::com::IUnknown;
use crate::dmus_event::{DmusKernelEvent, EventBuffer, EventChain, INLINE_LIMIT};
use crate::ks::{KsDataFormat, KsState};

/// The DirectMusic port, as its miniports know it.
///
/// The port implements it, and the miniport calls it. One object is this and the MIDI port at
/// once, whichever class it was made for. Source: WDK, MIDI and DirectMusic filters: since
/// Windows XP.
#[doc(alias = "PPORTDMUS")]
pub trait IPortDMus: IPort {
    /// Tells the port that the hardware wants service.
    ///
    /// With a group, the port queues that group's DPC. Without one, it does so for the miniport's
    /// group and for the groups of all streams. In that DPC a capture stream is called by
    /// [`put_message`](IMxf::put_message) without events: all notices before the DPC has run bring
    /// exactly one such call.
    ///
    /// IRQL: any; the ISR calls it after it has taken away the interrupt's cause.
    /// Never fails. Source: WDK, IPortDMus::Notify.
    #[doc(alias = "IPortDMus::Notify")]
    fn notify(&self, kernel: &Kernel, group: Option<&Rc<dyn IServiceGroup>>);

    /// Makes the miniport's group known to the port before `Init` has returned it.
    ///
    /// The miniport calls this from its `Init`, before the device can interrupt. The port's own
    /// sink is then a member of the group when the first notice comes.
    ///
    /// IRQL: PASSIVE_LEVEL. Never fails; when the group refuses the sink, the trace says so.
    /// Source: WDK, IPortDMus::RegisterServiceGroup.
    #[doc(alias = "IPortDMus::RegisterServiceGroup")]
    fn register_service_group(&self, kernel: &Kernel, group: Rc<dyn IServiceGroup>);
}

/// A DirectMusic miniport driver.
///
/// The driver implements it, and the port calls it. The methods stand in the order of the header;
/// [`inline_limit`](Self::inline_limit) is none of them.
#[doc(alias = "PMINIPORTDMUS")]
pub trait IMiniportDMus: IMiniport {
    /// Starts the hardware and hands out the miniport's service group.
    ///
    /// The port calls this once, from `IPort::Init`. What the driver does here, and what it cleans
    /// up when it fails, is as in [`IMiniportMidi::init`](super::IMiniportMidi::init).
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

    /// Is not used: the port never calls it. A capture stream is served by
    /// [`put_message`](IMxf::put_message) without events instead.
    ///
    /// IRQL: DISPATCH_LEVEL. Never fails. Source: WDK, IMiniportDMus::Service.
    #[doc(alias = "IMiniportDMus::Service")]
    fn service(&self, kernel: &Kernel);

    /// Opens a stream on a pin; its state is STOP.
    ///
    /// The port calls this when a client opens a pin, after it has checked the format against the
    /// ranges of the pin. The device is in D0. `outer` is for aggregation and absent in practice;
    /// `pool` is where the driver allocates the stream. What follows, in this order: the port calls
    /// [`connect_output`](IMxf::connect_output) of a capture stream, and adds a sink to the group
    /// that comes with the stream, if there is one. When that group refuses the sink, the client's
    /// request fails with its status, and the port disconnects and releases the stream.
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
    /// The time of all events. It lives as long as the port, even when the driver does not count
    /// its reference; the published sample does not count it.
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
/// Both sides implement it, and both call it. No method may wait.
#[doc(alias = "PMXF")]
pub trait IMxf: IUnknown {
    /// Moves the stream to a neighbouring state: STOP, ACQUIRE, PAUSE, RUN and back.
    ///
    /// The port calls this, and walks through the states between the one that a client wants and
    /// the present one. A render stream keeps events outside RUN, and in STOP gives them back to
    /// the allocator; a capture stream sends events on in RUN and PAUSE, and in the other states
    /// throws away what it has. What the port's sequencer still holds it gives back itself, before
    /// it calls this for ACQUIRE on the way down. An allocator answers success and does nothing.
    ///
    /// IRQL: PASSIVE_LEVEL. Source: WDK, IMXF::SetState.
    ///
    /// # Errors
    /// - On the way up, any failure, such as `STATUS_INVALID_DEVICE_STATE`: the stream stays in the
    ///   state it was in, and the client's request ends with the same status.
    /// - On the way down, any failure is a violation, and the port goes on as if there was none.
    #[doc(alias = "IMXF::SetState")]
    fn set_state(&self, kernel: &Kernel, state: KsState) -> Result<(), NtStatus>;

    /// Hands over events: the whole chain belongs to the sink now, whatever it answers.
    ///
    /// Every event has to reach its allocator in the end. To put it there frees it, and with it its
    /// buffer or the events of its package. A chain is never empty. `None` is a null pointer: with
    /// it the port tells a capture stream to send on what its ISR stored. The port never passes
    /// `None` to a render stream; an allocator and the port's own sink do nothing with it.
    ///
    /// The port calls this on a render stream when an event is due, or as much earlier as the
    /// stream wants it, in RUN only and with one event a call. On a capture stream it calls this in
    /// the DPC of the stream's group, in any state.
    ///
    /// IRQL: DISPATCH_LEVEL; on an allocator and on the port's own sink at most that.
    /// Source: WDK, IMXF::PutMessage. Assumed: one event a call, where the page allows a chain.
    ///
    /// # Errors
    /// - Any failure of a render stream: the port goes on with the next events. When the last event
    ///   of the client's request was put, the request ends with the first such status.
    /// - Any failure of a capture stream is in the trace and has no other effect.
    #[doc(alias = "IMXF::PutMessage")]
    fn put_message(&self, kernel: &Kernel, events: Option<EventChain>) -> Result<(), NtStatus>;

    /// Sends the output of a capture stream to this sink from now on; until then the output goes
    /// to the allocator.
    ///
    /// The port calls this once, right after NewStream, on capture streams only. An allocator
    /// answers success and does nothing.
    ///
    /// IRQL: PASSIVE_LEVEL. Source: WDK, IMXF::ConnectOutput. Assumed: when the port calls it.
    ///
    /// # Errors
    /// - Any failure, such as `STATUS_UNSUCCESSFUL` when the stream has an output or is for
    ///   rendering: the port releases the stream without another call, and the client's request to
    ///   open the pin ends with the same status.
    #[doc(alias = "IMXF::ConnectOutput")]
    fn connect_output(&self, kernel: &Kernel, sink: Rc<dyn IMxf>) -> Result<(), NtStatus>;

    /// Sends the output of a capture stream to the allocator again.
    ///
    /// The port calls this once on a stream that it has connected, with the same sink, in STOP and
    /// before it leaves the stream's group and releases the stream. A null sink means any; the port
    /// never passes one.
    ///
    /// IRQL: PASSIVE_LEVEL. Source: WDK, IMXF::DisconnectOutput.
    ///
    /// # Errors
    /// - Any failure, such as `STATUS_UNSUCCESSFUL` when the output is another sink: the trace has
    ///   the failure, and the port releases the stream all the same.
    #[doc(alias = "IMXF::DisconnectOutput")]
    fn disconnect_output(
        &self,
        kernel: &Kernel,
        sink: Option<&Rc<dyn IMxf>>,
    ) -> Result<(), NtStatus>;
}

/// An allocator of events, which is also where each of them ends.
///
/// The port implements it, and the miniport calls it. To put an event to it frees the event; with
/// the event its buffer, or all events of its package. An event of another allocator is a violation
/// (`event-foreign`, `event-data-foreign`) and is lost.
///
/// `Assumed:` there is one for each stream, so that events which are not back when the stream is
/// released are that stream's: a violation (`events-outstanding`).
#[doc(alias = "PAllocatorMXF")]
pub trait IAllocatorMxf: IMxf {
    /// Hands out an event that is all zero; the caller owns it.
    ///
    /// IRQL: up to DISPATCH_LEVEL. Limits: 250 000 events of one allocator.
    /// Source: WDK, IAllocatorMXF::GetMessage. Assumed: the limit.
    ///
    /// # Errors
    /// - `STATUS_INSUFFICIENT_RESOURCES`: the limit is reached, or an oracle refuses the memory by
    ///   which the pool would grow.
    #[doc(alias = "IAllocatorMXF::GetMessage")]
    fn get_message(&self, kernel: &Kernel) -> Result<DmusKernelEvent, NtStatus>;

    /// How many bytes a buffer has room for; always the same.
    ///
    /// IRQL: any. Never fails. Source: WDK, IAllocatorMXF::GetBufferSize.
    #[doc(alias = "IAllocatorMXF::GetBufferSize")]
    fn get_buffer_size(&self) -> u16;

    /// Hands out a buffer for the data of an event that cannot hold them by itself.
    ///
    /// The buffer goes back with its event, or alone by [`put_buffer`](Self::put_buffer).
    ///
    /// IRQL: up to DISPATCH_LEVEL. Limits: 16 384 buffers of one allocator.
    /// Source: WDK, IAllocatorMXF::GetBuffer. Assumed: the limit.
    ///
    /// # Errors
    /// - `STATUS_INSUFFICIENT_RESOURCES`: the limit is reached, or an oracle refuses the memory for
    ///   one buffer more.
    #[doc(alias = "IAllocatorMXF::GetBuffer")]
    fn get_buffer(&self, kernel: &Kernel) -> Result<EventBuffer, NtStatus>;

    /// Takes back a buffer that has no event. Documented as not used.
    ///
    /// IRQL: up to DISPATCH_LEVEL. Source: WDK, IAllocatorMXF::PutBuffer.
    ///
    /// # Errors
    /// - `STATUS_INVALID_PARAMETER`: the buffer is another allocator's, which is also a violation
    ///   (`event-data-foreign`). Assumed: the page is silent.
    #[doc(alias = "IAllocatorMXF::PutBuffer")]
    fn put_buffer(&self, kernel: &Kernel, buffer: EventBuffer) -> Result<(), NtStatus>;
}

/// The clock that the times of all events are meant by.
///
/// The port implements it, and the miniport calls it. It wraps the clock of the system: it runs at
/// a constant rate, never pauses, not even while the device sleeps, and is the same for every
/// stream of a port. The header gives it no identifier, so no object can be asked for it.
///
/// Source: WDK, Latency Clocks; dmusicks.h.
#[doc(alias = "PMASTERCLOCK")]
pub trait IMasterClock: IUnknown {
    /// The time now in 100 ns, since 1601 as the system time is.
    ///
    /// KSPROPERTY_SYNTH_MASTERCLOCK of the filter answers the same.
    ///
    /// IRQL: any. Source: WDK, IMasterClock::GetTime. Assumed: where it begins.
    ///
    /// # Errors
    /// None; the status is the header's.
    #[doc(alias = "IMasterClock::GetTime")]
    fn get_time(&self, kernel: &Kernel) -> Result<i64, NtStatus>;
}

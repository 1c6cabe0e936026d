//! The rules of PortCls that a driver must keep.
//!
//! The rules hold when the driver calls the port, and when the port calls the driver.
//! `portcls_emulator::Rule` says what a rule is and how a rule is named.

use portcls_emulator::{BugCheckCode, Irql, Kernel};

const VERIFIER: BugCheckCode = BugCheckCode::DRIVER_VERIFIER_DETECTED_VIOLATION;

portcls_emulator::rules! {
    /// A routine of PortCls must not be called at a higher IRQL than its page allows.
    PC_IRQL_DDIS = "PcIrqlDDIs",
        source: "WDK, PcIrqlDDIs rule (audio)",
        verifier: Some((VERIFIER, 0x0007_1001)),
        routines: &["Pc*"];

    /// A method of the port must not be called at a higher IRQL than its page allows.
    PC_IRQL_IPORT = "PcIrqlIport",
        source: "WDK, PcIrqlIport rule (audio)",
        verifier: Some((VERIFIER, 0x0007_1003)),
        routines: &[
            "IAllocatorMXF::*", "IDmaChannel*", "IInterruptSync::*", "IMXF::*", "IPort*",
            "IRegistryKey::*", "IServiceGroup::*", "IUnregister*",
        ];

    /// Power management must be registered before it is unregistered, and once at a time.
    PC_REGISTER_ADAPTER_POWER = "PcRegisterAdapterPower",
        source: "WDK, PcRegisterAdapterPower rule (audio)",
        verifier: Some((VERIFIER, 0x0007_1006));

    /// The device extension must have 0 bytes or at least PORT_CLASS_DEVICE_EXTENSION_SIZE.
    PC_ADD_ADAPTER_DEVICE = "PcAddAdapterDevice",
        source: "WDK, PcAddAdapterDevice rule (audio)",
        verifier: Some((VERIFIER, 0x0007_1007));

    /// A pending property request must not be completed with STATUS_PENDING.
    PC_PROPERTY_REQUEST = "PcPropertyRequest",
        source: "WDK, PcPropertyRequest rule (audio)",
        verifier: Some((VERIFIER, 0x0007_1008));

    /// A miniport must not request IRP_MN_SET_POWER itself, but call PcRequestNewPowerState.
    PC_PO_REQUEST_POWER_IRP = "PcPoRequestPowerIrp",
        source: "WDK, PcPoRequestPowerIrp rule (audio)",
        verifier: Some((VERIFIER, 0x0007_100A));

    /// SetState must not fail when it moves the stream to a lower state.
    STATE_DOWN_FAILED = "state-down-failed",
        source: "WDK, IMiniportMidiStream::SetState; KSSTATE";

    /// Read must not give more bytes than its buffer can hold.
    READ_OVERRUN = "read-overrun",
        source: "WDK, IMiniportMidiStream::Read, BytesRead";

    /// Read must give 0 bytes when there is nothing left to read.
    READ_WITHOUT_END = "read-without-end",
        source: "WDK, IMiniportMidiStream::Read, BytesRead";

    /// Write must not take more bytes than it was given.
    WRITE_OVERRUN = "write-overrun",
        source: "WDK, IMiniportMidiStream::Write, BytesWritten";

    /// Write must take a byte as soon as the device can, and not answer 0 for ever.
    WRITE_TAKES_NOTHING = "write-takes-nothing",
        source: "WDK, IMiniportMidiStream::Write, BytesWritten";

    /// The filter descriptor must not contradict itself.
    DESCRIPTOR_CONTRADICTION = "descriptor-contradiction",
        source: "WDK, PCFILTER_DESCRIPTOR and the structures that it points to";

    /// A property handler must not give more bytes than the buffer for the value can hold.
    PROPERTY_OVERRUN = "property-overrun",
        source: "WDK, PCPROPERTY_REQUEST, ValueSize";

    /// An event handler must answer at once, and add to the list each event that it accepts, and no
    /// other.
    EVENT_HANDLER_ANSWER = "event-handler-answer",
        source: "WDK, PCPFNEVENT_HANDLER; PCEVENT_REQUEST, PCEVENT_VERB_ADD";

    /// AddEventToEventList must be given the entry of a request to the same port, and each entry
    /// only once.
    EVENT_ENTRY = "event-entry",
        source: "WDK, IPortEvents::AddEventToEventList";

    /// DataRangeIntersection must not give more bytes than its buffer can hold.
    INTERSECTION_OVERRUN = "intersection-overrun",
        source: "WDK, IMiniport::DataRangeIntersection, OutputBufferLength";

    /// SupportDelayedService must be called before RequestDelayedService.
    DELAYED_SERVICE_UNSUPPORTED = "delayed-service-unsupported",
        source: "WDK, IServiceGroup::SupportDelayedService";

    /// AllocateBuffer must be called once, and again only after FreeBuffer.
    DMA_BUFFER_TWICE = "dma-buffer-twice",
        source: "WDK, IDmaChannel::AllocateBuffer, Remarks";

    /// Start must not map more bytes than the buffer of the DMA channel has.
    DMA_MAP_BEYOND_BUFFER = "dma-map-beyond-buffer",
        source: "WDK, IDmaChannelSlave::Start, MapSize";

    /// A DMA channel must be made in nonpaged pool.
    DMA_CHANNEL_PAGED = "dma-channel-paged",
        source: "WDK, PcNewDmaChannel and IPortWavePci::NewMasterDmaChannel, PoolType";

    /// A driver must put a DirectMusic event only once; after that the event belongs to its
    /// receiver.
    EVENT_PUT_TWICE = "event-put-twice",
        source: "WDK, IMXF::PutMessage";

    /// A DirectMusic event must come from GetMessage, and go back to the allocator it came from.
    EVENT_FOREIGN = "event-foreign",
        source: "WDK, IAllocatorMXF::GetMessage";

    /// The data buffer of a DirectMusic event must come from GetBuffer of the event's allocator.
    EVENT_DATA_FOREIGN = "event-data-foreign",
        source: "WDK, IAllocatorMXF::GetBuffer; DMUS_KERNEL_EVENT, uData";

    /// A DirectMusic event must not have more data than GetBufferSize says.
    EVENT_TOO_LONG = "event-too-long",
        source: "WDK, IAllocatorMXF::GetBufferSize";

    /// A DirectMusic event that is longer than a pointer must have a buffer for its data.
    EVENT_DATA_MISSING = "event-data-missing",
        source: "WDK, DMUS_KERNEL_EVENT, cbEvent and uData";

    /// The size in a DirectMusic event must be left as the allocator set it.
    EVENT_SIZE_CHANGED = "event-size-changed",
        source: "WDK, DMUS_KERNEL_EVENT, cbStruct";

    /// The reserved byte of a DirectMusic event must stay 0.
    EVENT_RESERVED_CHANGED = "event-reserved-changed",
        source: "WDK, DMUS_KERNEL_EVENT, bReserved";

    /// A chain of DirectMusic events must end.
    EVENT_CHAIN_LOOP = "event-chain-loop",
        source: "WDK, DMUS_KERNEL_EVENT, pNextEvt";

    /// A package of DirectMusic events must not hold itself, nor the chain that it is in.
    EVENT_PACKAGE_LOOP = "event-package-loop",
        source: "WDK, DMUS_KERNEL_EVENT, pPackageEvt";

    /// When a DirectMusic stream closes, all its events and buffers must be back at the allocator.
    EVENTS_OUTSTANDING = "events-outstanding",
        source: "WDK, IMXF::PutMessage; IAllocatorMXF";
}

/// Reports a violation when the caller of one of the port's routines or methods runs above
/// `limit`; the call goes on.
///
/// IRQL: any.
pub(crate) fn require_irql_at_most(kernel: &Kernel, limit: Irql, routine: &str) {
    if kernel.current_irql() > limit {
        kernel.report_high_irql(&[RULES], limit, routine);
    }
}

#include "dmus_miniport.h"

#include "dmus_descriptor.h"

DmusMiniport::DmusMiniport() : CUnknown(nullptr)
{
}

PAGEABLE DmusMiniport::~DmusMiniport()
{
    delete m_hardware;
}

STDMETHODIMP_(NTSTATUS) DmusMiniport::NonDelegatingQueryInterface(REFIID iid, PVOID *object)
{
    if (IsSameGuid(iid, IID_IUnknown) || IsSameGuid(iid, IID_IMiniport) ||
        IsSameGuid(iid, IID_IMiniportDMus)) {
        *object = static_cast<PMINIPORTDMUS>(this);
    } else if (IsSameGuid(iid, IID_IPowerNotify)) {
        *object = static_cast<PPOWERNOTIFY>(this);
    } else {
        *object = nullptr;
        return STATUS_INVALID_PARAMETER;
    }
    AddRef();
    return STATUS_SUCCESS;
}

PAGEABLE STDMETHODIMP_(NTSTATUS) DmusMiniport::GetDescription(PPCFILTER_DESCRIPTOR *description)
{
    // A card without an interrupt cannot announce input.
    const PCFILTER_DESCRIPTOR &filter =
        m_hardware->HasInterrupt() ? DmusDuplexFilter : DmusRenderFilter;
    *description = const_cast<PPCFILTER_DESCRIPTOR>(&filter);
    return STATUS_SUCCESS;
}

PAGEABLE STDMETHODIMP_(NTSTATUS)
DmusMiniport::DataRangeIntersection(ULONG, PKSDATARANGE, PKSDATARANGE, ULONG, PVOID, PULONG)
{
    // A music range has nothing to choose from, so the port decides.
    return STATUS_NOT_IMPLEMENTED;
}

PAGEABLE STDMETHODIMP_(NTSTATUS) DmusMiniport::Init(PUNKNOWN, PRESOURCELIST resources,
                                                    PPORTDMUS port, PSERVICEGROUP *group)
{
    *group = nullptr;
    PSERVICEGROUP created;
    NTSTATUS status = PcNewServiceGroup(&created, nullptr);
    if (!NT_SUCCESS(status)) {
        return status;
    }
    status = StartHardware(resources, port, created);
    if (!NT_SUCCESS(status)) {
        created->Release();
        return status;
    }
    // The reference of the creation goes to the port.
    *group = created;
    return STATUS_SUCCESS;
}

static NTSTATUS NTAPI DmusInterruptRoutine(PINTERRUPTSYNC, PVOID context)
{
    return static_cast<Card *>(context)->ServeInterrupt();
}

// What an interrupt touches exists before it is connected, and the card is spoken to afterwards.
PAGEABLE NTSTATUS DmusMiniport::StartHardware(PRESOURCELIST resources, PPORTDMUS port,
                                              PSERVICEGROUP group)
{
    PCM_PARTIAL_RESOURCE_DESCRIPTOR ports = resources->FindTranslatedPort(0);
    if (!ports || ports->u.Port.Length < PortCount || resources->NumberOfInterrupts() > 1) {
        return STATUS_DEVICE_CONFIGURATION_ERROR;
    }
    port->RegisterServiceGroup(group);
    // The two port interfaces have the same methods in the same slots.
    auto sameSlots = reinterpret_cast<PPORTMIDI>(port);
    Registers registers(static_cast<USHORT>(ports->u.Port.Start.LowPart));
    Card *card = new (NonPagedPoolNx) Card(registers, sameSlots, group);
    if (!card) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    PINTERRUPTSYNC interrupt = nullptr;
    if (resources->NumberOfInterrupts() > 0) {
        NTSTATUS status = Connect(card, resources, &interrupt);
        if (!NT_SUCCESS(status)) {
            delete card;
            return status;
        }
    }
    Hardware *hardware = new (NonPagedPoolNx) Hardware(card, interrupt);
    if (!hardware && interrupt) {
        interrupt->Disconnect();
    }
    ReleaseAndClear(interrupt);
    if (!hardware) {
        delete card;
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    NTSTATUS status = hardware->Start();
    if (!NT_SUCCESS(status)) {
        delete hardware;
        return status;
    }
    m_hardware = hardware;
    return STATUS_SUCCESS;
}

PAGEABLE NTSTATUS DmusMiniport::Connect(Card *card, PRESOURCELIST resources,
                                        PINTERRUPTSYNC *interrupt)
{
    PINTERRUPTSYNC sync;
    NTSTATUS status = PcNewInterruptSync(&sync, nullptr, resources, 0, InterruptSyncModeNormal);
    if (!NT_SUCCESS(status)) {
        return status;
    }
    status = sync->RegisterServiceRoutine(DmusInterruptRoutine, card, TRUE);
    if (NT_SUCCESS(status)) {
        status = sync->Connect();
    }
    if (!NT_SUCCESS(status)) {
        sync->Release();
        return status;
    }
    *interrupt = sync;
    return STATUS_SUCCESS;
}

STDMETHODIMP_(void) DmusMiniport::Service()
{
    // The port does not call it: it asks the capture stream instead.
}

PAGEABLE STDMETHODIMP_(NTSTATUS)
DmusMiniport::NewStream(PMXF *stream, PUNKNOWN, POOL_TYPE, ULONG pin, DMUS_STREAM_TYPE type,
                        PKSDATAFORMAT format, PSERVICEGROUP *group, PAllocatorMXF allocator,
                        PMASTERCLOCK clock, PULONGLONG schedulePreFetch)
{
    *stream = nullptr;
    *group = nullptr;
    // Each event is wanted when it is due.
    *schedulePreFetch = 0;
    bool capture = type == DMUS_STREAM_MIDI_CAPTURE;
    bool fits = capture ? pin == CapturePin && m_hardware->HasInterrupt()
                        : type == DMUS_STREAM_MIDI_RENDER && pin == RenderPin;
    if (!fits) {
        return STATUS_INVALID_DEVICE_REQUEST;
    }
    if (!IsMusic(*format)) {
        return STATUS_INVALID_PARAMETER;
    }
    if (!m_hardware->Open(capture)) {
        return STATUS_INVALID_DEVICE_REQUEST;
    }
    PMXF created = capture ? CreateCapture(allocator, clock) : CreateRender(allocator);
    if (!created) {
        m_hardware->Close(capture);
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    created->AddRef();
    *stream = created;
    if (capture) {
        *group = m_hardware->GetCard().Group();
        (*group)->AddRef();
    }
    return STATUS_SUCCESS;
}

PAGEABLE STDMETHODIMP_(void) DmusMiniport::PowerChangeNotify(POWER_STATE state)
{
    if (!m_hardware) {
        return;
    }
    if (state.DeviceState != PowerDeviceD0) {
        m_hardware->Silence();
    } else if (!m_hardware->IsReady()) {
        // A card that lost power is back in intelligent mode.
        NTSTATUS status = m_hardware->Start();
        if (!NT_SUCCESS(status)) {
            DbgPrint("MPU-401: not back after sleep: %08X\n", status);
        }
    }
}

PAGEABLE PMXF DmusMiniport::CreateRender(PAllocatorMXF allocator)
{
    return new (NonPagedPoolNx) DmusRenderStream(Unknown(), *m_hardware, allocator);
}

PAGEABLE PMXF DmusMiniport::CreateCapture(PAllocatorMXF allocator, PMASTERCLOCK clock)
{
    return new (NonPagedPoolNx) DmusCaptureStream(Unknown(), *m_hardware, allocator, clock);
}

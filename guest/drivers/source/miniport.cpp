#include "miniport.h"

#include "descriptor.h"

UartMiniport::UartMiniport() : CUnknown(nullptr)
{
}

PAGEABLE UartMiniport::~UartMiniport()
{
    delete m_hardware;
}

STDMETHODIMP_(NTSTATUS) UartMiniport::NonDelegatingQueryInterface(REFIID iid, PVOID *object)
{
    if (IsSameGuid(iid, IID_IUnknown) || IsSameGuid(iid, IID_IMiniport) ||
        IsSameGuid(iid, IID_IMiniportMidi)) {
        *object = static_cast<PMINIPORTMIDI>(this);
    } else if (IsSameGuid(iid, IID_IPowerNotify)) {
        *object = static_cast<PPOWERNOTIFY>(this);
    } else {
        *object = nullptr;
        return STATUS_INVALID_PARAMETER;
    }
    AddRef();
    return STATUS_SUCCESS;
}

PAGEABLE STDMETHODIMP_(NTSTATUS) UartMiniport::GetDescription(PPCFILTER_DESCRIPTOR *description)
{
    // A card without an interrupt cannot announce input.
    const PCFILTER_DESCRIPTOR &filter = m_hardware->HasInterrupt() ? DuplexFilter : RenderFilter;
    *description = const_cast<PPCFILTER_DESCRIPTOR>(&filter);
    return STATUS_SUCCESS;
}

PAGEABLE STDMETHODIMP_(NTSTATUS)
UartMiniport::DataRangeIntersection(ULONG, PKSDATARANGE, PKSDATARANGE, ULONG, PVOID, PULONG)
{
    // A MIDI range has nothing to choose from, so the port decides.
    return STATUS_NOT_IMPLEMENTED;
}

// The registers that were assigned: one range of ports, wide enough, at most one interrupt, and
// nothing that an MPU-401 has no use for.
PAGEABLE static bool FindRegisters(PRESOURCELIST resources, Registers &registers)
{
    if (resources->NumberOfPorts() != 1 || resources->NumberOfInterrupts() > 1 ||
        resources->NumberOfDmas() != 0 || resources->NumberOfMemories() != 0) {
        return false;
    }
    PCM_PARTIAL_RESOURCE_DESCRIPTOR ports = resources->FindTranslatedPort(0);
    if (!ports || ports->u.Port.Length < PortCount ||
        ports->u.Port.Start.QuadPart > 0x10000 - PortCount) {
        return false;
    }
    registers = Registers(static_cast<USHORT>(ports->u.Port.Start.LowPart));
    return true;
}

static NTSTATUS NTAPI InterruptServiceRoutine(PINTERRUPTSYNC, PVOID context)
{
    return static_cast<Card *>(context)->ServeInterrupt();
}

PAGEABLE NTSTATUS UartMiniport::Connect(Card *card, PRESOURCELIST resources,
                                        PINTERRUPTSYNC *interrupt)
{
    PINTERRUPTSYNC sync;
    NTSTATUS status = PcNewInterruptSync(&sync, nullptr, resources, 0, InterruptSyncModeNormal);
    if (!NT_SUCCESS(status)) {
        return status;
    }
    status = sync->RegisterServiceRoutine(InterruptServiceRoutine, card, TRUE);
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

PAGEABLE STDMETHODIMP_(NTSTATUS) UartMiniport::Init(PUNKNOWN, PRESOURCELIST resources,
                                                    PPORTMIDI port, PSERVICEGROUP *group)
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

// Everything that an interrupt touches exists before it is connected, and it is connected before
// the card is first spoken to. What fails is undone here.
PAGEABLE NTSTATUS UartMiniport::StartHardware(PRESOURCELIST resources, PPORTMIDI port,
                                              PSERVICEGROUP group)
{
    Registers registers;
    if (!FindRegisters(resources, registers)) {
        return STATUS_DEVICE_CONFIGURATION_ERROR;
    }
    port->RegisterServiceGroup(group);
    Card *card = CreateCard(registers, port, group);
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
    Hardware *hardware = CreateHardware(card, interrupt);
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

STDMETHODIMP_(void) UartMiniport::Service()
{
    // The pins read their streams themselves; what is left is to say what was lost.
    ULONG overruns = m_hardware ? m_hardware->GetCard().Overruns() : 0;
    if (overruns != m_reportedOverruns) {
        DbgPrint("MPU-401: %u bytes of MIDI IN lost, ring full\n", overruns - m_reportedOverruns);
        m_reportedOverruns = overruns;
    }
}

PAGEABLE STDMETHODIMP_(NTSTATUS)
UartMiniport::NewStream(PMINIPORTMIDISTREAM *stream, PUNKNOWN, POOL_TYPE, ULONG pin,
                        BOOLEAN capture, PKSDATAFORMAT format, PSERVICEGROUP *group)
{
    *stream = nullptr;
    *group = nullptr;
    bool fits = capture ? pin == CapturePin && m_hardware->HasInterrupt() : pin == RenderPin;
    if (!fits) {
        return STATUS_INVALID_DEVICE_REQUEST;
    }
    if (!IsMidi(*format)) {
        return STATUS_INVALID_PARAMETER;
    }
    if (!m_hardware->Open(capture)) {
        return STATUS_INVALID_DEVICE_REQUEST;
    }
    UartStream *created = CreateStream(capture);
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

PAGEABLE STDMETHODIMP_(void) UartMiniport::PowerChangeNotify(POWER_STATE state)
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

PAGEABLE Card *UartMiniport::CreateCard(Registers registers, PPORTMIDI port, PSERVICEGROUP group)
{
    return new (NonPagedPoolNx) Card(registers, port, group);
}

PAGEABLE Hardware *UartMiniport::CreateHardware(Card *card, PINTERRUPTSYNC interrupt)
{
    return new (NonPagedPoolNx) Hardware(card, interrupt);
}

PAGEABLE UartStream *UartMiniport::CreateStream(bool capture)
{
    return new (NonPagedPoolNx) UartStream(Unknown(), *m_hardware, capture);
}

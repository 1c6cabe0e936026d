// A good driver of a combined card: its topology comes first, with a volume control and without
// resources, then the UART, whose output leads to the topology. The volume tells clients when it
// changes, the output has a name of its own, and the UART can be unplugged. The adapter's object
// for power management is of version 3.
//
// DriverEntry and the rest are in uart_parts.h; what the headers lack is in topology_identifiers.h.
#include "uart_parts.h"

#include "topology_identifiers.h"

// The pins of the topology, and the pin of the UART that leads to it.
constexpr ULONG TopologyIn = 0;
constexpr ULONG TopologyOut = 1;
constexpr ULONG UartOut = 1;

constexpr ULONG VolumeNode = 0;

// The property by which a client unplugs the UART.
static const GUID JackProperties = {
    0x6C1F04B2, 0x7A93, 0x4D55, {0xB8, 0x20, 0x5E, 0x91, 0x0D, 0xC7, 0x3A, 0x64}};
constexpr ULONG UnplugProperty = 1;

static const WCHAR OutputName[] = L"Line Out";

static NTSTATUS NTAPI Volume(PPCPROPERTY_REQUEST request);
static NTSTATUS NTAPI VolumeEvent(PPCEVENT_REQUEST request);
static NTSTATUS NTAPI Unplug(PPCPROPERTY_REQUEST request);

static const GUID AudioProperties = {STATIC_KSPROPSETID_Audio};
static GUID ControlChange = {STATIC_KSEVENTSETID_AudioControlChange};

static const PCPROPERTY_ITEM VolumeProperties[] = {
    {&AudioProperties, KSPROPERTY_AUDIO_VOLUMELEVEL,
     PCPROPERTY_ITEM_FLAG_GET | PCPROPERTY_ITEM_FLAG_SET, Volume}};
static const PCEVENT_ITEM VolumeEvents[] = {
    {&ControlChange, KSEVENT_CONTROL_CHANGE,
     PCEVENT_ITEM_FLAG_ENABLE | PCEVENT_ITEM_FLAG_ONESHOT | PCEVENT_ITEM_FLAG_BASICSUPPORT,
     VolumeEvent}};
static const PCAUTOMATION_TABLE VolumeAutomation = {
    sizeof(PCPROPERTY_ITEM), 1, VolumeProperties, 0, 0, nullptr,
    sizeof(PCEVENT_ITEM), 1, VolumeEvents, 0};

static const PCPROPERTY_ITEM FilterProperties[] = {
    {&JackProperties, UnplugProperty, PCPROPERTY_ITEM_FLAG_SET, Unplug}};
static DEFINE_PCAUTOMATION_TABLE_PROP(FilterAutomation, FilterProperties);

static const GUID VolumeType = {STATIC_KSNODETYPE_VOLUME};
static const GUID SpeakerCategory = {STATIC_KSNODETYPE_SPEAKER};
static const GUID ConnectorCategory = {STATIC_KSNODETYPE_LEGACY_AUDIO_CONNECTOR};

static const PCNODE_DESCRIPTOR TopologyNodes[] = {{0, &VolumeAutomation, &VolumeType, nullptr}};

static const PCPIN_DESCRIPTOR TopologyPins[] = {
    {0, 0, 0, nullptr, {0, nullptr, 0, nullptr, SIZEOF_ARRAY(CableRanges), CableRanges,
     KSPIN_DATAFLOW_IN, KSPIN_COMMUNICATION_NONE, &ConnectorCategory, nullptr, {0}}},
    {0, 0, 0, nullptr, {0, nullptr, 0, nullptr, SIZEOF_ARRAY(CableRanges), CableRanges,
     KSPIN_DATAFLOW_OUT, KSPIN_COMMUNICATION_NONE, &SpeakerCategory, nullptr, {0}}},
};

static const PCCONNECTION_DESCRIPTOR TopologyConnections[] = {
    {PCFILTER_NODE, TopologyIn, VolumeNode, KSNODEPIN_STANDARD_IN},
    {VolumeNode, KSNODEPIN_STANDARD_OUT, PCFILTER_NODE, TopologyOut},
};

static PCFILTER_DESCRIPTOR TopologyFilter = {
    0, &FilterAutomation, sizeof(PCPIN_DESCRIPTOR), 2, TopologyPins, sizeof(PCNODE_DESCRIPTOR), 1,
    TopologyNodes, 2, TopologyConnections, 0, nullptr};

class TopologyMiniport : public IMiniportTopology, public IPinName, public CUnknown
{
public:
    DECLARE_STD_UNKNOWN();

    TopologyMiniport() : CUnknown(nullptr) {}

    ~TopologyMiniport()
    {
        ReleaseAndClear(m_events);
        ReleaseAndClear(m_uart);
    }

    STDMETHODIMP_(NTSTATUS) GetDescription(PPCFILTER_DESCRIPTOR *description)
    {
        *description = &TopologyFilter;
        return STATUS_SUCCESS;
    }

    STDMETHODIMP_(NTSTATUS)
    DataRangeIntersection(ULONG, PKSDATARANGE, PKSDATARANGE, ULONG, PVOID, PULONG)
    {
        return STATUS_NOT_IMPLEMENTED;
    }

    STDMETHODIMP_(NTSTATUS) Init(PUNKNOWN adapter, PRESOURCELIST resources, PPORTTOPOLOGY port)
    {
        if (!adapter || resources) {
            return STATUS_INVALID_PARAMETER;
        }
        m_port = port;
        return port->QueryInterface(IID_IPortEvents, reinterpret_cast<PVOID *>(&m_events));
    }

    // The length of the room is in the request, and the length of the name goes there.
    STDMETHODIMP_(NTSTATUS) GetPinName(PIRP irp, PKSP_PIN pin, PVOID data)
    {
        if (pin->PinId != TopologyOut) {
            return STATUS_NOT_FOUND;
        }
        ULONG room =
            IoGetCurrentIrpStackLocation(irp)->Parameters.DeviceIoControl.OutputBufferLength;
        irp->IoStatus.Information = sizeof(OutputName);
        if (room < sizeof(OutputName)) {
            return room == 0 ? STATUS_BUFFER_OVERFLOW : STATUS_BUFFER_TOO_SMALL;
        }
        RtlCopyMemory(data, OutputName, sizeof(OutputName));
        return STATUS_SUCCESS;
    }

    // Keeps the other subdevice, to take it away later.
    void KeepUart(PDEVICE_OBJECT device, PPORT uart)
    {
        m_device = device;
        m_uart = uart;
        m_uart->AddRef();
    }

    NTSTATUS UnplugUart();

    LONG GetVolume() const
    {
        return m_volume;
    }

    void SetVolume(LONG volume)
    {
        m_volume = volume;
        m_events->GenerateEventList(&ControlChange, KSEVENT_CONTROL_CHANGE, FALSE, 0, TRUE,
                                    VolumeNode);
    }

    void AddEvent(PKSEVENT_ENTRY entry)
    {
        m_events->AddEventToEventList(entry);
    }

private:
    // The port outlives its miniport.
    PPORTTOPOLOGY m_port = nullptr;
    PPORTEVENTS m_events = nullptr;
    PDEVICE_OBJECT m_device = nullptr;
    PPORT m_uart = nullptr;
    LONG m_volume = 0;
};

STDMETHODIMP_(NTSTATUS) TopologyMiniport::NonDelegatingQueryInterface(REFIID iid, PVOID *object)
{
    if (IsSameGuid(iid, IID_IUnknown) || IsSameGuid(iid, IID_IMiniport) ||
        IsSameGuid(iid, IID_IMiniportTopology)) {
        *object = static_cast<PMINIPORTTOPOLOGY>(this);
    } else if (IsSameGuid(iid, IID_IPinName)) {
        *object = static_cast<IPinName *>(this);
    } else {
        *object = nullptr;
        return STATUS_INVALID_PARAMETER;
    }
    AddRef();
    return STATUS_SUCCESS;
}

// Takes the connection away, and then the subdevice that it began at.
PAGEABLE NTSTATUS TopologyMiniport::UnplugUart()
{
    PUNREGISTERPHYSICALCONNECTION connections;
    PUNREGISTERSUBDEVICE subdevices;
    if (!m_uart) {
        return STATUS_NOT_FOUND;
    }
    NTSTATUS status = m_port->QueryInterface(IID_IUnregisterPhysicalConnection,
                                             reinterpret_cast<PVOID *>(&connections));
    if (NT_SUCCESS(status)) {
        status = connections->UnregisterPhysicalConnection(m_device, m_uart, UartOut, m_port,
                                                           TopologyIn);
        connections->Release();
    }
    if (NT_SUCCESS(status)) {
        status = m_uart->QueryInterface(IID_IUnregisterSubdevice,
                                        reinterpret_cast<PVOID *>(&subdevices));
    }
    if (NT_SUCCESS(status)) {
        status = subdevices->UnregisterSubdevice(m_device, m_uart);
        subdevices->Release();
    }
    ReleaseAndClear(m_uart);
    return status;
}

// The port hands back the pointer that it got in Init.
static TopologyMiniport *MiniportOf(PUNKNOWN target)
{
    return static_cast<TopologyMiniport *>(static_cast<PMINIPORTTOPOLOGY>(target));
}

static NTSTATUS NTAPI Volume(PPCPROPERTY_REQUEST request)
{
    TopologyMiniport *miniport = MiniportOf(request->MajorTarget);
    if (request->Node != VolumeNode) {
        return STATUS_INVALID_DEVICE_REQUEST;
    }
    if (request->ValueSize < sizeof(LONG)) {
        bool asksLength = request->ValueSize == 0;
        request->ValueSize = sizeof(LONG);
        return asksLength ? STATUS_BUFFER_OVERFLOW : STATUS_BUFFER_TOO_SMALL;
    }
    request->ValueSize = sizeof(LONG);
    if (request->Verb & KSPROPERTY_TYPE_SET) {
        miniport->SetVolume(*static_cast<PLONG>(request->Value));
    } else {
        *static_cast<PLONG>(request->Value) = miniport->GetVolume();
    }
    return STATUS_SUCCESS;
}

static NTSTATUS NTAPI VolumeEvent(PPCEVENT_REQUEST request)
{
    if (request->Node != VolumeNode || request->EventItem->Id != KSEVENT_CONTROL_CHANGE) {
        return STATUS_INVALID_PARAMETER;
    }
    if (request->Verb == PCEVENT_VERB_ADD) {
        MiniportOf(request->MajorTarget)->AddEvent(request->EventEntry);
    }
    return STATUS_SUCCESS;
}

PAGEABLE static NTSTATUS NTAPI Unplug(PPCPROPERTY_REQUEST request)
{
    return MiniportOf(request->MajorTarget)->UnplugUart();
}

class AdapterPower : public IAdapterPowerManagement3, public CUnknown
{
public:
    DECLARE_STD_UNKNOWN();

    AdapterPower() : CUnknown(nullptr) {}

    STDMETHODIMP_(void) PowerChangeState(POWER_STATE)
    {
        DbgPrint("told by a method of version 1\n");
    }

    STDMETHODIMP_(NTSTATUS) QueryPowerChangeState(POWER_STATE)
    {
        return STATUS_SUCCESS;
    }

    STDMETHODIMP_(NTSTATUS) QueryDeviceCapabilities(PDEVICE_CAPABILITIES)
    {
        return STATUS_SUCCESS;
    }

    STDMETHODIMP_(void) PowerChangeState2(DEVICE_POWER_STATE, SYSTEM_POWER_STATE)
    {
        DbgPrint("told by a method of version 2\n");
    }

    STDMETHODIMP_(void)
    PowerChangeState3(DEVICE_POWER_STATE device, SYSTEM_POWER_STATE system, ULONG exitLatency)
    {
        DbgPrint("adapter D%u in S%u, exit latency %u\n", device - PowerDeviceD0,
                 system - PowerSystemWorking, exitLatency);
    }

    STDMETHODIMP_(NTSTATUS) D3ExitLatencyChanged(ULONG)
    {
        return STATUS_SUCCESS;
    }
};

STDMETHODIMP_(NTSTATUS) AdapterPower::NonDelegatingQueryInterface(REFIID iid, PVOID *object)
{
    if (IsSameGuid(iid, IID_IUnknown) || IsSameGuid(iid, IID_IAdapterPowerManagement3)) {
        *object = static_cast<IAdapterPowerManagement3 *>(this);
        AddRef();
        return STATUS_SUCCESS;
    }
    *object = nullptr;
    return STATUS_INVALID_PARAMETER;
}

PAGEABLE static NTSTATUS InstallBoth(PDEVICE_OBJECT device, PIRP irp, PRESOURCELIST resources,
                                     TopologyMiniport *topology, PMINIPORTMIDI uart,
                                     PUNKNOWN adapter)
{
    PPORT topologyPort, uartPort;
    NTSTATUS status =
        InstallPort(device, irp, L"Topology", CLSID_PortTopology,
                    static_cast<PMINIPORTTOPOLOGY>(topology), adapter, nullptr, &topologyPort);
    if (!NT_SUCCESS(status)) {
        return status;
    }
    status = InstallPort(device, irp, L"Uart", CLSID_PortMidi, uart, adapter, resources,
                         &uartPort);
    if (NT_SUCCESS(status)) {
        status = PcRegisterPhysicalConnection(device, uartPort, UartOut, topologyPort, TopologyIn);
        topology->KeepUart(device, uartPort);
        uartPort->Release();
    }
    topologyPort->Release();
    return status;
}

PAGEABLE static NTSTATUS NTAPI StartDevice(PDEVICE_OBJECT device, PIRP irp,
                                           PRESOURCELIST resources)
{
    AdapterPower *power = new (NonPagedPoolNx) AdapterPower();
    TopologyMiniport *topology = new (NonPagedPoolNx) TopologyMiniport();
    UartMiniport *uart = new (NonPagedPoolNx) UartMiniport();
    NTSTATUS status = STATUS_INSUFFICIENT_RESOURCES;
    if (power && topology && uart) {
        PUNKNOWN adapter = static_cast<IAdapterPowerManagement3 *>(power);
        adapter->AddRef();
        static_cast<PMINIPORTTOPOLOGY>(topology)->AddRef();
        static_cast<PMINIPORTMIDI>(uart)->AddRef();
        status = PcRegisterAdapterPowerManagement(adapter, device);
        if (NT_SUCCESS(status)) {
            status = InstallBoth(device, irp, resources, topology, uart, adapter);
        }
        static_cast<PMINIPORTMIDI>(uart)->Release();
        static_cast<PMINIPORTTOPOLOGY>(topology)->Release();
        adapter->Release();
        return status;
    }
    delete uart;
    delete topology;
    delete power;
    return status;
}

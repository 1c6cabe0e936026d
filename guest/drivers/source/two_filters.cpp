// A good driver with two filters, of which the second is the UART. The first has a MIDI pin of which
// no instance may be opened. Neither port gets a list of resources, and the second gets no request:
// the UART miniport asks the adapter's object for its resources.
//
// DriverEntry and the rest are in uart_parts.h.
#include "uart_parts.h"

// What the miniports of this driver ask the adapter's object for.
static const GUID IID_IAdapterResources = {
    0x5D7B3A1E, 0x2C44, 0x4E0B, {0x9A, 0x57, 0x6F, 0x1D, 0x8C, 0x0B, 0x9E, 0x21}};

#undef INTERFACE
#define INTERFACE IAdapterResources

DECLARE_INTERFACE_(IAdapterResources, IUnknown)
{
    DEFINE_ABSTRACT_UNKNOWN()

    // The resources of the device, which stay the adapter's.
    STDMETHOD_(PRESOURCELIST, Resources)(THIS) PURE;
};

class AdapterCommon : public IAdapterResources, public CUnknown
{
public:
    DECLARE_STD_UNKNOWN();

    explicit AdapterCommon(PRESOURCELIST resources) : CUnknown(nullptr), m_resources(resources)
    {
        m_resources->AddRef();
    }

    ~AdapterCommon()
    {
        m_resources->Release();
    }

    STDMETHODIMP_(PRESOURCELIST) Resources()
    {
        return m_resources;
    }

private:
    PRESOURCELIST m_resources;
};

PAGEABLE STDMETHODIMP_(NTSTATUS)
AdapterCommon::NonDelegatingQueryInterface(REFIID iid, PVOID *object)
{
    if (IsSameGuid(iid, IID_IUnknown) || IsSameGuid(iid, IID_IAdapterResources)) {
        *object = static_cast<IAdapterResources *>(this);
        AddRef();
        return STATUS_SUCCESS;
    }
    *object = nullptr;
    return STATUS_INVALID_PARAMETER;
}

// The UART miniport, which finds its resources by itself.
class UartOfAdapter : public UartMiniport
{
    STDMETHODIMP_(NTSTATUS) Init(PUNKNOWN adapter, PRESOURCELIST resources, PPORTMIDI port,
                                 PSERVICEGROUP *group) override
    {
        *group = nullptr;
        if (!adapter || resources) {
            return STATUS_INVALID_PARAMETER;
        }
        IAdapterResources *common;
        NTSTATUS status =
            adapter->QueryInterface(IID_IAdapterResources, reinterpret_cast<PVOID *>(&common));
        if (NT_SUCCESS(status)) {
            status = UartMiniport::Init(adapter, common->Resources(), port, group);
            common->Release();
        }
        return status;
    }
};

static KSDATARANGE_MUSIC SynthRange = {
    {{sizeof(KSDATARANGE_MUSIC), 0, 0, 0, {STATIC_KSDATAFORMAT_TYPE_MUSIC},
      {STATIC_KSDATAFORMAT_SUBTYPE_MIDI}, {STATIC_KSDATAFORMAT_SPECIFIER_NONE}}},
    {STATIC_KSMUSIC_TECHNOLOGY_FMSYNTH}, 0, 0, 0xFFFF};

static const PKSDATARANGE SynthRanges[] = {reinterpret_cast<PKSDATARANGE>(&SynthRange)};
static const GUID SynthCategories[] = {{STATIC_KSCATEGORY_AUDIO}, {STATIC_KSCATEGORY_RENDER}};

static const PCPIN_DESCRIPTOR SynthPins[] = {
    {0, 0, 0, nullptr, {0, nullptr, 0, nullptr, SIZEOF_ARRAY(SynthRanges), SynthRanges,
     KSPIN_DATAFLOW_IN, KSPIN_COMMUNICATION_SINK, &SynthCategories[0], nullptr, {0}}},
    {0, 0, 0, nullptr, {0, nullptr, 0, nullptr, SIZEOF_ARRAY(CableRanges), CableRanges,
     KSPIN_DATAFLOW_OUT, KSPIN_COMMUNICATION_BRIDGE, &SynthCategories[0], nullptr, {0}}},
};

static const PCCONNECTION_DESCRIPTOR SynthConnections[] = {{PCFILTER_NODE, 0, PCFILTER_NODE, 1}};

static PCFILTER_DESCRIPTOR SynthFilter = {
    0, nullptr, sizeof(PCPIN_DESCRIPTOR), 2, SynthPins, sizeof(PCNODE_DESCRIPTOR), 0, nullptr,
    1, SynthConnections, 2, SynthCategories};

// The synthesizer of a card that came without the chip.
class AbsentSynth : public IMiniportMidi, public CUnknown
{
public:
    DECLARE_STD_UNKNOWN();

    AbsentSynth() : CUnknown(nullptr) {}

    STDMETHODIMP_(NTSTATUS) GetDescription(PPCFILTER_DESCRIPTOR *description)
    {
        *description = &SynthFilter;
        return STATUS_SUCCESS;
    }

    STDMETHODIMP_(NTSTATUS)
    DataRangeIntersection(ULONG, PKSDATARANGE, PKSDATARANGE, ULONG, PVOID, PULONG)
    {
        return STATUS_NOT_IMPLEMENTED;
    }

    STDMETHODIMP_(NTSTATUS) Init(PUNKNOWN, PRESOURCELIST, PPORTMIDI, PSERVICEGROUP *group)
    {
        *group = nullptr;
        return STATUS_SUCCESS;
    }

    STDMETHODIMP_(void) Service() {}

    STDMETHODIMP_(NTSTATUS)
    NewStream(PMINIPORTMIDISTREAM *stream, PUNKNOWN, POOL_TYPE, ULONG, BOOLEAN, PKSDATAFORMAT,
              PSERVICEGROUP *group)
    {
        *stream = nullptr;
        *group = nullptr;
        return STATUS_INVALID_DEVICE_REQUEST;
    }
};

STDMETHODIMP_(NTSTATUS) AbsentSynth::NonDelegatingQueryInterface(REFIID iid, PVOID *object)
{
    if (IsSameGuid(iid, IID_IUnknown) || IsSameGuid(iid, IID_IMiniport) ||
        IsSameGuid(iid, IID_IMiniportMidi)) {
        *object = static_cast<PMINIPORTMIDI>(this);
        AddRef();
        return STATUS_SUCCESS;
    }
    *object = nullptr;
    return STATUS_INVALID_PARAMETER;
}

PAGEABLE static NTSTATUS NTAPI StartDevice(PDEVICE_OBJECT device, PIRP irp,
                                           PRESOURCELIST resources)
{
    AdapterCommon *adapter = new (NonPagedPoolNx) AdapterCommon(resources);
    if (!adapter) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    adapter->AddRef();
    NTSTATUS status = InstallMidi(device, irp, L"Synth", new (NonPagedPoolNx) AbsentSynth(),
                                  adapter, nullptr);
    if (NT_SUCCESS(status)) {
        status = InstallMidi(device, nullptr, L"Uart", new (NonPagedPoolNx) UartOfAdapter(),
                             adapter, nullptr);
    }
    adapter->Release();
    return status;
}

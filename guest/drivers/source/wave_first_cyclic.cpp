// A driver for a sound card: a WaveCyclic filter with a DMA channel, and then the UART.
//
// The channel is the first DMA resource of the device. A device without one is taken for a bus
// master. DriverEntry and the rest are in wave_parts.h.
#include "wave_parts.h"

extern "C" const GUID IID_IMiniportWaveCyclic = {
    0xB4C90A27, 0x5791, 0x11D0, {0x86, 0xF9, 0x00, 0xA0, 0xC9, 0x11, 0xB5, 0x44}};
extern "C" const GUID CLSID_PortWaveCyclic = {
    0xB4C90A2A, 0x5791, 0x11D0, {0x86, 0xF9, 0x00, 0xA0, 0xC9, 0x11, 0xB5, 0x44}};

class CyclicMiniport : public IMiniportWaveCyclic, public CUnknown
{
public:
    DECLARE_STD_UNKNOWN();

    CyclicMiniport() : CUnknown(nullptr) {}

    // The buffer goes with the channel.
    ~CyclicMiniport()
    {
        ReleaseAndClear(m_channel);
        ReleaseAndClear(m_port);
    }

    STDMETHODIMP_(NTSTATUS) GetDescription(PPCFILTER_DESCRIPTOR *description)
    {
        *description = &WaveFilter;
        return STATUS_SUCCESS;
    }

    STDMETHODIMP_(NTSTATUS)
    DataRangeIntersection(ULONG, PKSDATARANGE, PKSDATARANGE, ULONG, PVOID, PULONG)
    {
        return STATUS_NOT_IMPLEMENTED;
    }

    STDMETHODIMP_(NTSTATUS) Init(PUNKNOWN adapter, PRESOURCELIST resources, PPORTWAVECYCLIC port);

    STDMETHODIMP_(NTSTATUS)
    NewStream(PMINIPORTWAVECYCLICSTREAM *, PUNKNOWN, POOL_TYPE, ULONG, BOOLEAN, PKSDATAFORMAT,
              PDMACHANNEL *, PSERVICEGROUP *)
    {
        return STATUS_NOT_IMPLEMENTED;
    }

private:
    NTSTATUS NewChannel(PRESOURCELIST resources);

    PPORTWAVECYCLIC m_port = nullptr;
    PDMACHANNEL m_channel = nullptr;
};

PAGEABLE STDMETHODIMP_(NTSTATUS)
CyclicMiniport::NonDelegatingQueryInterface(REFIID iid, PVOID *object)
{
    if (IsSameGuid(iid, IID_IUnknown) || IsSameGuid(iid, IID_IMiniport) ||
        IsSameGuid(iid, IID_IMiniportWaveCyclic)) {
        *object = static_cast<PMINIPORTWAVECYCLIC>(this);
        AddRef();
        return STATUS_SUCCESS;
    }
    *object = nullptr;
    return STATUS_INVALID_PARAMETER;
}

PAGEABLE NTSTATUS CyclicMiniport::NewChannel(PRESOURCELIST resources)
{
    if (!resources->NumberOfEntriesOfType(CmResourceTypeDma)) {
        return m_port->NewMasterDmaChannel(&m_channel, nullptr, nullptr, MaximumBuffer, TRUE, FALSE,
                                           static_cast<DMA_WIDTH>(-1), static_cast<DMA_SPEED>(-1));
    }
    PDMACHANNELSLAVE slave;
    NTSTATUS status = m_port->NewSlaveDmaChannel(&slave, nullptr, resources, 0, MaximumBuffer,
                                                 FALSE, Compatible);
    if (NT_SUCCESS(status)) {
        m_channel = slave;
        PCM_PARTIAL_RESOURCE_DESCRIPTOR dma =
            resources->FindUntranslatedEntry(CmResourceTypeDma, 0);
        DbgPrint("wave: DMA channel %u\n", dma->u.Dma.Channel);
    }
    return status;
}

PAGEABLE STDMETHODIMP_(NTSTATUS)
CyclicMiniport::Init(PUNKNOWN, PRESOURCELIST resources, PPORTWAVECYCLIC port)
{
    m_port = port;
    m_port->AddRef();
    NTSTATUS status = NewChannel(resources);
    return NT_SUCCESS(status) ? UseBuffer(m_channel) : status;
}

PAGEABLE static Wave CreateWave(PDEVICE_OBJECT)
{
    return {CLSID_PortWaveCyclic, new (NonPagedPoolNx) CyclicMiniport()};
}

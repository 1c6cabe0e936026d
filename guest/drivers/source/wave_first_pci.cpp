// A driver for a sound card: a WavePci filter with a bus-master DMA channel and a service group of its
// own, and then the UART.
//
// DriverEntry and the rest are in wave_parts.h.
#include "wave_parts.h"

extern "C" const GUID IID_IMiniportWavePci = {
    0xB4C90A52, 0x5791, 0x11D0, {0x86, 0xF9, 0x00, 0xA0, 0xC9, 0x11, 0xB5, 0x44}};
extern "C" const GUID CLSID_PortWavePci = {
    0xB4C90A54, 0x5791, 0x11D0, {0x86, 0xF9, 0x00, 0xA0, 0xC9, 0x11, 0xB5, 0x44}};

class PciMiniport : public IMiniportWavePci, public CUnknown
{
public:
    DECLARE_STD_UNKNOWN();

    PciMiniport() : CUnknown(nullptr) {}

    ~PciMiniport()
    {
        if (m_channel) {
            m_channel->FreeBuffer();
        }
        ReleaseAndClear(m_channel);
        ReleaseAndClear(m_group);
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

    STDMETHODIMP_(NTSTATUS) Init(PUNKNOWN adapter, PRESOURCELIST resources, PPORTWAVEPCI port,
                                 PSERVICEGROUP *group);

    STDMETHODIMP_(NTSTATUS)
    NewStream(PMINIPORTWAVEPCISTREAM *, PUNKNOWN, POOL_TYPE, PPORTWAVEPCISTREAM, ULONG, BOOLEAN,
              PKSDATAFORMAT, PDMACHANNEL *, PSERVICEGROUP *)
    {
        return STATUS_NOT_IMPLEMENTED;
    }

    STDMETHODIMP_(void) Service() {}

private:
    PPORTWAVEPCI m_port = nullptr;
    PSERVICEGROUP m_group = nullptr;
    PDMACHANNEL m_channel = nullptr;
};

PAGEABLE STDMETHODIMP_(NTSTATUS)
PciMiniport::NonDelegatingQueryInterface(REFIID iid, PVOID *object)
{
    if (IsSameGuid(iid, IID_IUnknown) || IsSameGuid(iid, IID_IMiniport) ||
        IsSameGuid(iid, IID_IMiniportWavePci)) {
        *object = static_cast<PMINIPORTWAVEPCI>(this);
        AddRef();
        return STATUS_SUCCESS;
    }
    *object = nullptr;
    return STATUS_INVALID_PARAMETER;
}

PAGEABLE STDMETHODIMP_(NTSTATUS)
PciMiniport::Init(PUNKNOWN, PRESOURCELIST resources, PPORTWAVEPCI port, PSERVICEGROUP *group)
{
    *group = nullptr;
    m_port = port;
    m_port->AddRef();
    NTSTATUS status = PcNewServiceGroup(&m_group, nullptr);
    if (NT_SUCCESS(status)) {
        status = m_port->NewMasterDmaChannel(&m_channel, nullptr, NonPagedPool, resources, TRUE,
                                             TRUE, FALSE, FALSE, static_cast<DMA_WIDTH>(-1),
                                             static_cast<DMA_SPEED>(-1), MaximumBuffer, 0);
    }
    if (NT_SUCCESS(status)) {
        status = UseBuffer(m_channel);
    }
    if (NT_SUCCESS(status)) {
        *group = m_group;
        m_group->AddRef();
    }
    return status;
}

PAGEABLE static Wave CreateWave(PDEVICE_OBJECT)
{
    return {CLSID_PortWavePci, new (NonPagedPoolNx) PciMiniport()};
}

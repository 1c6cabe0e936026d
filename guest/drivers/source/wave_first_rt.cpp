// A driver for a sound card: a WaveRT filter, whose DMA channel comes from PcNewDmaChannel, and then
// the UART.
//
// DriverEntry and the rest are in wave_parts.h.
#include "wave_parts.h"

extern "C" const GUID IID_IMiniportWaveRT = {
    0x0F9FC4D6, 0x6061, 0x4F3C, {0xB1, 0xFC, 0x07, 0x5E, 0x35, 0xF7, 0x96, 0x0A}};
extern "C" const GUID CLSID_PortWaveRT = {
    0xCC9BE57A, 0xEB9E, 0x42B4, {0x94, 0xFC, 0x0C, 0xAD, 0x3D, 0xBC, 0xE7, 0xFA}};

class RtMiniport : public IMiniportWaveRT, public CUnknown
{
public:
    DECLARE_STD_UNKNOWN();

    explicit RtMiniport(PDEVICE_OBJECT device) : CUnknown(nullptr), m_device(device) {}

    ~RtMiniport()
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

    STDMETHODIMP_(NTSTATUS) Init(PUNKNOWN adapter, PRESOURCELIST resources, PPORTWAVERT port);

    STDMETHODIMP_(NTSTATUS)
    NewStream(PMINIPORTWAVERTSTREAM *, PPORTWAVERTSTREAM, ULONG, BOOLEAN, PKSDATAFORMAT)
    {
        return STATUS_NOT_IMPLEMENTED;
    }

    STDMETHODIMP_(NTSTATUS) GetDeviceDescription(PDEVICE_DESCRIPTION description);

private:
    PDEVICE_OBJECT m_device;
    PPORTWAVERT m_port = nullptr;
    PDMACHANNEL m_channel = nullptr;
};

PAGEABLE STDMETHODIMP_(NTSTATUS)
RtMiniport::NonDelegatingQueryInterface(REFIID iid, PVOID *object)
{
    if (IsSameGuid(iid, IID_IUnknown) || IsSameGuid(iid, IID_IMiniport) ||
        IsSameGuid(iid, IID_IMiniportWaveRT)) {
        *object = static_cast<PMINIPORTWAVERT>(this);
        AddRef();
        return STATUS_SUCCESS;
    }
    *object = nullptr;
    return STATUS_INVALID_PARAMETER;
}

PAGEABLE STDMETHODIMP_(NTSTATUS)
RtMiniport::GetDeviceDescription(PDEVICE_DESCRIPTION description)
{
    RtlZeroMemory(description, sizeof(*description));
    description->Master = TRUE;
    description->ScatterGather = TRUE;
    description->Dma32BitAddresses = TRUE;
    description->InterfaceType = PCIBus;
    description->MaximumLength = MaximumBuffer;
    return STATUS_SUCCESS;
}

PAGEABLE STDMETHODIMP_(NTSTATUS) RtMiniport::Init(PUNKNOWN, PRESOURCELIST, PPORTWAVERT port)
{
    m_port = port;
    m_port->AddRef();
    DEVICE_DESCRIPTION description;
    NTSTATUS status = GetDeviceDescription(&description);
    if (NT_SUCCESS(status)) {
        status = PcNewDmaChannel(&m_channel, nullptr, NonPagedPool, &description, m_device);
    }
    return NT_SUCCESS(status) ? UseBuffer(m_channel) : status;
}

PAGEABLE static Wave CreateWave(PDEVICE_OBJECT device)
{
    return {CLSID_PortWaveRT, new (NonPagedPoolNx) RtMiniport(device)};
}

// The system's miniports as a sound card's driver uses them: one interrupt for all subdevices, and a
// list of resources of its own for each. It has an FM synthesizer, whose failure it ignores.
//
// DriverEntry and the rest are in system_adapter.h.
#include "system_adapter.h"
#include "unknown.cpp"

// The classes of the UART's port and miniport, which a driver can set before it includes this file.
#ifndef UART_CLASSES
#define UART_CLASSES CLSID_PortDMus, CLSID_MiniportDriverDMusUART
#endif

extern "C" const GUID IID_IInterruptSync = {
    0x22C6AC63, 0x851B, 0x11D0, {0x9A, 0x7F, 0x00, 0xAA, 0x00, 0x38, 0xAC, 0xFE}};

// What the driver's miniports share, handed to each of them as the unknown of the adapter.
class AdapterCommon : public CUnknown
{
public:
    DECLARE_STD_UNKNOWN();

    explicit AdapterCommon(PINTERRUPTSYNC interrupt) : CUnknown(nullptr), m_interrupt(interrupt)
    {
        m_interrupt->AddRef();
    }

    ~AdapterCommon()
    {
        m_interrupt->Release();
    }

private:
    PINTERRUPTSYNC m_interrupt;
};

PAGEABLE STDMETHODIMP_(NTSTATUS)
AdapterCommon::NonDelegatingQueryInterface(REFIID iid, PVOID *object)
{
    if (IsSameGuid(iid, IID_IInterruptSync)) {
        m_interrupt->AddRef();
        *object = m_interrupt;
        return STATUS_SUCCESS;
    }
    return CUnknown::NonDelegatingQueryInterface(iid, object);
}

PAGEABLE static NTSTATUS InstallUart(PDEVICE_OBJECT device, PIRP irp, PUNKNOWN adapter,
                                     PRESOURCELIST parent)
{
    PRESOURCELIST ports;
    NTSTATUS status = PcNewResourceSublist(&ports, nullptr, PagedPool, parent, 1);
    if (!NT_SUCCESS(status)) {
        return status;
    }
    status = ports->AddEntryFromParent(parent, CmResourceTypePort, 0);
    if (NT_SUCCESS(status)) {
        status = InstallSubdevice(device, irp, L"Uart", UART_CLASSES, adapter, ports);
    }
    ports->Release();
    return status;
}

PAGEABLE static NTSTATUS NTAPI StartDevice(PDEVICE_OBJECT device, PIRP irp,
                                           PRESOURCELIST resources)
{
    PINTERRUPTSYNC interrupt;
    NTSTATUS status =
        PcNewInterruptSync(&interrupt, nullptr, resources, 0, InterruptSyncModeNormal);
    if (!NT_SUCCESS(status)) {
        return status;
    }
    AdapterCommon *common = new (NonPagedPoolNx) AdapterCommon(interrupt);
    interrupt->Release();
    if (!common) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    PUNKNOWN adapter = common->GetOuterUnknown();
    adapter->AddRef();
    // A card without an FM synthesizer plays through its UART all the same.
    InstallSubdevice(device, irp, L"FmSynth", CLSID_PortMidi, CLSID_MiniportDriverFmSynth, adapter,
                     resources);
    status = InstallUart(device, irp, adapter, resources);
    adapter->Release();
    return status;
}

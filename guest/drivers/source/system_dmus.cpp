// A driver without MIDI code: the system's UART miniport behind IMiniportDMus.
//
// DriverEntry and the rest are in system_adapter.h.
#include "system_adapter.h"
#include "unknown.cpp"

PAGEABLE static NTSTATUS NTAPI StartDevice(PDEVICE_OBJECT device, PIRP irp,
                                           PRESOURCELIST resources)
{
    return InstallSubdevice(device, irp, L"Uart", CLSID_PortDMus, CLSID_MiniportDriverDMusUART,
                            nullptr, resources);
}

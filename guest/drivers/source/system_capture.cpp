// A driver without MIDI code: the system's miniport of the class for capture. It plays too.
//
// DriverEntry and the rest are in system_adapter.h.
#include "system_adapter.h"
#include "system_capture.h"
#include "unknown.cpp"

PAGEABLE static NTSTATUS NTAPI StartDevice(PDEVICE_OBJECT device, PIRP irp,
                                           PRESOURCELIST resources)
{
    return InstallSubdevice(device, irp, L"Uart", CLSID_PortDMus,
                            CLSID_MiniportDriverDMusUARTCapture, nullptr, resources);
}

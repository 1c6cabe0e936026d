// The adapter driver around a UART miniport: from DriverEntry to unload.
#include "miniport.h"

// The class of the port, which a driver can set before it includes this file.
#ifndef PORT_CLASS
#define PORT_CLASS CLSID_PortMidi
#endif

// Subdevices of one device: the UART.
constexpr ULONG MaxObjects = 1;

// The reference string of the subdevice, which must stay where it is.
static WCHAR SubdeviceName[] = L"Uart";

// Gives a port its miniport and shows both to the system.
PAGEABLE static NTSTATUS InstallSubdevice(PDEVICE_OBJECT device, PIRP irp,
                                          PRESOURCELIST resources, PPORT port)
{
    UartMiniport *created = CreateMiniport();
    if (!created) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    PMINIPORTMIDI miniport = created;
    miniport->AddRef();
    NTSTATUS status = port->Init(device, irp, miniport, nullptr, resources);
    if (NT_SUCCESS(status)) {
        status = PcRegisterSubdevice(device, SubdeviceName, port);
    }
    miniport->Release();
    return status;
}

PAGEABLE static NTSTATUS NTAPI StartDevice(PDEVICE_OBJECT device, PIRP irp,
                                           PRESOURCELIST resources)
{
    PPORT port;
    NTSTATUS status = PcNewPort(&port, PORT_CLASS);
    if (NT_SUCCESS(status)) {
        status = InstallSubdevice(device, irp, resources, port);
        port->Release();
    }
    return status;
}

PAGEABLE static NTSTATUS NTAPI AddDevice(PDRIVER_OBJECT driver, PDEVICE_OBJECT physicalDevice)
{
    return PcAddAdapterDevice(driver, physicalDevice, StartDevice, MaxObjects, 0);
}

PAGEABLE static void NTAPI Unload(PDRIVER_OBJECT)
{
    // Everything went with the devices; without the routine the image would stay for ever.
}

extern "C" PAGEABLE NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT driver, PUNICODE_STRING registryPath)
{
    NTSTATUS status = PcInitializeAdapterDriver(driver, registryPath, AddDevice);
    if (NT_SUCCESS(status)) {
        driver->DriverUnload = Unload;
    }
    return status;
}

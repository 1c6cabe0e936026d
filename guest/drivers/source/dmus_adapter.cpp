// The adapter driver around a DirectMusic miniport: from DriverEntry to unload.
#include "dmus_miniport.h"

// Subdevices of one device: the UART.
constexpr ULONG MaxDmusObjects = 1;

// The reference string of the subdevice, which must stay where it is.
static WCHAR DmusSubdeviceName[] = L"Uart";

PAGEABLE static NTSTATUS InstallDmus(PDEVICE_OBJECT device, PIRP irp, PRESOURCELIST resources,
                                     PPORT port)
{
    PMINIPORTDMUS miniport = CreateDmusMiniport();
    if (!miniport) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    miniport->AddRef();
    NTSTATUS status = port->Init(device, irp, miniport, nullptr, resources);
    if (NT_SUCCESS(status)) {
        status = PcRegisterSubdevice(device, DmusSubdeviceName, port);
    }
    miniport->Release();
    return status;
}

PAGEABLE static NTSTATUS NTAPI StartDmus(PDEVICE_OBJECT device, PIRP irp, PRESOURCELIST resources)
{
    PPORT port;
    NTSTATUS status = PcNewPort(&port, CLSID_PortDMus);
    if (NT_SUCCESS(status)) {
        status = InstallDmus(device, irp, resources, port);
        port->Release();
    }
    return status;
}

PAGEABLE static NTSTATUS NTAPI AddDmus(PDRIVER_OBJECT driver, PDEVICE_OBJECT physicalDevice)
{
    return PcAddAdapterDevice(driver, physicalDevice, StartDmus, MaxDmusObjects, 0);
}

PAGEABLE static void NTAPI UnloadDmus(PDRIVER_OBJECT)
{
    // All objects went with the devices. Without the routine the image would stay for ever.
}

extern "C" PAGEABLE NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT driver, PUNICODE_STRING registryPath)
{
    NTSTATUS status = PcInitializeAdapterDriver(driver, registryPath, AddDmus);
    if (NT_SUCCESS(status)) {
        driver->DriverUnload = UnloadDmus;
    }
    return status;
}

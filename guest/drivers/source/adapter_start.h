// An adapter driver from DriverEntry to unload, all of it but StartDevice.
//
// The file that includes this one defines StartDevice. Before, it may define AT_ENTRY, a function
// that gets the driver object when the entries of PortCls are in it, and AT_UNLOAD, a function that
// is called when the devices are gone.
#pragma once
#include "unknown.h"

// Subdevices of one device: the UART, and one more that some drivers have.
constexpr ULONG MaxObjects = 2;

static NTSTATUS NTAPI StartDevice(PDEVICE_OBJECT device, PIRP irp, PRESOURCELIST resources);

PAGEABLE static NTSTATUS NTAPI AddDevice(PDRIVER_OBJECT driver, PDEVICE_OBJECT physicalDevice)
{
    return PcAddAdapterDevice(driver, physicalDevice, StartDevice, MaxObjects, 0);
}

PAGEABLE static void NTAPI Unload(PDRIVER_OBJECT)
{
    // The rest went with the devices; without the routine the image would stay for ever.
#ifdef AT_UNLOAD
    AT_UNLOAD();
#endif
}

extern "C" PAGEABLE NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT driver, PUNICODE_STRING registryPath)
{
    NTSTATUS status = PcInitializeAdapterDriver(driver, registryPath, AddDevice);
    if (NT_SUCCESS(status)) {
        driver->DriverUnload = Unload;
#ifdef AT_ENTRY
        AT_ENTRY(driver);
#endif
    }
    return status;
}

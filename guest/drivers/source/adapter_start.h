// An adapter driver from DriverEntry to unload, all of it but StartDevice.
//
// The file that includes this one defines StartDevice. It can set PNP_ROUTINE, its own routine for
// requests of Plug and Play, which then takes them before PortCls.
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
    // Everything went with the devices; without the routine the image would stay for ever.
}

extern "C" PAGEABLE NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT driver, PUNICODE_STRING registryPath)
{
    NTSTATUS status = PcInitializeAdapterDriver(driver, registryPath, AddDevice);
    if (NT_SUCCESS(status)) {
        driver->DriverUnload = Unload;
#ifdef PNP_ROUTINE
        driver->MajorFunction[IRP_MJ_PNP] = PNP_ROUTINE;
#endif
    }
    return status;
}

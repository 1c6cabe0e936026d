// An adapter driver whose miniports come with the system: all of it but StartDevice.
//
// The file that includes this one defines StartDevice. It is built alone, so it includes
// unknown.cpp too.
#pragma once
#include "adapter_start.h"
#include "system_classes.h"

// Gives a port of the system a miniport of the system and shows both to the system.
PAGEABLE static NTSTATUS InstallSubdevice(PDEVICE_OBJECT device, PIRP irp, PCWSTR name,
                                          REFGUID portClass, REFGUID miniportClass,
                                          PUNKNOWN adapter, PRESOURCELIST resources)
{
    PPORT port;
    NTSTATUS status = PcNewPort(&port, portClass);
    if (!NT_SUCCESS(status)) {
        return status;
    }
    PMINIPORT miniport;
    status = PcNewMiniport(&miniport, miniportClass);
    if (NT_SUCCESS(status)) {
        status = port->Init(device, irp, miniport, adapter, resources);
        if (NT_SUCCESS(status)) {
            status = PcRegisterSubdevice(device, const_cast<PWSTR>(name), port);
        }
        miniport->Release();
    }
    port->Release();
    return status;
}

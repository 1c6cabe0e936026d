// All parts of a UART driver but its StartDevice, compiled as one source.
#pragma once

#include "adapter_start.h"

#include "card.cpp"
#include "descriptor.cpp"
#include "hardware.cpp"
#include "miniport.cpp"
#include "stream.cpp"
#include "unknown.cpp"

// Makes a port, gives it its miniport and shows both to the system. The request, the adapter's
// object and the list of resources may be null. The caller gets the port with a reference.
PAGEABLE static NTSTATUS InstallPort(PDEVICE_OBJECT device, PIRP irp, PCWSTR name,
                                     REFCLSID portClass, PUNKNOWN miniport, PUNKNOWN adapter,
                                     PRESOURCELIST resources, PPORT *out)
{
    PPORT port;
    NTSTATUS status = PcNewPort(&port, portClass);
    if (!NT_SUCCESS(status)) {
        return status;
    }
    status = port->Init(device, irp, miniport, adapter, resources);
    if (NT_SUCCESS(status)) {
        status = PcRegisterSubdevice(device, const_cast<PWSTR>(name), port);
    }
    if (NT_SUCCESS(status)) {
        *out = port;
    } else {
        port->Release();
    }
    return status;
}

// The same with a new miniport and a port for MIDI, which needs no other reference.
PAGEABLE static inline NTSTATUS InstallMidi(PDEVICE_OBJECT device, PIRP irp, PCWSTR name,
                                            PMINIPORTMIDI miniport, PUNKNOWN adapter,
                                            PRESOURCELIST resources)
{
    if (!miniport) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    miniport->AddRef();
    PPORT port;
    NTSTATUS status =
        InstallPort(device, irp, name, CLSID_PortMidi, miniport, adapter, resources, &port);
    if (NT_SUCCESS(status)) {
        port->Release();
    }
    miniport->Release();
    return status;
}

// All parts of a UART driver but its StartDevice, compiled as one source.
#pragma once

#include "adapter_start.h"

#include "card.cpp"
#include "descriptor.cpp"
#include "hardware.cpp"
#include "miniport.cpp"
#include "stream.cpp"
#include "unknown.cpp"

// Gives a MIDI port its miniport and shows both to the system. The request, the adapter's object
// and the list of resources may be null.
PAGEABLE static NTSTATUS InstallMidi(PDEVICE_OBJECT device, PIRP irp, PCWSTR name,
                                     PMINIPORTMIDI miniport, PUNKNOWN adapter,
                                     PRESOURCELIST resources)
{
    if (!miniport) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    miniport->AddRef();
    PPORT port;
    NTSTATUS status = PcNewPort(&port, CLSID_PortMidi);
    if (NT_SUCCESS(status)) {
        status = port->Init(device, irp, miniport, adapter, resources);
        if (NT_SUCCESS(status)) {
            status = PcRegisterSubdevice(device, const_cast<PWSTR>(name), port);
        }
        port->Release();
    }
    miniport->Release();
    return status;
}

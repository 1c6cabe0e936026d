// An adapter driver whose miniports come with the system: all of it but StartDevice.
//
// The file that includes this one defines StartDevice. It is built alone, so it includes
// unknown.cpp too.
#pragma once
#include "adapter_start.h"

// The classes of the system. Source: WDK, portcls.h and dmusicks.h.
extern "C" const GUID CLSID_PortDMus = {
    0xB7902FE9, 0xFB0A, 0x11D1, {0x81, 0xB0, 0x00, 0x60, 0x08, 0x33, 0x16, 0xC1}};
extern "C" const GUID CLSID_MiniportDriverUart = {
    0xB4C90AE1, 0x5791, 0x11D0, {0x86, 0xF9, 0x00, 0xA0, 0xC9, 0x11, 0xB5, 0x44}};
extern "C" const GUID CLSID_MiniportDriverFmSynth = {
    0xB4C90AE0, 0x5791, 0x11D0, {0x86, 0xF9, 0x00, 0xA0, 0xC9, 0x11, 0xB5, 0x44}};
extern "C" const GUID CLSID_MiniportDriverDMusUART = {
    0xD3F0CE1C, 0xFFFC, 0x11D1, {0x81, 0xB0, 0x00, 0x60, 0x08, 0x33, 0x16, 0xC1}};

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

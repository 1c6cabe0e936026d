// What the headers of mingw-w64 lack for a topology, and the identifiers that they only declare.
// Source: WDK, portcls.h.
#pragma once

extern "C" const GUID CLSID_PortTopology = {
    0xB4C90A32, 0x5791, 0x11D0, {0x86, 0xF9, 0x00, 0xA0, 0xC9, 0x11, 0xB5, 0x44}};
extern "C" const GUID IID_IMiniportTopology = {
    0xB4C90A31, 0x5791, 0x11D0, {0x86, 0xF9, 0x00, 0xA0, 0xC9, 0x11, 0xB5, 0x44}};
extern "C" const GUID IID_IPortEvents = {
    0xA80F29C4, 0x5498, 0x11D2, {0x95, 0xD9, 0x00, 0xC0, 0x4F, 0xB9, 0x25, 0xD3}};
extern "C" const GUID IID_IUnregisterSubdevice = {
    0x16738177, 0xE199, 0x41F9, {0x9A, 0x87, 0xAB, 0xB2, 0xA5, 0x43, 0x2F, 0x21}};
extern "C" const GUID IID_IUnregisterPhysicalConnection = {
    0x6C38E231, 0x2A0D, 0x428D, {0x81, 0xF8, 0x07, 0xCC, 0x42, 0x8B, 0xB9, 0xA4}};
static const GUID IID_IPinName = {
    0x29CC9AB1, 0xE89D, 0x413C, {0xB6, 0xB2, 0xF6, 0xD5, 0x00, 0x05, 0xD0, 0x63}};
static const GUID IID_IAdapterPowerManagement3 = {
    0xA8C7303E, 0xF80C, 0x4BC9, {0xB2, 0xE3, 0xFB, 0x2D, 0x08, 0xBE, 0x92, 0x0F}};

#undef INTERFACE
#define INTERFACE IPinName

DECLARE_INTERFACE_(IPinName, IUnknown)
{
    DEFINE_ABSTRACT_UNKNOWN()

    STDMETHOD_(NTSTATUS, GetPinName)(THIS_ PIRP Irp, PKSP_PIN Pin, PVOID Data) PURE;
};

// The exit latency is an enumeration in the header: 0 instant, 1 fast, 2 responsive.
#undef INTERFACE
#define INTERFACE IAdapterPowerManagement3

DECLARE_INTERFACE_(IAdapterPowerManagement3, IUnknown)
{
    DEFINE_ABSTRACT_UNKNOWN()

    STDMETHOD_(void, PowerChangeState)(THIS_ POWER_STATE NewState) PURE;
    STDMETHOD_(NTSTATUS, QueryPowerChangeState)(THIS_ POWER_STATE NewState) PURE;
    STDMETHOD_(NTSTATUS, QueryDeviceCapabilities)(THIS_ PDEVICE_CAPABILITIES Capabilities) PURE;
    STDMETHOD_(void, PowerChangeState2)(THIS_ DEVICE_POWER_STATE Device, SYSTEM_POWER_STATE System)
        PURE;
    STDMETHOD_(void, PowerChangeState3)(THIS_ DEVICE_POWER_STATE Device, SYSTEM_POWER_STATE System,
                                        ULONG ExitLatency) PURE;
    STDMETHOD_(NTSTATUS, D3ExitLatencyChanged)(THIS_ ULONG ExitLatency) PURE;
};

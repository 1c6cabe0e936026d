// A good driver that registers an object for power management in StartDevice, each time anew, and
// never unregisters it, as drivers did before there was a routine for it.
//
// DriverEntry and the rest are in uart_parts.h.
#include "uart_parts.h"

extern "C" const GUID IID_IAdapterPowerManagement = {
    0x793417D0, 0x35FE, 0x11D1, {0xAD, 0x08, 0x00, 0xA0, 0xC9, 0x0A, 0xB1, 0xB0}};

// How often the device was started since the driver was loaded.
static ULONG Starts;

class AdapterPower : public IAdapterPowerManagement, public CUnknown
{
public:
    DECLARE_STD_UNKNOWN();

    explicit AdapterPower(ULONG start) : CUnknown(nullptr), m_start(start) {}

    // A card has one state of power, so what there is to do is up to the UART.
    STDMETHODIMP_(void) PowerChangeState(POWER_STATE state)
    {
        DbgPrint("power of start %u: D%u\n", m_start, state.DeviceState - PowerDeviceD0);
    }

    STDMETHODIMP_(NTSTATUS) QueryPowerChangeState(POWER_STATE)
    {
        return STATUS_SUCCESS;
    }

    STDMETHODIMP_(NTSTATUS) QueryDeviceCapabilities(PDEVICE_CAPABILITIES)
    {
        return STATUS_SUCCESS;
    }

private:
    const ULONG m_start;
};

STDMETHODIMP_(NTSTATUS) AdapterPower::NonDelegatingQueryInterface(REFIID iid, PVOID *object)
{
    if (IsSameGuid(iid, IID_IUnknown) || IsSameGuid(iid, IID_IAdapterPowerManagement)) {
        *object = static_cast<PADAPTERPOWERMANAGEMENT>(this);
        AddRef();
        return STATUS_SUCCESS;
    }
    *object = nullptr;
    return STATUS_INVALID_PARAMETER;
}

PAGEABLE static NTSTATUS NTAPI StartDevice(PDEVICE_OBJECT device, PIRP irp,
                                           PRESOURCELIST resources)
{
    AdapterPower *power = new (NonPagedPoolNx) AdapterPower(++Starts);
    if (!power) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    PUNKNOWN adapter = static_cast<PADAPTERPOWERMANAGEMENT>(power);
    adapter->AddRef();
    NTSTATUS status = PcRegisterAdapterPowerManagement(adapter, device);
    if (NT_SUCCESS(status)) {
        status = InstallMidi(device, irp, L"Uart", new (NonPagedPoolNx) UartMiniport(), adapter,
                             resources);
    }
    adapter->Release();
    return status;
}

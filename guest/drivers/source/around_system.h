// A miniport of the system with a miniport of the driver's own around it: what both kinds share.
//
// The file that includes this one defines StartDevice.
#pragma once
#include "adapter_start.h"
#include "system_classes.h"
#include "unknown.cpp"

// The inner miniport behind two of its interfaces.
template <class Miniport> class Inner
{
public:
    ~Inner()
    {
        ReleaseAndClear(power);
        ReleaseAndClear(miniport);
    }

    // Makes the miniport of the system.
    NTSTATUS Make(REFGUID miniportClass, REFIID iid)
    {
        PMINIPORT made;
        NTSTATUS status = PcNewMiniport(&made, miniportClass);
        if (!NT_SUCCESS(status)) {
            return status;
        }
        status = made->QueryInterface(iid, reinterpret_cast<PVOID *>(&miniport));
        if (NT_SUCCESS(status)) {
            status = made->QueryInterface(IID_IPowerNotify, reinterpret_cast<PVOID *>(&power));
        }
        made->Release();
        return status;
    }

    Miniport *miniport = nullptr;
    PPOWERNOTIFY power = nullptr;
};

// What the outer miniports pass on in the same way.
template <class Miniport> class AroundSystem : public Miniport, public IPowerNotify, public CUnknown
{
public:
    AroundSystem() : CUnknown(nullptr) {}

    STDMETHODIMP_(NTSTATUS) QueryInterface(REFIID iid, PVOID *object)
    {
        return GetOuterUnknown()->QueryInterface(iid, object);
    }

    STDMETHODIMP_(ULONG) AddRef()
    {
        return GetOuterUnknown()->AddRef();
    }

    STDMETHODIMP_(ULONG) Release()
    {
        return GetOuterUnknown()->Release();
    }

    STDMETHODIMP_(NTSTATUS) NonDelegatingQueryInterface(REFIID iid, PVOID *object)
    {
        if (IsSameGuid(iid, IID_IUnknown) || IsSameGuid(iid, IID_IMiniport) ||
            IsSameGuid(iid, m_iid)) {
            *object = static_cast<Miniport *>(this);
        } else if (IsSameGuid(iid, IID_IPowerNotify)) {
            *object = static_cast<PPOWERNOTIFY>(this);
        } else {
            *object = nullptr;
            return STATUS_INVALID_PARAMETER;
        }
        AddRef();
        return STATUS_SUCCESS;
    }

    NTSTATUS Make(REFGUID miniportClass, REFIID iid)
    {
        m_iid = iid;
        return m_inner.Make(miniportClass, iid);
    }

    // The port calls this after Init, so the inner miniport has its description then.
    STDMETHODIMP_(NTSTATUS) GetDescription(PPCFILTER_DESCRIPTOR *description)
    {
        NTSTATUS status = m_inner.miniport->GetDescription(description);
        if (NT_SUCCESS(status)) {
            DbgPrint("around: %u pins, %u nodes\n", (*description)->PinCount,
                     (*description)->NodeCount);
        }
        return status;
    }

    STDMETHODIMP_(NTSTATUS)
    DataRangeIntersection(ULONG pin, PKSDATARANGE clientRange, PKSDATARANGE pinRange,
                          ULONG outputLength, PVOID output, PULONG resultLength)
    {
        NTSTATUS status = m_inner.miniport->DataRangeIntersection(
            pin, clientRange, pinRange, outputLength, output, resultLength);
        DbgPrint("around: intersection of pin %u: %X\n", pin, status);
        return status;
    }

    STDMETHODIMP_(void) Service()
    {
        m_inner.miniport->Service();
    }

    STDMETHODIMP_(void) PowerChangeNotify(POWER_STATE state)
    {
        DbgPrint("around: power D%u\n", state.DeviceState - PowerDeviceD0);
        m_inner.power->PowerChangeNotify(state);
    }

protected:
    Inner<Miniport> m_inner;

private:
    GUID m_iid = {};
};

// Gives a port of the system a miniport around one of the system, and shows both to the system.
template <class Around>
PAGEABLE NTSTATUS InstallAround(PDEVICE_OBJECT device, PIRP irp, PRESOURCELIST resources,
                                REFGUID portClass, REFGUID miniportClass, REFIID iid)
{
    Around *around = new (NonPagedPoolNx) Around();
    if (!around) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    PUNKNOWN unknown = around->GetOuterUnknown();
    unknown->AddRef();
    NTSTATUS status = around->Make(miniportClass, iid);
    PPORT port = nullptr;
    if (NT_SUCCESS(status)) {
        status = PcNewPort(&port, portClass);
    }
    if (NT_SUCCESS(status)) {
        status = port->Init(device, irp, static_cast<PMINIPORT>(around), nullptr, resources);
    }
    if (NT_SUCCESS(status)) {
        status = PcRegisterSubdevice(device, const_cast<PWSTR>(L"Uart"), port);
    }
    if (port) {
        port->Release();
    }
    unknown->Release();
    return status;
}

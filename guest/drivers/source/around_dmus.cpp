// A good driver whose miniport and streams stand around those of the system's DirectMusic miniport, and
// pass every call on. A sink of the driver's own stands between the inner capture stream and the port.
//
// DriverEntry and the rest are in around_system.h.
#include "around_system.h"

#include <dmusicks.h>

// The identifiers of DirectMusic that the headers only declare or leave out. Source: WDK, dmusicks.h.
extern "C" const GUID IID_IMiniportDMus = {
    0xC096DF9D, 0xFB09, 0x11D1, {0x81, 0xB0, 0x00, 0x60, 0x08, 0x33, 0x16, 0xC1}};
static const GUID MxfInterface = {
    0xC096DF9E, 0xFB09, 0x11D1, {0x81, 0xB0, 0x00, 0x60, 0x08, 0x33, 0x16, 0xC1}};

// A sink that counts events and puts them to another one, which it does not own.
class CountingSink : public IMXF, public CUnknown
{
public:
    DECLARE_STD_UNKNOWN();

    explicit CountingSink(PMXF output) : CUnknown(nullptr), m_output(output) {}

    STDMETHODIMP_(NTSTATUS) SetState(KSSTATE state)
    {
        return m_output->SetState(state);
    }

    STDMETHODIMP_(NTSTATUS) PutMessage(PDMUS_KERNEL_EVENT event)
    {
        for (PDMUS_KERNEL_EVENT each = event; each; each = each->pNextEvt) {
            events++;
        }
        return m_output->PutMessage(event);
    }

    STDMETHODIMP_(NTSTATUS) ConnectOutput(PMXF output)
    {
        return m_output->ConnectOutput(output);
    }

    STDMETHODIMP_(NTSTATUS) DisconnectOutput(PMXF output)
    {
        return m_output->DisconnectOutput(output);
    }

    ULONG events = 0;

private:
    PMXF m_output;
};

STDMETHODIMP_(NTSTATUS) CountingSink::NonDelegatingQueryInterface(REFIID iid, PVOID *object)
{
    if (IsSameGuid(iid, IID_IUnknown) || IsSameGuid(iid, MxfInterface)) {
        *object = static_cast<PMXF>(this);
        AddRef();
        return STATUS_SUCCESS;
    }
    *object = nullptr;
    return STATUS_INVALID_PARAMETER;
}

// A stream around an inner one.
class AroundStream : public IMXF, public CUnknown
{
public:
    DECLARE_STD_UNKNOWN();

    // Takes the reference to the inner stream.
    explicit AroundStream(PMXF inner) : CUnknown(nullptr), m_inner(inner) {}

    ~AroundStream()
    {
        DbgPrint("around: %u events out, %u events in\n", m_put, m_sent);
        ReleaseAndClear(m_sink);
        m_inner->Release();
    }

    STDMETHODIMP_(NTSTATUS) SetState(KSSTATE state)
    {
        return m_inner->SetState(state);
    }

    STDMETHODIMP_(NTSTATUS) PutMessage(PDMUS_KERNEL_EVENT event)
    {
        for (PDMUS_KERNEL_EVENT each = event; each; each = each->pNextEvt) {
            m_put++;
        }
        return m_inner->PutMessage(event);
    }

    STDMETHODIMP_(NTSTATUS) ConnectOutput(PMXF output)
    {
        m_sink = new (NonPagedPoolNx) CountingSink(output);
        if (!m_sink) {
            return STATUS_INSUFFICIENT_RESOURCES;
        }
        m_sink->AddRef();
        NTSTATUS status = m_inner->ConnectOutput(m_sink);
        if (!NT_SUCCESS(status)) {
            ReleaseAndClear(m_sink);
        }
        return status;
    }

    STDMETHODIMP_(NTSTATUS) DisconnectOutput(PMXF)
    {
        if (!m_sink) {
            return STATUS_UNSUCCESSFUL;
        }
        NTSTATUS status = m_inner->DisconnectOutput(m_sink);
        m_sent = m_sink->events;
        ReleaseAndClear(m_sink);
        return status;
    }

private:
    PMXF m_inner;
    CountingSink *m_sink = nullptr;
    ULONG m_put = 0;
    ULONG m_sent = 0;
};

STDMETHODIMP_(NTSTATUS) AroundStream::NonDelegatingQueryInterface(REFIID iid, PVOID *object)
{
    if (IsSameGuid(iid, IID_IUnknown) || IsSameGuid(iid, MxfInterface)) {
        *object = static_cast<PMXF>(this);
        AddRef();
        return STATUS_SUCCESS;
    }
    *object = nullptr;
    return STATUS_INVALID_PARAMETER;
}

class AroundDmus : public AroundSystem<IMiniportDMus>
{
public:
    STDMETHODIMP_(NTSTATUS) Init(PUNKNOWN adapter, PRESOURCELIST resources, PPORTDMUS port,
                                 PSERVICEGROUP *group)
    {
        return m_inner.miniport->Init(adapter, resources, port, group);
    }

    STDMETHODIMP_(NTSTATUS) NewStream(PMXF *stream, PUNKNOWN outer, POOL_TYPE pool, ULONG pin,
                                      DMUS_STREAM_TYPE type, PKSDATAFORMAT format,
                                      PSERVICEGROUP *group, PAllocatorMXF allocator,
                                      PMASTERCLOCK clock, PULONGLONG schedulePreFetch)
    {
        PMXF inner;
        NTSTATUS status = m_inner.miniport->NewStream(&inner, outer, pool, pin, type, format,
                                                      group, allocator, clock, schedulePreFetch);
        if (!NT_SUCCESS(status)) {
            return status;
        }
        AroundStream *around = new (NonPagedPoolNx) AroundStream(inner);
        if (!around) {
            inner->Release();
            ReleaseAndClear(*group);
            return STATUS_INSUFFICIENT_RESOURCES;
        }
        around->AddRef();
        *stream = around;
        return STATUS_SUCCESS;
    }
};

PAGEABLE static NTSTATUS NTAPI StartDevice(PDEVICE_OBJECT device, PIRP irp,
                                           PRESOURCELIST resources)
{
    return InstallAround<AroundDmus>(device, irp, resources, CLSID_PortDMus,
                                     CLSID_MiniportDriverDMusUART, IID_IMiniportDMus);
}

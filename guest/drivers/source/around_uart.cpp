// A good driver whose miniport and streams stand around those of the system's UART miniport, and pass
// every call on.
//
// DriverEntry and the rest are in around_system.h.
#include "around_system.h"

class AroundStream : public IMiniportMidiStream, public CUnknown
{
public:
    DECLARE_STD_UNKNOWN();

    // Takes the reference to the inner stream.
    explicit AroundStream(PMINIPORTMIDISTREAM inner) : CUnknown(nullptr), m_inner(inner) {}

    ~AroundStream()
    {
        DbgPrint("around: %u bytes out, %u bytes in\n", m_written, m_read);
        m_inner->Release();
    }

    STDMETHODIMP_(NTSTATUS) SetFormat(PKSDATAFORMAT format)
    {
        return m_inner->SetFormat(format);
    }

    STDMETHODIMP_(NTSTATUS) SetState(KSSTATE state)
    {
        return m_inner->SetState(state);
    }

    STDMETHODIMP_(NTSTATUS) Read(PVOID buffer, ULONG length, PULONG count)
    {
        NTSTATUS status = m_inner->Read(buffer, length, count);
        m_read += NT_SUCCESS(status) ? *count : 0;
        return status;
    }

    STDMETHODIMP_(NTSTATUS) Write(PVOID buffer, ULONG length, PULONG count)
    {
        NTSTATUS status = m_inner->Write(buffer, length, count);
        m_written += NT_SUCCESS(status) ? *count : 0;
        return status;
    }

private:
    PMINIPORTMIDISTREAM m_inner;
    ULONG m_read = 0;
    ULONG m_written = 0;
};

STDMETHODIMP_(NTSTATUS) AroundStream::NonDelegatingQueryInterface(REFIID iid, PVOID *object)
{
    if (IsSameGuid(iid, IID_IUnknown) || IsSameGuid(iid, IID_IMiniportMidiStream)) {
        *object = static_cast<PMINIPORTMIDISTREAM>(this);
        AddRef();
        return STATUS_SUCCESS;
    }
    *object = nullptr;
    return STATUS_INVALID_PARAMETER;
}

class AroundUart : public AroundSystem<IMiniportMidi>
{
public:
    STDMETHODIMP_(NTSTATUS) Init(PUNKNOWN adapter, PRESOURCELIST resources, PPORTMIDI port,
                                 PSERVICEGROUP *group)
    {
        return m_inner.miniport->Init(adapter, resources, port, group);
    }

    STDMETHODIMP_(NTSTATUS) NewStream(PMINIPORTMIDISTREAM *stream, PUNKNOWN outer, POOL_TYPE pool,
                                      ULONG pin, BOOLEAN capture, PKSDATAFORMAT format,
                                      PSERVICEGROUP *group)
    {
        PMINIPORTMIDISTREAM inner;
        NTSTATUS status =
            m_inner.miniport->NewStream(&inner, outer, pool, pin, capture, format, group);
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
    return InstallAround<AroundUart>(device, irp, resources, CLSID_PortMidi,
                                     CLSID_MiniportDriverUart, IID_IMiniportMidi);
}

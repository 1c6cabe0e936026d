// The system's UART miniport with an interrupt sync object that is the driver's own: it keeps the
// service routines of the miniports itself, and counts what it runs for them.
//
// DriverEntry and the rest are in system_adapter.h.
#include "system_adapter.h"
#include "unknown.cpp"

extern "C" const GUID IID_IInterruptSync = {
    0x22C6AC63, 0x851B, 0x11D0, {0x9A, 0x7F, 0x00, 0xAA, 0x00, 0x38, 0xAC, 0xFE}};

constexpr ULONG MaxRoutines = 4;

class OwnInterruptSync : public IInterruptSync, public CUnknown
{
public:
    DECLARE_STD_UNKNOWN();

    explicit OwnInterruptSync(PINTERRUPTSYNC inner) : CUnknown(nullptr), m_inner(inner)
    {
        m_inner->AddRef();
    }

    ~OwnInterruptSync()
    {
        DbgPrint("own sync: %u routines served, %u routines synchronized\n", m_served,
                 m_synchronized);
        m_inner->Release();
    }

    NTSTATUS RegisterWithInner()
    {
        return m_inner->RegisterServiceRoutine(Serve, this, FALSE);
    }

    STDMETHODIMP_(NTSTATUS) CallSynchronizedRoutine(PINTERRUPTSYNCROUTINE routine, PVOID context);

    STDMETHODIMP_(PKINTERRUPT) GetKInterrupt()
    {
        return m_inner->GetKInterrupt();
    }

    STDMETHODIMP_(NTSTATUS) Connect()
    {
        return m_inner->Connect();
    }

    STDMETHODIMP_(void) Disconnect()
    {
        m_inner->Disconnect();
    }

    STDMETHODIMP_(NTSTATUS)
    RegisterServiceRoutine(PINTERRUPTSYNCROUTINE routine, PVOID context, BOOLEAN first);

private:
    struct Routine {
        PINTERRUPTSYNCROUTINE routine;
        PVOID context;
    };

    // A synchronized call that is on its way through the kernel.
    struct SynchronizedCall {
        OwnInterruptSync *sync;
        Routine routine;
        NTSTATUS status;
    };

    static NTSTATUS NTAPI Serve(PINTERRUPTSYNC, PVOID sync);
    static BOOLEAN NTAPI RunWithInterrupt(PVOID call);
    static NTSTATUS NTAPI RunWithInner(PINTERRUPTSYNC, PVOID call);

    PINTERRUPTSYNC m_inner;
    Routine m_routines[MaxRoutines] = {};
    ULONG m_count = 0;
    ULONG m_served = 0;
    ULONG m_synchronized = 0;
};

STDMETHODIMP_(NTSTATUS) OwnInterruptSync::NonDelegatingQueryInterface(REFIID iid, PVOID *object)
{
    if (IsSameGuid(iid, IID_IUnknown) || IsSameGuid(iid, IID_IInterruptSync)) {
        *object = static_cast<PINTERRUPTSYNC>(this);
        AddRef();
        return STATUS_SUCCESS;
    }
    *object = nullptr;
    return STATUS_INVALID_PARAMETER;
}

// There is no interrupt object yet before Connect; the inner object knows what to do then.
STDMETHODIMP_(NTSTATUS)
OwnInterruptSync::CallSynchronizedRoutine(PINTERRUPTSYNCROUTINE routine, PVOID context)
{
    SynchronizedCall call = {this, {routine, context}, STATUS_UNSUCCESSFUL};
    if (PKINTERRUPT interrupt = m_inner->GetKInterrupt()) {
        KeSynchronizeExecution(interrupt, RunWithInterrupt, &call);
    } else {
        m_inner->CallSynchronizedRoutine(RunWithInner, &call);
    }
    return call.status;
}

BOOLEAN NTAPI OwnInterruptSync::RunWithInterrupt(PVOID context)
{
    SynchronizedCall *call = static_cast<SynchronizedCall *>(context);
    call->sync->m_synchronized++;
    call->status = call->routine.routine(call->sync, call->routine.context);
    return TRUE;
}

NTSTATUS NTAPI OwnInterruptSync::RunWithInner(PINTERRUPTSYNC, PVOID context)
{
    RunWithInterrupt(context);
    return STATUS_SUCCESS;
}

STDMETHODIMP_(NTSTATUS)
OwnInterruptSync::RegisterServiceRoutine(PINTERRUPTSYNCROUTINE routine, PVOID context,
                                         BOOLEAN first)
{
    if (m_count == MaxRoutines) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    ULONG place = first ? 0 : m_count;
    for (ULONG index = m_count; index > place; index--) {
        m_routines[index] = m_routines[index - 1];
    }
    m_routines[place] = {routine, context};
    m_count++;
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI OwnInterruptSync::Serve(PINTERRUPTSYNC, PVOID context)
{
    OwnInterruptSync *sync = static_cast<OwnInterruptSync *>(context);
    for (ULONG index = 0; index < sync->m_count; index++) {
        const Routine &routine = sync->m_routines[index];
        if (routine.routine(sync, routine.context) == STATUS_SUCCESS) {
            sync->m_served++;
            return STATUS_SUCCESS;
        }
    }
    return STATUS_UNSUCCESSFUL;
}

// The object of the adapter, which answers the sync object as a part of the adapter.
class AdapterCommon : public CUnknown
{
public:
    DECLARE_STD_UNKNOWN();

    explicit AdapterCommon(OwnInterruptSync *interrupt) : CUnknown(nullptr), m_interrupt(interrupt)
    {
        m_interrupt->AddRef();
    }

    ~AdapterCommon()
    {
        m_interrupt->Release();
    }

private:
    OwnInterruptSync *m_interrupt;
};

PAGEABLE STDMETHODIMP_(NTSTATUS)
AdapterCommon::NonDelegatingQueryInterface(REFIID iid, PVOID *object)
{
    if (IsSameGuid(iid, IID_IInterruptSync)) {
        return m_interrupt->QueryInterface(iid, object);
    }
    return CUnknown::NonDelegatingQueryInterface(iid, object);
}

PAGEABLE static NTSTATUS NTAPI StartDevice(PDEVICE_OBJECT device, PIRP irp,
                                           PRESOURCELIST resources)
{
    PINTERRUPTSYNC inner;
    NTSTATUS status = PcNewInterruptSync(&inner, nullptr, resources, 0, InterruptSyncModeNormal);
    if (!NT_SUCCESS(status)) {
        return status;
    }
    OwnInterruptSync *interrupt = new (NonPagedPoolNx) OwnInterruptSync(inner);
    inner->Release();
    if (!interrupt) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    interrupt->AddRef();
    status = interrupt->RegisterWithInner();
    if (NT_SUCCESS(status)) {
        AdapterCommon *common = new (NonPagedPoolNx) AdapterCommon(interrupt);
        status = STATUS_INSUFFICIENT_RESOURCES;
        if (common) {
            PUNKNOWN adapter = common->GetOuterUnknown();
            adapter->AddRef();
            status = InstallSubdevice(device, irp, L"Uart", CLSID_PortDMus,
                                      CLSID_MiniportDriverDMusUART, adapter, resources);
            adapter->Release();
        }
    }
    interrupt->Release();
    return status;
}

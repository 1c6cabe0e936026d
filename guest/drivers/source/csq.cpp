// A good driver that keeps requests of its own control codes in a cancel-safe queue, until another
// request asks it to answer one of them, the client cancels, or the client's file is closed.
//
// DriverEntry and the rest are in uart_parts.h.
static void TakeRequests(PDRIVER_OBJECT driver);
#define AT_ENTRY TakeRequests

#include "uart_parts.h"

constexpr ULONG Keep = CTL_CODE(FILE_DEVICE_UNKNOWN, 0x800, METHOD_NEITHER, FILE_ANY_ACCESS);
constexpr ULONG Answer = CTL_CODE(FILE_DEVICE_UNKNOWN, 0x801, METHOD_NEITHER, FILE_ANY_ACCESS);
constexpr ULONG KeepUrgent = CTL_CODE(FILE_DEVICE_UNKNOWN, 0x802, METHOD_NEITHER, FILE_ANY_ACCESS);

// The queue, with what the callbacks need.
static IO_CSQ Queue;
static LIST_ENTRY Requests;
static KSPIN_LOCK Lock;

static ULONG CodeOf(PIRP irp)
{
    return IoGetCurrentIrpStackLocation(irp)->Parameters.DeviceIoControl.IoControlCode;
}

static NTSTATUS Complete(PIRP irp, NTSTATUS status)
{
    irp->IoStatus.Status = status;
    irp->IoStatus.Information = 0;
    IoCompleteRequest(irp, IO_NO_INCREMENT);
    return status;
}

static void NTAPI InsertIrp(PIO_CSQ, PIRP irp)
{
    InsertTailList(&Requests, &irp->Tail.Overlay.ListEntry);
}

static void NTAPI RemoveIrp(PIO_CSQ, PIRP irp)
{
    RemoveEntryList(&irp->Tail.Overlay.ListEntry);
}

// The next request after `irp`; of those with the control code that `wanted` points to, if any.
static PIRP NTAPI PeekNextIrp(PIO_CSQ, PIRP irp, PVOID wanted)
{
    PLIST_ENTRY entry = irp ? irp->Tail.Overlay.ListEntry.Flink : Requests.Flink;
    for (; entry != &Requests; entry = entry->Flink) {
        PIRP next = CONTAINING_RECORD(entry, IRP, Tail.Overlay.ListEntry);
        if (!wanted || CodeOf(next) == *static_cast<const ULONG *>(wanted)) {
            return next;
        }
    }
    return nullptr;
}

static void NTAPI AcquireLock(PIO_CSQ, PKIRQL irql)
{
    KeAcquireSpinLock(&Lock, irql);
}

static void NTAPI ReleaseLock(PIO_CSQ, KIRQL irql)
{
    KeReleaseSpinLock(&Lock, irql);
}

static void NTAPI CompleteCanceledIrp(PIO_CSQ, PIRP irp)
{
    Complete(irp, STATUS_CANCELLED);
}

// Answers an urgent request, or else the first one.
static NTSTATUS AnswerOne()
{
    ULONG urgent = KeepUrgent;
    PIRP kept = IoCsqRemoveNextIrp(&Queue, &urgent);
    if (!kept) {
        kept = IoCsqRemoveNextIrp(&Queue, nullptr);
    }
    return kept ? Complete(kept, STATUS_SUCCESS) : STATUS_NO_MORE_ENTRIES;
}

static NTSTATUS NTAPI DispatchControl(PDEVICE_OBJECT device, PIRP irp)
{
    switch (CodeOf(irp)) {
    case Keep:
    case KeepUrgent:
        IoCsqInsertIrp(&Queue, irp, nullptr);
        return STATUS_PENDING;
    case Answer:
        return Complete(irp, AnswerOne());
    default:
        return PcDispatchIrp(device, irp);
    }
}

// The file's client is gone. There is one client at a time, so all requests are of this file.
static NTSTATUS NTAPI DispatchCleanup(PDEVICE_OBJECT device, PIRP irp)
{
    while (PIRP kept = IoCsqRemoveNextIrp(&Queue, nullptr)) {
        Complete(kept, STATUS_CANCELLED);
    }
    return PcDispatchIrp(device, irp);
}

PAGEABLE static void TakeRequests(PDRIVER_OBJECT driver)
{
    InitializeListHead(&Requests);
    KeInitializeSpinLock(&Lock);
    IoCsqInitialize(&Queue, InsertIrp, RemoveIrp, PeekNextIrp, AcquireLock, ReleaseLock,
                    CompleteCanceledIrp);
    driver->MajorFunction[IRP_MJ_DEVICE_CONTROL] = DispatchControl;
    driver->MajorFunction[IRP_MJ_CLEANUP] = DispatchCleanup;
}

PAGEABLE static NTSTATUS NTAPI StartDevice(PDEVICE_OBJECT device, PIRP irp,
                                           PRESOURCELIST resources)
{
    return InstallMidi(device, irp, L"Uart", new (NonPagedPoolNx) UartMiniport(), nullptr,
                       resources);
}

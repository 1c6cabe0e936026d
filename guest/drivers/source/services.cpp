// A driver that checks the kernel: whether the routines that drivers for PortCls import do what
// their documentation promises. DriverEntry prints each broken promise and then fails.
//
// It has no adapter code and deletes its devices. Source of each promise: WDK, the routine's page.
#include "unknown.h"

#include <ctype.h>
#include <stdarg.h>
#include <string.h>
#include <wchar.h>

// Routines of ntoskrnl.lib that stdio.h and stdlib.h of mingw-w64 give to their own runtime.
extern "C" int __cdecl sprintf(char *room, const char *format, ...);
extern "C" int __cdecl _vsnprintf(char *room, size_t length, const char *format, va_list values);
extern "C" int __cdecl atoi(const char *text);

static ULONG broken = 0;

static void Check(bool holds, const char *promise, int line)
{
    if (!holds) {
        broken++;
        DbgPrint("services.cpp:%d: %s\n", line, promise);
    }
}

#define CHECK(promise) Check(promise, #promise, __LINE__)

// Milliseconds as a relative due time.
static LARGE_INTEGER In(ULONG milliseconds)
{
    LARGE_INTEGER due;
    due.QuadPart = -10000ll * milliseconds;
    return due;
}

static void CheckStrings()
{
    UNICODE_STRING name;
    RtlInitUnicodeString(&name, L"Midi");
    CHECK(name.Length == 8 && name.MaximumLength == 10 && name.Buffer[3] == L'i');
    UNICODE_STRING none;
    RtlInitUnicodeString(&none, nullptr);
    CHECK(none.Length == 0 && none.MaximumLength == 0 && none.Buffer == nullptr);

    WCHAR room[3] = {};
    UNICODE_STRING cut = {0, sizeof(room), room};
    RtlCopyUnicodeString(&cut, &name);
    CHECK(cut.Length == 6 && room[0] == L'M' && room[2] == L'd');
    RtlCopyUnicodeString(&cut, nullptr);
    CHECK(cut.Length == 0);

    WCHAR copy[8];
    CHECK(wcscpy(copy, L"Uart") == copy);
    CHECK(wcslen(copy) == 4 && wcscmp(copy, L"Uart") == 0 && wcscmp(copy, L"Uarz") < 0);
    CHECK(strlen("") == 0 && strcmp("MPU", "MPT") > 0);
}

static void CheckMemory()
{
    UCHAR bytes[8] = {1, 2, 3, 4, 5, 6, 7, 8};
    CHECK(memmove(bytes + 1, bytes, 4) == bytes + 1);
    CHECK(bytes[0] == 1 && bytes[1] == 1 && bytes[4] == 4 && bytes[5] == 6);
    UCHAR others[8];
    CHECK(memcpy(others, bytes, 8) == others && memcmp(others, bytes, 8) == 0);
    others[7] = 9;
    CHECK(memcmp(others, bytes, 8) > 0);
    CHECK(RtlCompareMemory(others, bytes, 8) == 7);
    CHECK(memset(others, 0xA5, 7) == others && others[6] == 0xA5 && others[7] == 9);
}

static void CheckPool()
{
    constexpr ULONG_PTR alignment = 2 * sizeof(PVOID);
    POOL_TYPE pools[] = {NonPagedPool, PagedPool, NonPagedPoolNx};
    for (POOL_TYPE pool : pools) {
        auto block = static_cast<UCHAR *>(ExAllocatePoolWithTag(pool, 100, PoolTag));
        CHECK(block != nullptr);
        CHECK(reinterpret_cast<ULONG_PTR>(block) % alignment == 0);
        memset(block, 0xFF, 100);
        CHECK(block[99] == 0xFF);
        ExFreePoolWithTag(block, PoolTag);
    }
    PVOID block = ExAllocatePool(NonPagedPoolNx, 1);
    CHECK(block != nullptr);
    ExFreePool(block);
}

static void CheckIrql()
{
    CHECK(KeGetCurrentIrql() == PASSIVE_LEVEL);
    KIRQL before = HIGH_LEVEL;
    KeRaiseIrql(DISPATCH_LEVEL, &before);
    CHECK(before == PASSIVE_LEVEL && KeGetCurrentIrql() == DISPATCH_LEVEL);
    KeLowerIrql(before);
    CHECK(KeGetCurrentIrql() == PASSIVE_LEVEL);

    KSPIN_LOCK lock;
    KeInitializeSpinLock(&lock);
    for (int round = 0; round < 2; round++) {
        KeAcquireSpinLock(&lock, &before);
        CHECK(before == PASSIVE_LEVEL && KeGetCurrentIrql() == DISPATCH_LEVEL);
        KeReleaseSpinLock(&lock, before);
        CHECK(KeGetCurrentIrql() == PASSIVE_LEVEL);
    }
    KeRaiseIrql(DISPATCH_LEVEL, &before);
    KeAcquireSpinLockAtDpcLevel(&lock);
    CHECK(KeGetCurrentIrql() == DISPATCH_LEVEL);
    KeReleaseSpinLockFromDpcLevel(&lock);
    CHECK(KeGetCurrentIrql() == DISPATCH_LEVEL);
    KeLowerIrql(before);
}

static NTSTATUS WaitFor(PVOID object, ULONG milliseconds)
{
    LARGE_INTEGER limit = In(milliseconds);
    return KeWaitForSingleObject(object, Executive, KernelMode, FALSE, &limit);
}

static void CheckEvents()
{
    KEVENT stays;
    KeInitializeEvent(&stays, NotificationEvent, FALSE);
    CHECK(WaitFor(&stays, 0) == STATUS_TIMEOUT);
    CHECK(KeSetEvent(&stays, IO_NO_INCREMENT, FALSE) == 0);
    CHECK(KeSetEvent(&stays, IO_NO_INCREMENT, FALSE) != 0);
    CHECK(WaitFor(&stays, 0) == STATUS_SUCCESS);
    CHECK(WaitFor(&stays, 0) == STATUS_SUCCESS);
    CHECK(KeResetEvent(&stays) != 0 && KeResetEvent(&stays) == 0);
    KeSetEvent(&stays, IO_NO_INCREMENT, FALSE);
    KeClearEvent(&stays);
    CHECK(WaitFor(&stays, 1) == STATUS_TIMEOUT);

    KEVENT once;
    KeInitializeEvent(&once, SynchronizationEvent, TRUE);
    CHECK(WaitFor(&once, 0) == STATUS_SUCCESS);
    CHECK(WaitFor(&once, 0) == STATUS_TIMEOUT);
}

static void CheckMutexes()
{
    KMUTEX mutex;
    KeInitializeMutex(&mutex, 0);
    CHECK(WaitFor(&mutex, 0) == STATUS_SUCCESS);
    CHECK(WaitFor(&mutex, 0) == STATUS_SUCCESS);
    CHECK(KeReleaseMutex(&mutex, FALSE) != 0);
    CHECK(KeReleaseMutex(&mutex, FALSE) == 0);

    FAST_MUTEX fast;
    ExInitializeFastMutex(&fast);
    ExAcquireFastMutex(&fast);
    CHECK(KeGetCurrentIrql() == APC_LEVEL);
    ExReleaseFastMutex(&fast);
    CHECK(KeGetCurrentIrql() == PASSIVE_LEVEL);
}

// How often a deferred routine was called, at which IRQL and with which arguments.
static struct {
    ULONG calls;
    KIRQL irql;
    PKDPC dpc;
    PVOID context;
    PVOID arguments[2];
} seen;

static void NTAPI Deferred(PKDPC dpc, PVOID context, PVOID first, PVOID second)
{
    seen.calls++;
    seen.irql = KeGetCurrentIrql();
    seen.dpc = dpc;
    seen.context = context;
    seen.arguments[0] = first;
    seen.arguments[1] = second;
}

static KDPC dpc;
static KTIMER timer;

static void CheckDpcs()
{
    seen = {};
    KeInitializeDpc(&dpc, Deferred, &broken);
    KeSetImportanceDpc(&dpc, HighImportance);
    KIRQL before;
    KeRaiseIrql(DISPATCH_LEVEL, &before);
    CHECK(KeInsertQueueDpc(&dpc, &dpc, &timer));
    CHECK(!KeInsertQueueDpc(&dpc, nullptr, nullptr));
    CHECK(seen.calls == 0);
    KeLowerIrql(before);
    CHECK(seen.calls == 1 && seen.irql == DISPATCH_LEVEL);
    CHECK(seen.dpc == &dpc && seen.context == &broken);
    CHECK(seen.arguments[0] == &dpc && seen.arguments[1] == &timer);

    KeRaiseIrql(DISPATCH_LEVEL, &before);
    KeInsertQueueDpc(&dpc, nullptr, nullptr);
    CHECK(KeRemoveQueueDpc(&dpc));
    CHECK(!KeRemoveQueueDpc(&dpc));
    KeLowerIrql(before);
    CHECK(seen.calls == 1);
    KeInsertQueueDpc(&dpc, nullptr, nullptr);
    KeFlushQueuedDpcs();
    CHECK(seen.calls == 2);
}

static void CheckTimers()
{
    seen = {};
    KeInitializeDpc(&dpc, Deferred, nullptr);
    KeInitializeTimer(&timer);
    CHECK(!KeSetTimer(&timer, In(5), &dpc));
    CHECK(KeSetTimer(&timer, In(5), &dpc));
    CHECK(seen.calls == 0);
    CHECK(WaitFor(&timer, 100) == STATUS_SUCCESS);
    CHECK(seen.calls == 1 && seen.irql == DISPATCH_LEVEL);
    CHECK(!KeCancelTimer(&timer));

    KeSetTimer(&timer, In(5), &dpc);
    CHECK(KeCancelTimer(&timer));
    LARGE_INTEGER later = In(20);
    CHECK(KeDelayExecutionThread(KernelMode, FALSE, &later) == STATUS_SUCCESS);
    CHECK(seen.calls == 1);

    KeInitializeTimerEx(&timer, SynchronizationTimer);
    KeSetTimerEx(&timer, In(2), 2, &dpc);
    CHECK(WaitFor(&timer, 100) == STATUS_SUCCESS);
    CHECK(WaitFor(&timer, 100) == STATUS_SUCCESS);
    CHECK(seen.calls >= 3);
    CHECK(KeCancelTimer(&timer));
    KeFlushQueuedDpcs();
}

static LONGLONG SystemTime()
{
    LARGE_INTEGER now;
    KeQuerySystemTime(&now);
    return now.QuadPart;
}

static void CheckTime()
{
    LARGE_INTEGER frequency;
    LONGLONG count = KeQueryPerformanceCounter(&frequency).QuadPart;
    CHECK(frequency.QuadPart > 0);
    KeStallExecutionProcessor(50);
    LONGLONG passed = KeQueryPerformanceCounter(nullptr).QuadPart - count;
    CHECK(passed * 1000000 / frequency.QuadPart >= 50);
    CHECK(passed * 1000000 / frequency.QuadPart < 100);

    LONGLONG system = SystemTime();
    ULONGLONG interrupt = KeQueryInterruptTime();
    LARGE_INTEGER pause = In(50);
    KeDelayExecutionThread(KernelMode, FALSE, &pause);
    LONGLONG systemPassed = SystemTime() - system;
    LONGLONG interruptPassed = KeQueryInterruptTime() - interrupt;
    CHECK(systemPassed >= 480000 && systemPassed < 700000);
    CHECK(interruptPassed >= 480000 && interruptPassed < 700000);
    CHECK(KeQueryTimeIncrement() > 0 && KeQueryTimeIncrement() <= 156250);
}

static NPAGED_LOOKASIDE_LIST lookaside;

static void CheckLookasides()
{
    ExInitializeNPagedLookasideList(&lookaside, nullptr, nullptr, 0, 64, PoolTag, 0);
    PVOID first = ExAllocateFromNPagedLookasideList(&lookaside);
    PVOID second = ExAllocateFromNPagedLookasideList(&lookaside);
    CHECK(first != nullptr && second != nullptr && first != second);
    ExFreeToNPagedLookasideList(&lookaside, first);
    CHECK(ExAllocateFromNPagedLookasideList(&lookaside) == first);
    ExFreeToNPagedLookasideList(&lookaside, first);
    ExFreeToNPagedLookasideList(&lookaside, second);
    ExDeleteNPagedLookasideList(&lookaside);
}

static struct {
    KEVENT done;
    PDEVICE_OBJECT device;
    KIRQL irql;
} worked;

static void NTAPI Work(PDEVICE_OBJECT device, PVOID context)
{
    worked.device = device;
    worked.irql = KeGetCurrentIrql();
    KeSetEvent(static_cast<PKEVENT>(context), IO_NO_INCREMENT, FALSE);
}

static void CheckDevices(PDRIVER_OBJECT driver)
{
    PDEVICE_OBJECT device = nullptr;
    CHECK(IoCreateDevice(driver, 24, nullptr, FILE_DEVICE_UNKNOWN, 0, FALSE, &device) ==
          STATUS_SUCCESS);
    CHECK(device->DriverObject == driver && driver->DeviceObject == device);
    CHECK(device->StackSize == 1 && (device->Flags & DO_DEVICE_INITIALIZING) != 0);
    static_cast<UCHAR *>(device->DeviceExtension)[23] = 1;

    KeInitializeEvent(&worked.done, NotificationEvent, FALSE);
    PIO_WORKITEM item = IoAllocateWorkItem(device);
    CHECK(item != nullptr);
    KIRQL before;
    KeRaiseIrql(DISPATCH_LEVEL, &before);
    IoQueueWorkItem(item, Work, DelayedWorkQueue, &worked.done);
    KeLowerIrql(before);
    CHECK(WaitFor(&worked.done, 100) == STATUS_SUCCESS);
    CHECK(worked.device == device && worked.irql == PASSIVE_LEVEL);
    IoFreeWorkItem(item);
    IoDeleteDevice(device);
    CHECK(driver->DeviceObject == nullptr);
}

// The completion routine of a request that comes back from the driver below.
static NTSTATUS NTAPI Completed(PDEVICE_OBJECT, PIRP irp, PVOID context)
{
    *static_cast<NTSTATUS *>(context) = irp->IoStatus.Status;
    return STATUS_MORE_PROCESSING_REQUIRED;
}

static NTSTATUS NTAPI Answer(PDEVICE_OBJECT, PIRP irp)
{
    PIO_STACK_LOCATION location = IoGetCurrentIrpStackLocation(irp);
    bool known = location->Parameters.DeviceIoControl.IoControlCode == 0x222003;
    irp->IoStatus.Status = known ? STATUS_SUCCESS : STATUS_INVALID_DEVICE_REQUEST;
    irp->IoStatus.Information = 7;
    IoCompleteRequest(irp, IO_NO_INCREMENT);
    return known ? STATUS_SUCCESS : STATUS_INVALID_DEVICE_REQUEST;
}

static void CheckRequests(PDRIVER_OBJECT driver)
{
    driver->MajorFunction[IRP_MJ_DEVICE_CONTROL] = Answer;
    PDEVICE_OBJECT device = nullptr;
    IoCreateDevice(driver, 0, nullptr, FILE_DEVICE_UNKNOWN, 0, FALSE, &device);
    PIRP irp = IoAllocateIrp(device->StackSize, FALSE);
    CHECK(irp != nullptr && irp->StackCount == 1);
    PIO_STACK_LOCATION next = IoGetNextIrpStackLocation(irp);
    next->MajorFunction = IRP_MJ_DEVICE_CONTROL;
    next->Parameters.DeviceIoControl.IoControlCode = 0x222003;
    NTSTATUS seenStatus = STATUS_PENDING;
    IoSetCompletionRoutine(irp, Completed, &seenStatus, TRUE, TRUE, TRUE);
    CHECK(IoCallDriver(device, irp) == STATUS_SUCCESS);
    CHECK(seenStatus == STATUS_SUCCESS);
    CHECK(irp->IoStatus.Information == 7);
    IoFreeIrp(irp);
    IoDeleteDevice(device);
}

static void CheckPrint()
{
    UNICODE_STRING wide;
    RtlInitUnicodeString(&wide, L"wide");
    CHECK(DbgPrint("%s %d %X %wZ %S %I64x %c %u%%\n", "text", -1, 0xBEEF, &wide, L"words",
                   0x123456789ABCDEFull, 'c', 100) == STATUS_SUCCESS);
}

static int Print(char *room, size_t length, const char *format, ...)
{
    va_list values;
    va_start(values, format);
    int printed = _vsnprintf(room, length, format, values);
    va_end(values);
    return printed;
}

static void CheckFormats()
{
    char room[64];
    CHECK(sprintf(room, "%s %d %I64x", "text", -1, 0x123456789ull) == 17);
    CHECK(strcmp(room, "text -1 123456789") == 0);
    CHECK(Print(room, sizeof(room), "%05u|%-4s|%c", 42u, "ab", 'z') == 12);
    CHECK(strcmp(room, "00042|ab  |z") == 0);
    CHECK(Print(room, 3, "%s %I64d", "abc", 1ll) == -1 && room[2] == 'c' && room[3] == '4');
    wchar_t wide[16];
    CHECK(_snwprintf(wide, 16, L"%s-%hs", L"wide", "narrow") == 11);
    CHECK(wcscmp(wide, L"wide-narrow") == 0);
}

static void CheckCharacters()
{
    char room[16];
    CHECK(strcpy(room, "Mpu") == room && strcat(room, "401") == room);
    CHECK(strstr(room, "u4") == room + 2 && strstr(room, "u5") == nullptr);
    CHECK(strncpy(room, "ab", 4) == room && room[2] == 0 && room[3] == 0 && room[4] == '0');
    CHECK(strchr(room, 'b') == room + 1 && strrchr(room, 'x') == nullptr);
    CHECK(atoi(" -401x") == -401 && toupper('m') == 'M' && isxdigit('F') && !isxdigit('G'));
    const wchar_t *text = L"Midi";
    CHECK(wcsstr(text, L"di") == text + 2 && wcschr(text, L'd') == text + 2);

    ANSI_STRING narrow;
    RtlInitAnsiString(&narrow, "Midi");
    UNICODE_STRING made;
    CHECK(RtlAnsiStringToUnicodeString(&made, &narrow, TRUE) == STATUS_SUCCESS);
    UNICODE_STRING expected;
    RtlInitUnicodeString(&expected, text);
    CHECK(made.MaximumLength == 10 && RtlEqualUnicodeString(&made, &expected, FALSE));
    RtlFreeUnicodeString(&made);
}

// The system's work item that lies in the driver's memory.
static void NTAPI WorkHere(PVOID parameter)
{
    worked.irql = KeGetCurrentIrql();
    KeSetEvent(static_cast<PKEVENT>(parameter), IO_NO_INCREMENT, FALSE);
}

static void CheckWorkQueue()
{
    static WORK_QUEUE_ITEM item;
    ExInitializeWorkItem(&item, WorkHere, &worked.done);
    for (int round = 0; round < 2; round++) {
        KeInitializeEvent(&worked.done, NotificationEvent, FALSE);
        ExQueueWorkItem(&item, DelayedWorkQueue);
        CHECK(WaitFor(&worked.done, 100) == STATUS_SUCCESS && worked.irql == PASSIVE_LEVEL);
    }
}

static void CheckVersions()
{
    CHECK(IoIsWdmVersionAvailable(1, 0x10) && IoIsWdmVersionAvailable(6, 0));
    CHECK(ExSetTimerResolution(10000, TRUE) <= 156250);
    ExSetTimerResolution(0, FALSE);
}

extern "C" NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT driver, PUNICODE_STRING)
{
    CheckStrings();
    CheckMemory();
    CheckPool();
    CheckIrql();
    CheckEvents();
    CheckDpcs();
    CheckTimers();
    CheckTime();
    CheckMutexes();
    CheckLookasides();
    CheckDevices(driver);
    CheckRequests(driver);
    CheckPrint();
    CheckFormats();
    CheckCharacters();
    CheckWorkQueue();
    CheckVersions();
    return broken == 0 ? STATUS_SUCCESS : STATUS_UNSUCCESSFUL;
}

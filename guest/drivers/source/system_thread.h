// A system thread of a driver: it works when it is woken, and it is joined before it goes.
#pragma once

#include "unknown.h"

class SystemThread
{
public:
    SystemThread()
    {
        KeInitializeEvent(&m_stop, NotificationEvent, FALSE);
        KeInitializeEvent(&m_work, SynchronizationEvent, FALSE);
    }

    ~SystemThread() { Join(); }

    // Starts the thread, unless it has been started. PASSIVE_LEVEL.
    NTSTATUS Start(PKSTART_ROUTINE routine, PVOID context, KPRIORITY priority);

    // Asks the thread to end, and waits until it has. PASSIVE_LEVEL.
    void Join();

    // Lets the thread work. DISPATCH_LEVEL or below.
    void Wake() { KeSetEvent(&m_work, IO_NO_INCREMENT, FALSE); }

    // The thread itself waits for work here; false when it has to end.
    bool WaitForWork();

private:
    KEVENT m_stop;
    KEVENT m_work;
    PVOID m_thread = nullptr;
};

inline NTSTATUS SystemThread::Start(PKSTART_ROUTINE routine, PVOID context, KPRIORITY priority)
{
    if (m_thread) {
        return STATUS_SUCCESS;
    }
    OBJECT_ATTRIBUTES attributes;
    InitializeObjectAttributes(&attributes, nullptr, OBJ_KERNEL_HANDLE, nullptr, nullptr);
    HANDLE handle;
    NTSTATUS status = PsCreateSystemThread(&handle, THREAD_ALL_ACCESS, &attributes, nullptr,
                                           nullptr, routine, context);
    if (!NT_SUCCESS(status)) {
        return status;
    }
    // The handle is good and gives all access, so this cannot fail.
    status = ObReferenceObjectByHandle(handle, THREAD_ALL_ACCESS, *PsThreadType, KernelMode,
                                       &m_thread, nullptr);
    ZwClose(handle);
    KeSetPriorityThread(static_cast<PKTHREAD>(m_thread), priority);
    return status;
}

inline void SystemThread::Join()
{
    if (m_thread) {
        KeSetEvent(&m_stop, IO_NO_INCREMENT, FALSE);
        KeWaitForSingleObject(m_thread, Executive, KernelMode, FALSE, nullptr);
        ObDereferenceObject(m_thread);
        m_thread = nullptr;
    }
}

inline bool SystemThread::WaitForWork()
{
    PVOID objects[] = {&m_stop, &m_work};
    NTSTATUS status = KeWaitForMultipleObjects(2, objects, WaitAny, Executive, KernelMode, FALSE,
                                               nullptr, nullptr);
    return status != STATUS_WAIT_0;
}

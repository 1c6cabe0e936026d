// Mistake: its system thread still waits when the driver is unloaded.
#include "broken.h"

static KEVENT Never;

class ThreadLeft : public Hardware
{
public:
    using Hardware::Hardware;

    NTSTATUS Start() override
    {
        KeInitializeEvent(&Never, NotificationEvent, FALSE);
        OBJECT_ATTRIBUTES attributes;
        InitializeObjectAttributes(&attributes, nullptr, OBJ_KERNEL_HANDLE, nullptr, nullptr);
        HANDLE thread;
        NTSTATUS status = PsCreateSystemThread(&thread, THREAD_ALL_ACCESS, &attributes, nullptr,
                                               nullptr, Wait, nullptr);
        if (!NT_SUCCESS(status)) {
            return status;
        }
        ZwClose(thread);
        return Hardware::Start();
    }

private:
    static void NTAPI Wait(PVOID)
    {
        KeWaitForSingleObject(&Never, Executive, KernelMode, FALSE, nullptr);
    }
};

UartMiniport *CreateMiniport()
{
    return Create<WithHardware<ThreadLeft>>();
}

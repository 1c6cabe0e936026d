// Mistake: Write waits for an event with a time limit at DISPATCH_LEVEL.
#include "broken.h"

class WaitInWrite : public UartStream
{
public:
    WaitInWrite(PUNKNOWN miniport, Hardware &hardware, bool capture)
        : UartStream(miniport, hardware, capture)
    {
        KeInitializeEvent(&m_ready, NotificationEvent, FALSE);
    }

    STDMETHODIMP_(NTSTATUS) Write(PVOID buffer, ULONG length, PULONG written) override
    {
        LARGE_INTEGER limit;
        limit.QuadPart = -10000;
        KeWaitForSingleObject(&m_ready, Executive, KernelMode, FALSE, &limit);
        return UartStream::Write(buffer, length, written);
    }

private:
    KEVENT m_ready;
};

UartMiniport *CreateMiniport()
{
    return Create<WithStream<WaitInWrite>>();
}

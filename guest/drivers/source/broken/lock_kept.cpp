// Mistake: one way out of Write keeps the spin lock, so the next Write waits for itself.
#include "broken.h"

class LockKept : public UartStream
{
public:
    LockKept(PUNKNOWN miniport, Hardware &hardware, bool capture)
        : UartStream(miniport, hardware, capture)
    {
        KeInitializeSpinLock(&m_lock);
    }

    STDMETHODIMP_(NTSTATUS) Write(PVOID buffer, ULONG length, PULONG written) override
    {
        KIRQL before;
        KeAcquireSpinLock(&m_lock, &before);
        NTSTATUS status = UartStream::Write(buffer, length, written);
        if (*written == length) {
            return status;
        }
        KeReleaseSpinLock(&m_lock, before);
        return status;
    }

private:
    KSPIN_LOCK m_lock;
};

UartMiniport *CreateMiniport()
{
    return Create<WithStream<LockKept>>();
}

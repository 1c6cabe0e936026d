// Mistake: Write waits at DISPATCH_LEVEL for a flag that a DPC sets, and no DPC can run meanwhile.
#include "broken.h"

static volatile bool served = false;

class EndlessWrite : public UartStream
{
public:
    using UartStream::UartStream;

    STDMETHODIMP_(NTSTATUS) Write(PVOID buffer, ULONG length, PULONG written) override
    {
        served = false;
        NTSTATUS status = UartStream::Write(buffer, length, written);
        while (!served) {
        }
        return status;
    }
};

class EndlessLoop : public WithStream<EndlessWrite>
{
    STDMETHODIMP_(void) Service() override
    {
        served = true;
        UartMiniport::Service();
    }
};

UartMiniport *CreateMiniport()
{
    return Create<EndlessLoop>();
}

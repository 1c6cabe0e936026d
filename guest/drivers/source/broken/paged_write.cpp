// Mistake: Write lies in pageable code, and the port calls it at DISPATCH_LEVEL.
#include "broken.h"

class PagedWrite : public UartStream
{
public:
    using UartStream::UartStream;

    STDMETHODIMP_(NTSTATUS) Write(PVOID buffer, ULONG length, PULONG written) override;
};

PAGEABLE STDMETHODIMP_(NTSTATUS) PagedWrite::Write(PVOID buffer, ULONG length, PULONG written)
{
    return UartStream::Write(buffer, length, written);
}

UartMiniport *CreateMiniport()
{
    return Create<WithStream<PagedWrite>>();
}

// Mistake: Read says that it put more bytes into the buffer than fit.
#include "broken.h"

class TooManyRead : public UartStream
{
public:
    using UartStream::UartStream;

    STDMETHODIMP_(NTSTATUS) Read(PVOID buffer, ULONG length, PULONG read) override
    {
        NTSTATUS status = UartStream::Read(buffer, length, read);
        if (*read > 0) {
            *read = length + 1;
        }
        return status;
    }
};

UartMiniport *CreateMiniport()
{
    return Create<WithStream<TooManyRead>>();
}

// Mistake: sends a buffer by recursion whose end is never reached.
#include "broken.h"

class DeepRecursion : public UartStream
{
public:
    using UartStream::UartStream;

    STDMETHODIMP_(NTSTATUS) Write(PVOID buffer, ULONG length, PULONG written) override
    {
        *written = Send(static_cast<UCHAR *>(buffer), length);
        return STATUS_SUCCESS;
    }

private:
    [[gnu::noinline]] ULONG Send(UCHAR *data, ULONG length)
    {
        volatile UCHAR message[64];
        message[0] = data[0];
        // Goes on with all of it instead of with the rest.
        ULONG sent = length > 0 ? Send(data, length) : 0;
        return sent + (message[0] != 0);
    }
};

UartMiniport *CreateMiniport()
{
    return Create<WithStream<DeepRecursion>>();
}

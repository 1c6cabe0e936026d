// Mistake: sends a buffer by a recursion that never ends.
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
        // Sends all of the buffer again instead of the rest.
        ULONG sent = length > 0 ? Send(data, length) : 0;
        return sent + (message[0] != 0);
    }
};

UartMiniport *CreateMiniport()
{
    return Create<WithStream<DeepRecursion>>();
}

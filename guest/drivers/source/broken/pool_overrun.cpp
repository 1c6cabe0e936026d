// Mistake: copies the bytes of a Write to pool and adds a zero behind the block's last byte.
#include "broken.h"

class PoolOverrun : public UartStream
{
public:
    using UartStream::UartStream;

    STDMETHODIMP_(NTSTATUS) Write(PVOID buffer, ULONG length, PULONG written) override
    {
        ULONG room = (length + 15) / 16 * 16;
        UCHAR *copy = static_cast<UCHAR *>(operator new(room, NonPagedPoolNx));
        if (copy) {
            RtlCopyMemory(copy, buffer, length);
            static_cast<volatile UCHAR *>(copy)[room] = 0;
            operator delete(copy);
        }
        return UartStream::Write(buffer, length, written);
    }
};

UartMiniport *CreateMiniport()
{
    return Create<WithStream<PoolOverrun>>();
}

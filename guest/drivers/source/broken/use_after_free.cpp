// Mistake: the service routine still stores bytes in the buffer of a closed stream.
#include "broken.h"

static UCHAR *volatile lastBytes = nullptr;

class OwnBuffer : public UartStream
{
public:
    OwnBuffer(PUNKNOWN miniport, Hardware &hardware, bool capture)
        : UartStream(miniport, hardware, capture),
          m_buffer(static_cast<UCHAR *>(operator new(64, NonPagedPoolNx)))
    {
        lastBytes = m_buffer;
    }

    ~OwnBuffer() override { operator delete(m_buffer); }

private:
    UCHAR *m_buffer;
};

class StoringCard : public Card
{
public:
    using Card::Card;

private:
    ULONG Accept(UCHAR byte) override
    {
        if (lastBytes) {
            lastBytes[byte % 64] = byte;
        }
        return Card::Accept(byte);
    }
};

class UseAfterFree : public WithStream<OwnBuffer>
{
    Card *CreateCard(Registers registers, PPORTMIDI port, PSERVICEGROUP group) override
    {
        return new (NonPagedPoolNx) StoringCard(registers, port, group);
    }
};

UartMiniport *CreateMiniport()
{
    return Create<UseAfterFree>();
}

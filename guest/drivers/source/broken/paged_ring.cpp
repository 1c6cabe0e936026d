// Mistake: the service routine stores bytes in paged pool.
#include "broken.h"

class PagedRing : public Card
{
public:
    PagedRing(Registers registers, PPORTMIDI port, PSERVICEGROUP group)
        : Card(registers, port, group), m_last(static_cast<UCHAR *>(operator new(RingBytes, PagedPool)))
    {
    }

    ~PagedRing() override { operator delete(m_last); }

private:
    ULONG Accept(UCHAR byte) override
    {
        if (m_last && m_mode == Mode::Uart) {
            m_last[m_tail % RingBytes] = byte;
        }
        return Card::Accept(byte);
    }

    UCHAR *m_last;
};

UartMiniport *CreateMiniport()
{
    return Create<WithCard<PagedRing>>();
}

// Mistake: takes every FE for an ACK, which in UART mode is active sensing like any other byte.
#include "broken.h"

class DropsFe : public Card
{
public:
    using Card::Card;

private:
    ULONG Accept(UCHAR byte) override
    {
        if (byte == Ack) {
            m_acknowledged = true;
            return 0;
        }
        return Card::Accept(byte);
    }
};

UartMiniport *CreateMiniport()
{
    return Create<WithCard<DropsFe>>();
}

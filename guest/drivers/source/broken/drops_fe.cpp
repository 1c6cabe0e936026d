// Mistake: treats every FE as an ACK, but in UART mode FE is a MIDI byte, active sensing.
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

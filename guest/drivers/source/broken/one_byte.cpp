// Mistake: takes one byte an interrupt; on a latched line a byte left behind brings no edge.
#include "broken.h"

class OneByte : public Card
{
public:
    using Card::Card;

    NTSTATUS ServeInterrupt() override
    {
        if (m_mode != Mode::Uart) {
            return Card::ServeInterrupt();
        }
        if (!m_registers.ReadStatus().CanRead()) {
            return STATUS_UNSUCCESSFUL;
        }
        if (Accept(m_registers.ReadData()) > 0) {
            Notify();
        }
        return STATUS_SUCCESS;
    }
};

UartMiniport *CreateMiniport()
{
    return Create<WithCard<OneByte>>();
}

// Mistake: claims the interrupt and leaves DATA unread, so the line stays up.
#include "broken.h"

class NeverDrains : public Card
{
public:
    using Card::Card;

    NTSTATUS ServeInterrupt() override
    {
        if (m_mode != Mode::Uart) {
            return Card::ServeInterrupt();
        }
        Notify();
        return STATUS_SUCCESS;
    }
};

UartMiniport *CreateMiniport()
{
    return Create<WithCard<NeverDrains>>();
}

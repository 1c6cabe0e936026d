// Mistake: keeps the bytes that came in and does not notify the port.
#include "broken.h"

class NoNotify : public Card
{
public:
    using Card::Card;

private:
    void Notify() override {}
};

UartMiniport *CreateMiniport()
{
    return Create<WithCard<NoNotify>>();
}

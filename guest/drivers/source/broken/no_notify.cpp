// Mistake: keeps what came in and tells nobody.
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

// Mistake: allocates pool in the service routine.
#include "broken.h"

class PoolInIsr : public Card
{
public:
    using Card::Card;

private:
    ULONG Accept(UCHAR byte) override
    {
        PVOID note = operator new(16, NonPagedPoolNx);
        operator delete(note);
        return Card::Accept(byte);
    }
};

UartMiniport *CreateMiniport()
{
    return Create<WithCard<PoolInIsr>>();
}

// Mistake: Write rewinds the ring when it is empty, without the interrupt's lock: a byte that comes
// in between the check and the rewinding is lost.
#include "broken.h"

class RewindingCard : public Card
{
public:
    using Card::Card;

    void RewindIfEmpty()
    {
        if (Waiting() == 0) {
            Clear();
        }
    }
};

class RewindingHardware : public Hardware
{
public:
    using Hardware::Hardware;

    ULONG Write(const UCHAR *data, ULONG length, bool patient) override
    {
        static_cast<RewindingCard *>(m_card)->RewindIfEmpty();
        return Hardware::Write(data, length, patient);
    }
};

class RewindRace : public WithHardware<RewindingHardware>
{
    Card *CreateCard(Registers registers, PPORTMIDI port, PSERVICEGROUP group) override
    {
        return new (NonPagedPoolNx) RewindingCard(registers, port, group);
    }
};

UartMiniport *CreateMiniport()
{
    return Create<RewindRace>();
}

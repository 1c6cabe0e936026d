// Mistake: writes DATA without checking whether the card can take it.
#include "broken.h"

class NoBusyTest : public Hardware
{
public:
    using Hardware::Hardware;

private:
    bool WaitForRoom(ULONGLONG) override { return true; }
};

UartMiniport *CreateMiniport()
{
    return Create<WithHardware<NoBusyTest>>();
}

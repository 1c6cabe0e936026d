// Mistake: writes DATA without looking whether the card can take it.
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

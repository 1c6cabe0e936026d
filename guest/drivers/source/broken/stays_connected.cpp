// Mistake: does not disconnect its interrupt at its end.
#include "broken.h"

class StaysConnected : public Hardware
{
public:
    using Hardware::Hardware;

    ~StaysConnected() override { m_interrupt = nullptr; }
};

UartMiniport *CreateMiniport()
{
    return Create<WithHardware<StaysConnected>>();
}

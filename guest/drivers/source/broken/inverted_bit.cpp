// Mistake: reads the busy bit as a ready bit, and waits for it at DISPATCH_LEVEL without a limit.
#include "broken.h"

class InvertedBit : public Hardware
{
public:
    using Hardware::Hardware;

private:
    bool WaitForRoom(ULONGLONG) override
    {
        while (m_card->GetRegisters().ReadStatus().CanWrite()) {
            KeStallExecutionProcessor(50);
        }
        return true;
    }
};

UartMiniport *CreateMiniport()
{
    return Create<WithHardware<InvertedBit>>();
}

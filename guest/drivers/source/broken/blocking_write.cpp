// Mistake: Write stays at DISPATCH_LEVEL until the last byte is in the card, however long it takes.
#include "broken.h"

class BlockingWrite : public Hardware
{
public:
    using Hardware::Hardware;

    ULONG Write(const UCHAR *data, ULONG length, bool) override
    {
        for (ULONG written = 0; written < length; written++) {
            while (!m_card->GetRegisters().ReadStatus().CanWrite()) {
                KeStallExecutionProcessor(10);
            }
            m_card->GetRegisters().WriteData(data[written]);
        }
        return length;
    }
};

UartMiniport *CreateMiniport()
{
    return Create<WithHardware<BlockingWrite>>();
}

// Mistake: never puts the card into UART mode, so no byte that it writes gets to MIDI OUT.
#include "broken.h"

class NoUart : public Hardware
{
public:
    using Hardware::Hardware;

    NTSTATUS Start() override
    {
        m_card->SetMode(Mode::Uart);
        return STATUS_SUCCESS;
    }
};

UartMiniport *CreateMiniport()
{
    return Create<WithHardware<NoUart>>();
}

// Mistake: enters UART mode twice and insists on an ACK, which a card in UART mode does not send.
#include "broken.h"

class SecondAck : public Hardware
{
public:
    using Hardware::Hardware;

    NTSTATUS Start() override
    {
        NTSTATUS status = Hardware::Start();
        if (NT_SUCCESS(status)) {
            m_card->SetMode(Mode::Command);
            m_card->TryCommand(EnterUartCommand);
            Sleep(500000);
            bool answered = m_card->IsAcknowledged();
            m_card->SetMode(answered ? Mode::Uart : Mode::Off);
            status = answered ? STATUS_SUCCESS : STATUS_IO_DEVICE_ERROR;
        }
        return status;
    }
};

UartMiniport *CreateMiniport()
{
    return Create<WithHardware<SecondAck>>();
}

// Mistake: in Repeat mode the service routine says each time that the interrupt was its own.
#include "broken.h"

static NTSTATUS NTAPI AlwaysMineRoutine(PINTERRUPTSYNC, PVOID card)
{
    static_cast<Card *>(card)->ServeInterrupt();
    return STATUS_SUCCESS;
}

class AlwaysMine : public UartMiniport
{
    NTSTATUS Connect(Card *card, PRESOURCELIST resources, PINTERRUPTSYNC *interrupt) override
    {
        NTSTATUS status =
            PcNewInterruptSync(interrupt, nullptr, resources, 0, InterruptSyncModeRepeat);
        if (NT_SUCCESS(status)) {
            (*interrupt)->RegisterServiceRoutine(AlwaysMineRoutine, card, TRUE);
            status = (*interrupt)->Connect();
        }
        return status;
    }
};

UartMiniport *CreateMiniport()
{
    return Create<AlwaysMine>();
}

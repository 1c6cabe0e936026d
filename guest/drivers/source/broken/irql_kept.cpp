// Mistake: SetState raises the IRQL and returns without lowering it.
#include "broken.h"

class IrqlKept : public UartStream
{
public:
    using UartStream::UartStream;

    STDMETHODIMP_(NTSTATUS) SetState(KSSTATE state) override
    {
        if (state == KSSTATE_RUN) {
            KIRQL before;
            KeRaiseIrql(DISPATCH_LEVEL, &before);
        }
        return UartStream::SetState(state);
    }
};

UartMiniport *CreateMiniport()
{
    return Create<WithStream<IrqlKept>>();
}

// Mistake: the last event of each chain that it sends leads back to the first one.
// DriverEntry is in the parts of a DirectMusic driver.
#include "broken_dmus.h"

class Loop : public DmusCaptureStream
{
public:
    using DmusCaptureStream::DmusCaptureStream;

protected:
    void Send(PMXF output, PDMUS_KERNEL_EVENT first) override
    {
        PDMUS_KERNEL_EVENT last = first;
        while (last->pNextEvt) {
            last = last->pNextEvt;
        }
        last->pNextEvt = first;
        output->PutMessage(first);
    }
};

DmusMiniport *CreateDmusMiniport()
{
    return new (NonPagedPoolNx) WithCapture<Loop>();
}

// Mistake: never gives the events that it has played back to the allocator.
// DriverEntry is in the parts of a DirectMusic driver.
#include "broken_dmus.h"

class Kept : public DmusRenderStream
{
public:
    using DmusRenderStream::DmusRenderStream;

protected:
    void GiveBack(PDMUS_KERNEL_EVENT) override {}
};

DmusMiniport *CreateDmusMiniport()
{
    return new (NonPagedPoolNx) WithRender<Kept>();
}

// Mistake: puts the events that it recorded to the port, and then to the allocator too.
// DriverEntry is in the parts of a DirectMusic driver.
#include "broken_dmus.h"

class PutTwice : public DmusCaptureStream
{
public:
    using DmusCaptureStream::DmusCaptureStream;

protected:
    void Send(PMXF output, PDMUS_KERNEL_EVENT first) override
    {
        output->PutMessage(first);
        m_allocator->PutMessage(first);
    }
};

DmusMiniport *CreateDmusMiniport()
{
    return new (NonPagedPoolNx) WithCapture<PutTwice>();
}

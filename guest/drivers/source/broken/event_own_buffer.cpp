// Mistake: sends an event whose data lie in memory of its own, not in a buffer of the allocator.
// DriverEntry is in the parts of a DirectMusic driver.
#include "broken_dmus.h"

class OwnBuffer : public DmusCaptureStream
{
public:
    using DmusCaptureStream::DmusCaptureStream;

protected:
    void Send(PMXF output, PDMUS_KERNEL_EVENT first) override
    {
        PDMUS_KERNEL_EVENT event;
        if (NT_SUCCESS(m_allocator->GetMessage(&event))) {
            event->cbEvent = sizeof m_own;
            event->uData.pbData = m_own;
            event->pNextEvt = first;
            first = event;
        }
        output->PutMessage(first);
    }

private:
    UCHAR m_own[12] = {0xF0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 0xF7};
};

DmusMiniport *CreateDmusMiniport()
{
    return new (NonPagedPoolNx) WithCapture<OwnBuffer>();
}

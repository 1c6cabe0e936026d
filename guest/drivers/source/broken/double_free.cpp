// Mistake: frees a stream's buffer in STOP and again when the stream is destroyed.
#include "broken.h"

class DoubleFree : public UartStream
{
public:
    DoubleFree(PUNKNOWN miniport, Hardware &hardware, bool capture)
        : UartStream(miniport, hardware, capture), m_buffer(operator new(64, NonPagedPoolNx))
    {
    }

    ~DoubleFree() override { operator delete(m_buffer); }

    STDMETHODIMP_(NTSTATUS) SetState(KSSTATE state) override
    {
        if (state == KSSTATE_STOP) {
            operator delete(m_buffer);
        }
        return UartStream::SetState(state);
    }

private:
    PVOID m_buffer;
};

UartMiniport *CreateMiniport()
{
    return Create<WithStream<DoubleFree>>();
}

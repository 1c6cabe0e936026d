// Mistake: allocates a buffer for each stream and never frees it.
#include "broken.h"

class PoolLeak : public UartStream
{
public:
    PoolLeak(PUNKNOWN miniport, Hardware &hardware, bool capture)
        : UartStream(miniport, hardware, capture), m_buffer(operator new(64, NonPagedPoolNx))
    {
    }

private:
    [[maybe_unused]] PVOID volatile m_buffer;
};

UartMiniport *CreateMiniport()
{
    return Create<WithStream<PoolLeak>>();
}

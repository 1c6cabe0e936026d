// Mistake: the stream's timer is still set when the stream's memory is freed.
#include "broken.h"

class TimerLeft : public UartStream
{
public:
    TimerLeft(PUNKNOWN miniport, Hardware &hardware, bool capture)
        : UartStream(miniport, hardware, capture)
    {
        KeInitializeTimer(&m_timer);
        KeInitializeDpc(&m_dpc, Tick, this);
        LARGE_INTEGER due;
        due.QuadPart = -10000;
        KeSetTimerEx(&m_timer, due, 10, &m_dpc);
    }

private:
    static void NTAPI Tick(PKDPC, PVOID stream, PVOID, PVOID)
    {
        static_cast<TimerLeft *>(stream)->m_ticks++;
    }

    KTIMER m_timer;
    KDPC m_dpc;
    ULONG m_ticks = 0;
};

UartMiniport *CreateMiniport()
{
    return Create<WithStream<TimerLeft>>();
}

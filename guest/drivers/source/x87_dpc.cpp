// A good driver that calculates with floating-point numbers: the DPC of a timer follows a level, as
// meters do. On x86 such code uses the x87, so the DPC saves the state of whatever it interrupted.
#include "miniport.h"

// The time between two steps, in ms, and how many steps there are.
constexpr LONG StepTime = 2;
constexpr LONG Steps = 12;

// The level that the meter goes to, and by which part of the way it goes in a step.
constexpr double Goal = 1.0;
constexpr double Part = 0.25;

class Meter : public UartMiniport
{
public:
    Meter()
    {
        KeInitializeTimer(&m_timer);
        KeInitializeDpc(&m_dpc, Measure, this);
        LARGE_INTEGER due;
        due.QuadPart = -10000 * StepTime;
        KeSetTimerEx(&m_timer, due, StepTime, &m_dpc);
    }

    ~Meter()
    {
        KeCancelTimer(&m_timer);
        KeFlushQueuedDpcs();
    }

private:
    static void NTAPI Measure(PKDPC, PVOID context, PVOID, PVOID)
    {
        auto self = static_cast<Meter *>(context);
        KFLOATING_SAVE save;
        if (!NT_SUCCESS(KeSaveFloatingPointState(&save))) {
            return;
        }
        self->Step();
        KeRestoreFloatingPointState(&save);
    }

    // A function of its own, so that no calculation is moved in front of the save.
    __attribute__((noinline)) void Step()
    {
        m_level += (Goal - m_level) * Part;
        double root = m_level;
        asm("fsqrt" : "+t"(root));
        m_root = static_cast<float>(root);
        LONG thousandths = static_cast<LONG>(m_root * 1000.0);
        DbgPrint("meter %d: %d%s\n", ++m_step, thousandths, m_level > Goal / 2 ? ", loud" : "");
        if (m_step == Steps) {
            KeCancelTimer(&m_timer);
        }
    }

    KTIMER m_timer;
    KDPC m_dpc;
    LONG m_step = 0;
    double m_level = 0;
    float m_root = 0;
};

PAGEABLE UartMiniport *CreateMiniport()
{
    return new (NonPagedPoolNx) Meter();
}

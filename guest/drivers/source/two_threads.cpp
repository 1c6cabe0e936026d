// A good driver with two system threads that wait at once: one feeds the port with captured bytes,
// the other writes the bytes that the port gave to the driver.
#include "capture_thread.h"

// The time in 100 ns units in which a card sends what it holds: 128 bytes of 320 us.
constexpr ULONG FifoTime = 128 * 3'200;

class TwoThreadedHardware : public CapturingHardware
{
public:
    TwoThreadedHardware(Card *card, PINTERRUPTSYNC interrupt) : CapturingHardware(card, interrupt)
    {
        KeInitializeEvent(&m_empty, NotificationEvent, TRUE);
    }

    ~TwoThreadedHardware() override { m_renderThread.Join(); }

    NTSTATUS Start() override
    {
        NTSTATUS status = m_renderThread.Start(Render, this, LOW_REALTIME_PRIORITY);
        return NT_SUCCESS(status) ? CapturingHardware::Start() : status;
    }

    ULONG Write(const UCHAR *data, ULONG length, bool) override
    {
        if (!IsReady()) {
            return 0;
        }
        KeClearEvent(&m_empty);
        ULONG put = m_toWrite.Put(data, length);
        m_renderThread.Wake();
        return put;
    }

    // Waits until the card has sent all bytes; a card that takes none for long gets no more. Bytes
    // in the card would be lost at a reset, which may follow at once.
    void Drain() override
    {
        LARGE_INTEGER limit;
        limit.QuadPart = -5 * 10'000'000LL;
        KeWaitForSingleObject(&m_empty, Executive, KernelMode, FALSE, &limit);
        m_toWrite.Clear();
        Sleep(FifoTime);
    }

private:
    static void NTAPI Render(PVOID context)
    {
        // The return ends the thread.
        static_cast<TwoThreadedHardware *>(context)->WriteAll();
    }

    void WriteAll()
    {
        while (m_renderThread.WaitForWork()) {
            UCHAR part[4];
            while (ULONG taken = m_toWrite.Take(part, sizeof part)) {
                WritePart(part, taken);
            }
            KeSetEvent(&m_empty, IO_NO_INCREMENT, FALSE);
        }
    }

    // Writes bytes as the card takes them, and sleeps while the card is busy.
    void WritePart(const UCHAR *part, ULONG length)
    {
        ULONG written = 0;
        for (ULONG tries = 0; written < length && tries < 100; tries++) {
            KIRQL irql;
            KeRaiseIrql(DISPATCH_LEVEL, &irql);
            written += Hardware::Write(part + written, length - written, false);
            KeLowerIrql(irql);
            if (written < length) {
                LARGE_INTEGER time;
                time.QuadPart = -10'000;
                KeDelayExecutionThread(KernelMode, FALSE, &time);
            }
        }
    }

    SystemThread m_renderThread;
    ByteQueue m_toWrite;
    KEVENT m_empty;
};

PAGEABLE UartMiniport *CreateMiniport()
{
    return new (NonPagedPoolNx) ThreadedMiniport<TwoThreadedHardware>();
}

// A UART driver whose captured bytes go through a system thread.
//
// The service routine keeps the bytes and queues a DPC. The DPC sets an event, for which the thread
// waits. The thread feeds the port: it puts the bytes into a queue and notifies the port, which
// then reads the queue.
#pragma once

#include "byte_queue.h"
#include "descriptor.h"
#include "miniport.h"
#include "system_thread.h"

class WakingCard : public Card
{
public:
    WakingCard(Registers registers, PPORTMIDI port, PSERVICEGROUP group)
        : Card(registers, port, group)
    {
        KeInitializeDpc(&m_dpc, Wake, this);
    }

    // The interrupt is disconnected, but its last DPC may wait.
    ~WakingCard() override { KeFlushQueuedDpcs(); }

    void SetThread(SystemThread *thread) { m_thread = thread; }

    void TellPort() { Card::Notify(); }

protected:
    void Notify() override { KeInsertQueueDpc(&m_dpc, nullptr, nullptr); }

private:
    static void NTAPI Wake(PKDPC, PVOID card, PVOID, PVOID)
    {
        SystemThread *thread = static_cast<WakingCard *>(card)->m_thread;
        if (thread) {
            thread->Wake();
        }
    }

    KDPC m_dpc;
    SystemThread *volatile m_thread = nullptr;
};

class CapturingHardware : public Hardware
{
public:
    using Hardware::Hardware;

    ~CapturingHardware() override
    {
        static_cast<WakingCard *>(m_card)->SetThread(nullptr);
        m_captureThread.Join();
    }

    // The thread stays when the card is started anew after a sleep.
    NTSTATUS Start() override
    {
        NTSTATUS status = m_captureThread.Start(Capture, this, LOW_REALTIME_PRIORITY);
        if (!NT_SUCCESS(status)) {
            return status;
        }
        static_cast<WakingCard *>(m_card)->SetThread(&m_captureThread);
        return Hardware::Start();
    }

    ULONG TakeCaptured(UCHAR *buffer, ULONG length) override
    {
        return m_captured.Take(buffer, length);
    }

    void ClearFed() { m_captured.Clear(); }

    virtual void Drain() {}

private:
    static void NTAPI Capture(PVOID context)
    {
        static_cast<CapturingHardware *>(context)->Feed();
        PsTerminateSystemThread(STATUS_SUCCESS);
    }

    void Feed()
    {
        while (m_captureThread.WaitForWork()) {
            UCHAR part[32];
            while (ULONG taken = Hardware::TakeCaptured(part, sizeof part)) {
                ULONG put = m_captured.Put(part, taken);
                if (put < taken) {
                    DbgPrint("MPU-401: %u captured bytes lost, queue full\n", taken - put);
                }
                static_cast<WakingCard *>(m_card)->TellPort();
            }
        }
    }

    SystemThread m_captureThread;
    ByteQueue m_captured;
};

class FedStream : public UartStream
{
public:
    FedStream(PUNKNOWN miniport, CapturingHardware &hardware, bool capture)
        : UartStream(miniport, hardware, capture), m_fed(hardware), m_isCapture(capture)
    {
    }

    STDMETHODIMP_(NTSTATUS) SetState(KSSTATE state)
    {
        if (!m_isCapture && m_state == KSSTATE_RUN && state != KSSTATE_RUN) {
            m_fed.Drain();
        }
        NTSTATUS status = UartStream::SetState(state);
        if (m_isCapture && state < KSSTATE_PAUSE) {
            m_fed.ClearFed();
        }
        return status;
    }

private:
    CapturingHardware &m_fed;
    const bool m_isCapture;
};

template <class ThreadedHardware> class ThreadedMiniport : public UartMiniport
{
protected:
    Card *CreateCard(Registers registers, PPORTMIDI port, PSERVICEGROUP group) override
    {
        return new (NonPagedPoolNx) WakingCard(registers, port, group);
    }

    Hardware *CreateHardware(Card *card, PINTERRUPTSYNC interrupt) override
    {
        return new (NonPagedPoolNx) ThreadedHardware(card, interrupt);
    }

    UartStream *CreateStream(bool capture) override
    {
        auto *hardware = static_cast<CapturingHardware *>(m_hardware);
        return new (NonPagedPoolNx) FedStream(Unknown(), *hardware, capture);
    }
};

// The card under its interrupt: start, stop, and the bounded waits for it.
#pragma once

#include "card.h"

class Hardware
{
public:
    // Takes the card over, and a reference to a connected interrupt or null.
    Hardware(Card *card, PINTERRUPTSYNC interrupt);

    // Leaves the card reset and its interrupt disconnected.
    virtual ~Hardware();

    // Resets the card and puts it into UART mode, whatever state it was left in. PASSIVE_LEVEL.
    virtual NTSTATUS Start();

    // Leaves the card reset, so that it sends nothing more. PASSIVE_LEVEL.
    virtual void Silence();

    // Writes MIDI bytes as fast as the card takes them; returns how many. DISPATCH_LEVEL.
    virtual ULONG Write(const UCHAR *data, ULONG length, bool patient);

    // Takes captured bytes; returns how many.
    virtual ULONG TakeCaptured(UCHAR *buffer, ULONG length);
    void SetCapture(bool keep);
    void ClearCaptured();

    // Takes or gives back the one stream of a direction.
    bool Open(bool capture);
    void Close(bool capture) { m_open[capture] = false; }

    Card &GetCard() const { return *m_card; }
    bool IsReady() const { return m_card->GetMode() == Mode::Uart; }
    bool HasInterrupt() const { return m_interrupt != nullptr; }

protected:
    // Does by hand what the service routine does.
    void Poll();

    // Runs a routine that the service routine does not come between.
    void Synchronized(PINTERRUPTSYNCROUTINE routine, PVOID context);

    virtual bool WaitForRoom(ULONGLONG end);

    Card *const m_card;
    PINTERRUPTSYNC m_interrupt;

private:
    NTSTATUS ResetAndEnterUart();
    NTSTATUS Command(UCHAR command, bool &acknowledged);
    Status TryCommand(UCHAR command);

    bool m_open[2] = {false, false};
};

// Time on the clock in 100 ns units. Any level.
ULONGLONG Now();

// A wait of the thread. PASSIVE_LEVEL.
void Sleep(ULONG units100ns);

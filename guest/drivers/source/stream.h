// A stream of the UART miniport: one open pin, render or capture.
#pragma once

#include "hardware.h"

class UartStream : public IMiniportMidiStream, public CUnknown
{
public:
    DECLARE_STD_UNKNOWN();

    // Takes the one stream of a direction, which must be free, and a reference to its miniport.
    UartStream(PUNKNOWN miniport, Hardware &hardware, bool capture);

    // A client may go in any state, so nothing is taken for granted about it.
    ~UartStream();

    STDMETHODIMP_(NTSTATUS) SetFormat(PKSDATAFORMAT format);
    STDMETHODIMP_(NTSTATUS) SetState(KSSTATE state);
    STDMETHODIMP_(NTSTATUS) Read(PVOID buffer, ULONG length, PULONG read);
    STDMETHODIMP_(NTSTATUS) Write(PVOID buffer, ULONG length, PULONG written);

protected:
    Hardware &m_hardware;
    KSSTATE m_state = KSSTATE_STOP;

private:
    // Keeps input in RUN, leaves what was kept to the reader in PAUSE, and drops it below.
    void CaptureIn(KSSTATE state);

    NTSTATUS CountFruitless();

    PUNKNOWN m_miniport;
    const bool m_capture;
    ULONG m_fruitlessCalls = 0;
};

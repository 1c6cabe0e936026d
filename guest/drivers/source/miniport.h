// The MPU-401 in UART mode as an IMiniportMidi.
//
// The methods that create a part are virtual, so that a driver can come with a part of its own.
#pragma once

#include "stream.h"

class UartMiniport : public IMiniportMidi, public IPowerNotify, public CUnknown
{
public:
    DECLARE_STD_UNKNOWN();

    UartMiniport();
    virtual ~UartMiniport();

    // IMiniport
    STDMETHODIMP_(NTSTATUS) GetDescription(PPCFILTER_DESCRIPTOR *description);
    STDMETHODIMP_(NTSTATUS) DataRangeIntersection(ULONG pin, PKSDATARANGE clientRange,
                                                  PKSDATARANGE pinRange, ULONG outputLength,
                                                  PVOID output, PULONG resultLength);

    // IMiniportMidi
    STDMETHODIMP_(NTSTATUS) Init(PUNKNOWN adapter, PRESOURCELIST resources, PPORTMIDI port,
                                 PSERVICEGROUP *group);
    STDMETHODIMP_(void) Service();
    STDMETHODIMP_(NTSTATUS) NewStream(PMINIPORTMIDISTREAM *stream, PUNKNOWN outer, POOL_TYPE pool,
                                      ULONG pin, BOOLEAN capture, PKSDATAFORMAT format,
                                      PSERVICEGROUP *group);

    // IPowerNotify
    STDMETHODIMP_(void) PowerChangeNotify(POWER_STATE state);

protected:
    virtual Card *CreateCard(Registers registers, PPORTMIDI port, PSERVICEGROUP group);
    virtual Hardware *CreateHardware(Card *card, PINTERRUPTSYNC interrupt);
    virtual UartStream *CreateStream(bool capture);
    virtual NTSTATUS Connect(Card *card, PRESOURCELIST resources, PINTERRUPTSYNC *interrupt);

    PUNKNOWN Unknown() { return static_cast<PMINIPORTMIDI>(this); }

    Hardware *m_hardware = nullptr;

private:
    NTSTATUS StartHardware(PRESOURCELIST resources, PPORTMIDI port, PSERVICEGROUP group);

    ULONG m_reportedOverruns = 0;
};

// The miniport of a driver, without references yet; null when there is no memory.
// Each driver defines it beside whatever it does differently.
UartMiniport *CreateMiniport();

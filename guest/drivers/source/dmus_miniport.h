// The MPU-401 in UART mode as an IMiniportDMus.
#pragma once

#include "dmus_stream.h"

class DmusMiniport : public IMiniportDMus, public IPowerNotify, public CUnknown
{
public:
    DECLARE_STD_UNKNOWN();

    DmusMiniport();
    virtual ~DmusMiniport();

    // IMiniport
    STDMETHODIMP_(NTSTATUS) GetDescription(PPCFILTER_DESCRIPTOR *description);
    STDMETHODIMP_(NTSTATUS) DataRangeIntersection(ULONG pin, PKSDATARANGE clientRange,
                                                  PKSDATARANGE pinRange, ULONG outputLength,
                                                  PVOID output, PULONG resultLength);

    // IMiniportDMus
    STDMETHODIMP_(NTSTATUS) Init(PUNKNOWN adapter, PRESOURCELIST resources, PPORTDMUS port,
                                 PSERVICEGROUP *group);
    STDMETHODIMP_(void) Service();
    STDMETHODIMP_(NTSTATUS) NewStream(PMXF *stream, PUNKNOWN outer, POOL_TYPE pool, ULONG pin,
                                      DMUS_STREAM_TYPE type, PKSDATAFORMAT format,
                                      PSERVICEGROUP *group, PAllocatorMXF allocator,
                                      PMASTERCLOCK clock, PULONGLONG schedulePreFetch);

    // IPowerNotify
    STDMETHODIMP_(void) PowerChangeNotify(POWER_STATE state);

protected:
    virtual PMXF CreateRender(PAllocatorMXF allocator);
    virtual PMXF CreateCapture(PAllocatorMXF allocator, PMASTERCLOCK clock);

    PUNKNOWN Unknown() { return static_cast<PMINIPORTDMUS>(this); }

    Hardware *m_hardware = nullptr;

private:
    NTSTATUS StartHardware(PRESOURCELIST resources, PPORTDMUS port, PSERVICEGROUP group);
    NTSTATUS Connect(Card *card, PRESOURCELIST resources, PINTERRUPTSYNC *interrupt);
};

// The miniport of a driver, without references yet; null when there is no memory.
DmusMiniport *CreateDmusMiniport();

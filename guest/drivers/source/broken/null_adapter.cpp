// Mistake: takes the adapter's interface for granted, which is null here, as it is for most.
#include "broken.h"

class NullAdapter : public UartMiniport
{
    STDMETHODIMP_(NTSTATUS) Init(PUNKNOWN adapter, PRESOURCELIST resources, PPORTMIDI port,
                                 PSERVICEGROUP *group) override
    {
        adapter->AddRef();
        NTSTATUS status = UartMiniport::Init(adapter, resources, port, group);
        adapter->Release();
        return status;
    }
};

UartMiniport *CreateMiniport()
{
    return Create<NullAdapter>();
}

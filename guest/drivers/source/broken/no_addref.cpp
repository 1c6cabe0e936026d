// Mistake: hands out its service group without a reference for the port.
#include "broken.h"

class NoAddRef : public UartMiniport
{
    STDMETHODIMP_(NTSTATUS)
    NewStream(PMINIPORTMIDISTREAM *stream, PUNKNOWN outer, POOL_TYPE pool, ULONG pin,
              BOOLEAN capture, PKSDATAFORMAT format, PSERVICEGROUP *group) override
    {
        NTSTATUS status =
            UartMiniport::NewStream(stream, outer, pool, pin, capture, format, group);
        if (*group) {
            (*group)->Release();
        }
        return status;
    }
};

UartMiniport *CreateMiniport()
{
    return Create<NoAddRef>();
}

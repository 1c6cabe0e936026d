// Mistake: keeps one reference too many to the miniport, so the miniport is never destroyed.
#include "broken.h"

UartMiniport *CreateMiniport()
{
    UartMiniport *miniport = Create<UartMiniport>();
    if (miniport) {
        miniport->NonDelegatingAddRef();
    }
    return miniport;
}

// Mistake: keeps one reference to the miniport too many, so it never goes.
#include "broken.h"

UartMiniport *CreateMiniport()
{
    UartMiniport *miniport = Create<UartMiniport>();
    if (miniport) {
        miniport->NonDelegatingAddRef();
    }
    return miniport;
}

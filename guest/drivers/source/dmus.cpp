// The good driver for DirectMusic: an MPU-401 in UART mode behind IMiniportDMus. DriverEntry is in
// its parts.
#include "dmus_parts.h"

PAGEABLE DmusMiniport *CreateDmusMiniport()
{
    return new (NonPagedPoolNx) DmusMiniport();
}

// The good driver: an MPU-401 in UART mode, play and record.
#include "miniport.h"

PAGEABLE UartMiniport *CreateMiniport()
{
    return new (NonPagedPoolNx) UartMiniport();
}

// A good driver with a system thread that feeds the port with what the card captured.
#include "capture_thread.h"

PAGEABLE UartMiniport *CreateMiniport()
{
    return new (NonPagedPoolNx) ThreadedMiniport<CapturingHardware>();
}

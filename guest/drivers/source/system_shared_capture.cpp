// The sound card's driver of system_shared.cpp with the miniport of the class for capture.
// DriverEntry is in system_adapter.h.
#define UART_CLASSES CLSID_PortDMus, CLSID_MiniportDriverDMusUARTCapture
#include "system_capture.h"
#include "system_shared.cpp"

// The sound card's driver of system_shared.cpp with the miniport behind IMiniportMidi. DriverEntry
// is in system_adapter.h.
#define UART_CLASSES CLSID_PortMidi, CLSID_MiniportDriverUart
#include "system_shared.cpp"

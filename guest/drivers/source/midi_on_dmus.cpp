// The good MIDI driver on the port of the DirectMusic class, which takes either kind of miniport.
// DriverEntry is that of the adapter.
#include "dmus_identifiers.h"

#define PORT_CLASS CLSID_PortDMus
#include "adapter.cpp"
#include "card.cpp"
#include "descriptor.cpp"
#include "hardware.cpp"
#include "miniport.cpp"
#include "stream.cpp"
#include "unknown.cpp"

#include "uart.cpp"

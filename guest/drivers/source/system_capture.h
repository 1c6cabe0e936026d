// The class of the system's miniport for capture. Source: WDK, dmusicks.h.
#pragma once
#include "unknown.h"

extern "C" const GUID CLSID_MiniportDriverDMusUARTCapture = {
    0xD3F0CE1D, 0xFFFC, 0x11D1, {0x81, 0xB0, 0x00, 0x60, 0x08, 0x33, 0x16, 0xC1}};

// The identifiers of DirectMusic that the headers only declare or leave out.
//
// Owns definitions, so one source of a driver includes it. Source: WDK, portcls.h and dmusicks.h.
#pragma once

#include "unknown.h"

#include <dmusicks.h>

extern "C" const GUID CLSID_PortDMus = {
    0xB7902FE9, 0xFB0A, 0x11D1, {0x81, 0xB0, 0x00, 0x60, 0x08, 0x33, 0x16, 0xC1}};
extern "C" const GUID IID_IMiniportDMus = {
    0xC096DF9D, 0xFB09, 0x11D1, {0x81, 0xB0, 0x00, 0x60, 0x08, 0x33, 0x16, 0xC1}};

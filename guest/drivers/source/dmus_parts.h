// All parts of a driver for DirectMusic but its CreateDmusMiniport, compiled as one source.
#pragma once

#include "dmus_identifiers.h"

#include "card.cpp"
#include "descriptor.cpp"
#include "hardware.cpp"
#include "unknown.cpp"

#include "dmus_adapter.cpp"
#include "dmus_descriptor.cpp"
#include "dmus_miniport.cpp"
#include "dmus_stream.cpp"

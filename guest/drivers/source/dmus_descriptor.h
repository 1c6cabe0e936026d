// The filter of the DirectMusic miniport: pins that take MIDI and DirectMusic, and the cables.
#pragma once

#include "descriptor.h"

// For a card that plays and records, and for one without an interrupt, which only plays. The pins
// are those of the MIDI miniport.
extern const PCFILTER_DESCRIPTOR DmusDuplexFilter;
extern const PCFILTER_DESCRIPTOR DmusRenderFilter;

// Whether a format is MIDI or DirectMusic, the formats of the client pins.
bool IsMusic(const KSDATAFORMAT &format);

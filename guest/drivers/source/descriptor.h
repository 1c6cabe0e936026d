// The filter that the UART miniport is: MIDI pins for clients, bridge pins for the cables.
#pragma once

#include "unknown.h"

// Clients send MIDI here, and get it there.
constexpr ULONG RenderPin = 0;
constexpr ULONG CapturePin = 2;

// A card that plays and records, and one without an interrupt, which only plays.
extern const PCFILTER_DESCRIPTOR DuplexFilter;
extern const PCFILTER_DESCRIPTOR RenderFilter;

// Whether a format is MIDI, the only one there is.
bool IsMidi(const KSDATAFORMAT &format);

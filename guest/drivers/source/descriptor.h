// The filter of the UART miniport: MIDI pins for clients, bridge pins for the cables.
#pragma once

#include "unknown.h"

// Clients send MIDI on the first pin and get it on the second.
constexpr ULONG RenderPin = 0;
constexpr ULONG CapturePin = 2;

// For a card that plays and records, and for one without an interrupt, which only plays.
extern const PCFILTER_DESCRIPTOR DuplexFilter;
extern const PCFILTER_DESCRIPTOR RenderFilter;

// Whether a format is MIDI, the only format of these pins.
bool IsMidi(const KSDATAFORMAT &format);

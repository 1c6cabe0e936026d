#include "descriptor.h"

static const GUID TypeMusic = {STATIC_KSDATAFORMAT_TYPE_MUSIC};
static const GUID SubtypeMidi = {STATIC_KSDATAFORMAT_SUBTYPE_MIDI};

// Names of the two client pins, for the legacy MIDI devices.
static const GUID MpuOutName = {
    0xA4DF0EB5, 0xBAC9, 0x11D2, {0xB7, 0xA8, 0x00, 0x60, 0x08, 0x33, 0x16, 0xC1}};
static const GUID MpuInName = {
    0xB2EC0A7D, 0xBAC9, 0x11D2, {0xB7, 0xA8, 0x00, 0x60, 0x08, 0x33, 0x16, 0xC1}};
static const GUID AudioCategory = {STATIC_KSCATEGORY_AUDIO};

static KSDATARANGE_MUSIC MidiRange = {
    {{sizeof(KSDATARANGE_MUSIC), 0, 0, 0, {STATIC_KSDATAFORMAT_TYPE_MUSIC},
      {STATIC_KSDATAFORMAT_SUBTYPE_MIDI}, {STATIC_KSDATAFORMAT_SPECIFIER_NONE}}},
    {STATIC_KSMUSIC_TECHNOLOGY_PORT}, 0, 0, 0xFFFF};

static KSDATARANGE CableRange = {
    {sizeof(KSDATARANGE), 0, 0, 0, {STATIC_KSDATAFORMAT_TYPE_MUSIC},
     {STATIC_KSDATAFORMAT_SUBTYPE_MIDI_BUS}, {STATIC_KSDATAFORMAT_SPECIFIER_NONE}}};

static const PKSDATARANGE MidiRanges[] = {reinterpret_cast<PKSDATARANGE>(&MidiRange)};
static const PKSDATARANGE CableRanges[] = {&CableRange};

// The render pin comes first, as the legacy API prefers it so. One stream can be open on a client
// pin; nobody opens a cable.
static const PCPIN_DESCRIPTOR Pins[] = {
    {1, 1, 0, nullptr, {0, nullptr, 0, nullptr, SIZEOF_ARRAY(MidiRanges), MidiRanges,
     KSPIN_DATAFLOW_IN, KSPIN_COMMUNICATION_SINK, &AudioCategory, &MpuOutName, {0}}},
    {0, 0, 0, nullptr, {0, nullptr, 0, nullptr, SIZEOF_ARRAY(CableRanges), CableRanges,
     KSPIN_DATAFLOW_OUT, KSPIN_COMMUNICATION_BRIDGE, &AudioCategory, nullptr, {0}}},
    {1, 1, 0, nullptr, {0, nullptr, 0, nullptr, SIZEOF_ARRAY(MidiRanges), MidiRanges,
     KSPIN_DATAFLOW_OUT, KSPIN_COMMUNICATION_SINK, &AudioCategory, &MpuInName, {0}}},
    {0, 0, 0, nullptr, {0, nullptr, 0, nullptr, SIZEOF_ARRAY(CableRanges), CableRanges,
     KSPIN_DATAFLOW_IN, KSPIN_COMMUNICATION_BRIDGE, &AudioCategory, nullptr, {0}}},
};

static const PCCONNECTION_DESCRIPTOR Connections[] = {
    {PCFILTER_NODE, 0, PCFILTER_NODE, 1},
    {PCFILTER_NODE, 3, PCFILTER_NODE, 2},
};

static const GUID Categories[] = {
    {STATIC_KSCATEGORY_AUDIO}, {STATIC_KSCATEGORY_RENDER}, {STATIC_KSCATEGORY_CAPTURE}};

const PCFILTER_DESCRIPTOR DuplexFilter = {
    0, nullptr, sizeof(PCPIN_DESCRIPTOR), 4, Pins, sizeof(PCNODE_DESCRIPTOR), 0, nullptr,
    2, Connections, 3, Categories};

const PCFILTER_DESCRIPTOR RenderFilter = {
    0, nullptr, sizeof(PCPIN_DESCRIPTOR), 2, Pins, sizeof(PCNODE_DESCRIPTOR), 0, nullptr,
    1, Connections, 2, Categories};

bool IsMidi(const KSDATAFORMAT &format)
{
    return IsSameGuid(format.MajorFormat, TypeMusic) && IsSameGuid(format.SubFormat, SubtypeMidi);
}

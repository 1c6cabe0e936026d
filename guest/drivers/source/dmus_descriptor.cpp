#include "dmus_descriptor.h"

// The subformat that the headers leave out. Source: WDK, ksmedia.h.
#ifndef STATIC_KSDATAFORMAT_SUBTYPE_DIRECTMUSIC
#define STATIC_KSDATAFORMAT_SUBTYPE_DIRECTMUSIC \
    0x1A82F8BC, 0x3F8B, 0x11D2, {0xB7, 0x74, 0x00, 0x60, 0x08, 0x33, 0x16, 0xC1}
#endif

static const GUID TypeOfMusic = {STATIC_KSDATAFORMAT_TYPE_MUSIC};
static const GUID SubtypeDirectMusic = {STATIC_KSDATAFORMAT_SUBTYPE_DIRECTMUSIC};

static const GUID DmusOutName = {
    0xA4DF0EB5, 0xBAC9, 0x11D2, {0xB7, 0xA8, 0x00, 0x60, 0x08, 0x33, 0x16, 0xC1}};
static const GUID DmusInName = {
    0xB2EC0A7D, 0xBAC9, 0x11D2, {0xB7, 0xA8, 0x00, 0x60, 0x08, 0x33, 0x16, 0xC1}};
static const GUID CategoryOfAudio = {STATIC_KSCATEGORY_AUDIO};

static KSDATARANGE_MUSIC DirectMusicRange = {
    {{sizeof(KSDATARANGE_MUSIC), 0, 0, 0, {STATIC_KSDATAFORMAT_TYPE_MUSIC},
      {STATIC_KSDATAFORMAT_SUBTYPE_DIRECTMUSIC}, {STATIC_KSDATAFORMAT_SPECIFIER_NONE}}},
    {STATIC_KSMUSIC_TECHNOLOGY_PORT}, 0, 0, 0xFFFF};

static KSDATARANGE_MUSIC LegacyRange = {
    {{sizeof(KSDATARANGE_MUSIC), 0, 0, 0, {STATIC_KSDATAFORMAT_TYPE_MUSIC},
      {STATIC_KSDATAFORMAT_SUBTYPE_MIDI}, {STATIC_KSDATAFORMAT_SPECIFIER_NONE}}},
    {STATIC_KSMUSIC_TECHNOLOGY_PORT}, 0, 0, 0xFFFF};

static KSDATARANGE BusRange = {
    {sizeof(KSDATARANGE), 0, 0, 0, {STATIC_KSDATAFORMAT_TYPE_MUSIC},
     {STATIC_KSDATAFORMAT_SUBTYPE_MIDI_BUS}, {STATIC_KSDATAFORMAT_SPECIFIER_NONE}}};

static const PKSDATARANGE MusicRanges[] = {reinterpret_cast<PKSDATARANGE>(&DirectMusicRange),
                                           reinterpret_cast<PKSDATARANGE>(&LegacyRange)};
static const PKSDATARANGE BusRanges[] = {&BusRange};

// A client pin plays one stream or records one, in either format. No client opens a cable.
static const PCPIN_DESCRIPTOR DmusPins[] = {
    {1, 1, 0, nullptr, {0, nullptr, 0, nullptr, SIZEOF_ARRAY(MusicRanges), MusicRanges,
     KSPIN_DATAFLOW_IN, KSPIN_COMMUNICATION_SINK, &CategoryOfAudio, &DmusOutName, {0}}},
    {0, 0, 0, nullptr, {0, nullptr, 0, nullptr, SIZEOF_ARRAY(BusRanges), BusRanges,
     KSPIN_DATAFLOW_OUT, KSPIN_COMMUNICATION_BRIDGE, &CategoryOfAudio, nullptr, {0}}},
    {1, 1, 0, nullptr, {0, nullptr, 0, nullptr, SIZEOF_ARRAY(MusicRanges), MusicRanges,
     KSPIN_DATAFLOW_OUT, KSPIN_COMMUNICATION_SINK, &CategoryOfAudio, &DmusInName, {0}}},
    {0, 0, 0, nullptr, {0, nullptr, 0, nullptr, SIZEOF_ARRAY(BusRanges), BusRanges,
     KSPIN_DATAFLOW_IN, KSPIN_COMMUNICATION_BRIDGE, &CategoryOfAudio, nullptr, {0}}},
};

static const PCCONNECTION_DESCRIPTOR DmusConnections[] = {
    {PCFILTER_NODE, 0, PCFILTER_NODE, 1},
    {PCFILTER_NODE, 3, PCFILTER_NODE, 2},
};

static const GUID DmusCategories[] = {
    {STATIC_KSCATEGORY_AUDIO}, {STATIC_KSCATEGORY_RENDER}, {STATIC_KSCATEGORY_CAPTURE}};

const PCFILTER_DESCRIPTOR DmusDuplexFilter = {
    0, nullptr, sizeof(PCPIN_DESCRIPTOR), 4, DmusPins, sizeof(PCNODE_DESCRIPTOR), 0, nullptr,
    2, DmusConnections, 3, DmusCategories};

const PCFILTER_DESCRIPTOR DmusRenderFilter = {
    0, nullptr, sizeof(PCPIN_DESCRIPTOR), 2, DmusPins, sizeof(PCNODE_DESCRIPTOR), 0, nullptr,
    1, DmusConnections, 2, DmusCategories};

bool IsMusic(const KSDATAFORMAT &format)
{
    return IsMidi(format) || (IsSameGuid(format.MajorFormat, TypeOfMusic) &&
                              IsSameGuid(format.SubFormat, SubtypeDirectMusic));
}

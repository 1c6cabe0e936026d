//! The GUIDs of kernel streaming that the filters and their clients use.
//!
//! Constants only, one module for each kind of name. Values and C names: WDK ks.h, ksmedia.h,
//! dmusicks.h and dmusprop.h.

/// Major formats, subformats and specifiers of a data format; the wildcard is
/// [`Guid::NULL`](crate::guid::Guid::NULL).
pub mod data_format {
    crate::guid::guid_table! {
        /// Major format: music.
        MUSIC = "KSDATAFORMAT_TYPE_MUSIC" "E725D360-62CC-11CF-A5D6-28DB04C10000";
        /// Subformat: MIDI bytes in KSMUSICFORMAT records.
        MIDI = "KSDATAFORMAT_SUBTYPE_MIDI" "1D262760-E957-11CF-A5D6-28DB04C10000";
        /// Subformat: the MIDI cable, on bridge pins.
        MIDI_BUS = "KSDATAFORMAT_SUBTYPE_MIDI_BUS" "2CA15FA0-6CFE-11CF-A5D6-28DB04C10000";
        /// Subformat: DirectMusic events.
        DIRECTMUSIC = "KSDATAFORMAT_SUBTYPE_DIRECTMUSIC" "1A82F8BC-3F8B-11D2-B774-0060083316C1";
        /// Subformat: a MIDI file in RIFF.
        RIFFMIDI = "KSDATAFORMAT_SUBTYPE_RIFFMIDI" "4995DAF0-9EE6-11D0-A40E-00A0C9223196";
        /// Major format: sound.
        AUDIO = "KSDATAFORMAT_TYPE_AUDIO" "73647561-0000-0010-8000-00AA00389B71";
        /// Subformat: samples without compression.
        PCM = "KSDATAFORMAT_SUBTYPE_PCM" "00000001-0000-0010-8000-00AA00389B71";
        /// Subformat: an analogue cable, on bridge pins.
        ANALOG = "KSDATAFORMAT_SUBTYPE_ANALOG" "6DBA3190-67BD-11CF-A0F7-0020AFD156E4";
        /// Specifier: a WAVEFORMATEX follows the format.
        WAVEFORMATEX = "KSDATAFORMAT_SPECIFIER_WAVEFORMATEX"
            "05589F81-C356-11CE-BF01-00AA0055595A";
        /// Specifier: a description for DirectSound follows the format.
        DSOUND = "KSDATAFORMAT_SPECIFIER_DSOUND" "518590A2-A184-11D0-8522-00C04FD9BAF3";
        /// Specifier: nothing follows the format.
        NONE = "KSDATAFORMAT_SPECIFIER_NONE" "0F6417D6-C318-11D0-A43F-00A0C9223196";
    }
}

/// The technologies that make the sound of a music data range.
pub mod technology {
    crate::guid::guid_table! {
        /// A MIDI port; the device behind the cable is unknown.
        PORT = "KSMUSIC_TECHNOLOGY_PORT" "86C92E60-62E8-11CF-A5D6-28DB04C10000";
        /// A square-wave synthesizer.
        SQSYNTH = "KSMUSIC_TECHNOLOGY_SQSYNTH" "0ECF4380-62E9-11CF-A5D6-28DB04C10000";
        /// An FM synthesizer.
        FMSYNTH = "KSMUSIC_TECHNOLOGY_FMSYNTH" "252C5C80-62E9-11CF-A5D6-28DB04C10000";
        /// A wave-table synthesizer.
        WAVETABLE = "KSMUSIC_TECHNOLOGY_WAVETABLE" "394EC7C0-62E9-11CF-A5D6-28DB04C10000";
        /// A software synthesizer.
        SWSYNTH = "KSMUSIC_TECHNOLOGY_SWSYNTH" "37407736-3620-11D1-85D3-0000F8754380";
    }
}

/// Categories of filters and pins.
pub mod category {
    crate::guid::guid_table! {
        /// Audio in general.
        AUDIO = "KSCATEGORY_AUDIO" "6994AD04-93EF-11D0-A3CC-00A0C9223196";
        /// Sends data out of the computer.
        RENDER = "KSCATEGORY_RENDER" "65E8773E-8F56-11D0-A3B9-00A0C9223196";
        /// Brings data into the computer.
        CAPTURE = "KSCATEGORY_CAPTURE" "65E8773D-8F56-11D0-A3B9-00A0C9223196";
        /// Mixers and lines.
        TOPOLOGY = "KSCATEGORY_TOPOLOGY" "DDA54A40-1E4C-11D1-A050-405705C10000";
        /// A synthesizer. This GUID is also a node type.
        SYNTHESIZER = "KSCATEGORY_SYNTHESIZER" "DFF220F3-F70F-11D0-B917-00A0C9223196";
        /// Reserved for the system's own audio graph.
        AUDIO_DEVICE = "KSCATEGORY_AUDIO_DEVICE" "FBF6F530-07B9-11D2-A71E-0000F8004788";
        /// Tells the legacy API to use the pin's name.
        WDMAUD_USE_PIN_NAME = "KSCATEGORY_WDMAUD_USE_PIN_NAME"
            "47A4FA20-A251-11D1-A050-0000F8004788";
    }
}

/// Types of topology nodes. These GUIDs are also the categories of bridge pins.
pub mod node_type {
    crate::guid::guid_table! {
        /// A synthesizer.
        SYNTHESIZER = "KSNODETYPE_SYNTHESIZER" "DFF220F3-F70F-11D0-B917-00A0C9223196";
        /// A software MIDI filter.
        SWMIDI = "KSNODETYPE_SWMIDI" "CB9BEFA0-A251-11D1-A050-0000F8004788";
        /// A software synthesizer.
        SWSYNTH = "KSNODETYPE_SWSYNTH" "423274A0-8B81-11D1-A050-0000F8004788";
        /// The DirectMusic synthesizer.
        DMSYNTH = "KSNODETYPE_DMSYNTH" "94824F88-6183-11D2-8F7A-00C04FBF8FEF";
        /// What DirectMusic's synthesizer can do.
        DMSYNTH_CAPS = "KSNODETYPE_DMSYNTH_CAPS" "BCA2A2F1-93C6-11D2-BA1D-0000F875AC12";
        /// Digital to analogue.
        DAC = "KSNODETYPE_DAC" "507AE360-C554-11D0-8A2B-00A0C9255AC1";
        /// Analogue to digital.
        ADC = "KSNODETYPE_ADC" "4D837FE0-C555-11D0-8A2B-00A0C9255AC1";
        /// A volume control.
        VOLUME = "KSNODETYPE_VOLUME" "3A5ACC00-C557-11D0-8A2B-00A0C9255AC1";
        /// A mute control.
        MUTE = "KSNODETYPE_MUTE" "02B223C0-C557-11D0-8A2B-00A0C9255AC1";
        /// A mixer.
        SUM = "KSNODETYPE_SUM" "DA441A60-C556-11D0-8A2B-00A0C9255AC1";
        /// A speaker.
        SPEAKER = "KSNODETYPE_SPEAKER" "DFF21CE1-F70F-11D0-B917-00A0C9223196";
        /// A microphone.
        MICROPHONE = "KSNODETYPE_MICROPHONE" "DFF21BE1-F70F-11D0-B917-00A0C9223196";
        /// A connector of an old sound card.
        LEGACY_AUDIO_CONNECTOR = "KSNODETYPE_LEGACY_AUDIO_CONNECTOR"
            "DFF21FE4-F70F-11D0-B917-00A0C9223196";
    }
}

/// Property sets.
pub mod property_set {
    crate::guid::guid_table! {
        /// Pin factories of a filter.
        PIN = "KSPROPSETID_Pin" "8C134960-51AD-11CF-878A-94F801C10000";
        /// Nodes and connections of a filter.
        TOPOLOGY = "KSPROPSETID_Topology" "720D4AC0-7533-11D0-A5D6-28DB04C10000";
        /// State and format of an open pin.
        CONNECTION = "KSPROPSETID_Connection" "1D58C920-AC9B-11CF-A5D6-28DB04C10000";
        /// General facts about a filter.
        GENERAL = "KSPROPSETID_General" "1464EDA5-6A8F-11D1-9AA7-00A0C9223196";
        /// Streaming of an open pin.
        STREAM = "KSPROPSETID_Stream" "65AABA60-98AE-11CF-A10D-0020AFD156E4";
        /// A synthesizer.
        SYNTH = "KSPROPSETID_Synth" "FEDFAE25-E46E-11D1-AACE-0000F875AC12";
        /// The clock of a synthesizer.
        SYNTH_CLOCK = "KSPROPSETID_SynthClock" "FEDFAE26-E46E-11D1-AACE-0000F875AC12";
        /// The downloadable sounds of a synthesizer.
        SYNTH_DLS = "KSPROPSETID_Synth_Dls" "D523FA2C-DEE3-11D1-A789-0000F875AC12";
        /// A clock.
        CLOCK = "KSPROPSETID_Clock" "DF12A4C0-AC17-11CF-A5D6-28DB04C10000";
        /// Position and sound of an open pin.
        AUDIO = "KSPROPSETID_Audio" "45FFAAA0-6E1B-11D0-BCF2-444553540000";
        /// The rights to the content of an open pin.
        DRM_AUDIO_STREAM = "KSPROPSETID_DrmAudioStream" "2F2C8DDD-4198-4FAC-BA29-61BB05B7DE06";
        /// An allocator of stream buffers.
        STREAM_ALLOCATOR = "KSPROPSETID_StreamAllocator" "CF6E4342-EC87-11CF-A130-0020AFD156E4";
    }
}

/// Event sets.
pub mod event_set {
    crate::guid::guid_table! {
        /// Events of an open pin.
        CONNECTION = "KSEVENTSETID_Connection" "7F4BCBE0-9EA5-11CF-A5D6-28DB04C10000";
        /// A control changed its value.
        AUDIO_CONTROL_CHANGE = "KSEVENTSETID_AudioControlChange"
            "E85E9698-FA2F-11D1-95BD-00C04FB925D3";
    }
}

/// The sets of pin interfaces and of pin mediums.
pub mod pin_set {
    crate::guid::guid_table! {
        /// Interfaces; member 0 is streaming.
        INTERFACE_STANDARD = "KSINTERFACESETID_Standard" "1A8766A0-62CE-11CF-A5D6-28DB04C10000";
        /// Mediums; member 0 is device I/O.
        MEDIUM_STANDARD = "KSMEDIUMSETID_Standard" "4747B320-62CE-11CF-A5D6-28DB04C10000";
    }
}

/// The kinds of objects in create requests. A name that is relative to a filter or pin begins with
/// such a GUID.
pub mod object_name {
    crate::guid::guid_table! {
        /// A filter.
        FILTER = "KSNAME_Filter" "9B365890-165F-11D0-A195-0020AFD156E4";
        /// A pin of a filter.
        PIN = "KSNAME_Pin" "146F1A80-4791-11D0-A5D6-28DB04C10000";
        /// A clock of a pin.
        CLOCK = "KSNAME_Clock" "53172480-4791-11D0-A5D6-28DB04C10000";
        /// An allocator of a pin.
        ALLOCATOR = "KSNAME_Allocator" "642F5D00-4791-11D0-A5D6-28DB04C10000";
        /// A topology node.
        TOPOLOGY_NODE = "KSNAME_TopologyNode" "0621061A-EE75-11D0-B915-00A0C9223196";
    }
}

/// Names of pins, looked up in the registry's media categories.
pub mod pin_name {
    crate::guid::guid_table! {
        /// MIDI.
        MIDI = "KSAUDFNAME_MIDI" "185FEDF8-9905-11D1-95A9-00C04FB925D3";
        /// The output of a MIDI device in DirectMusic's list of ports.
        DMUSIC_MPU_OUT = "KSAUDFNAME_DMUSIC_MPU_OUT" "A4DF0EB5-BAC9-11D2-B7A8-0060083316C1";
        /// The input of a MIDI device in DirectMusic's list of ports.
        DMUSIC_MPU_IN = "KSAUDFNAME_DMUSIC_MPU_IN" "B2EC0A7D-BAC9-11D2-B7A8-0060083316C1";
    }
}

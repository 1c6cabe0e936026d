//! GUIDs: the 16-byte names of interfaces, classes, formats and property sets.
//!
//! This file owns the type, its text form, and the IIDs and CLSIDs of PortCls. The GUIDs of kernel
//! streaming are in [`crate::ks::guids`]. The two files know each other: the GUIDs of kernel
//! streaming have this type, and this file finds their names in `guids.rs`. This file never knows
//! the objects behind the names.

use core::fmt;
use core::str::FromStr;

use bytemuck::{Pod, Zeroable};

use crate::ks::guids;

/// A GUID in its wire form: the first three fields are little endian. The other bytes are in the
/// order of the text.
///
/// Source: WDK guiddef.h; size and field order checked against the published layout.
#[doc(alias = "GUID")]
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default, Pod, Zeroable)]
#[repr(C)]
pub struct Guid {
    /// The first eight digits of the text.
    pub data1: u32,
    /// The next four digits.
    pub data2: u16,
    /// The next four digits.
    pub data3: u16,
    /// The last sixteen digits, byte by byte.
    pub data4: [u8; 8],
}

const _: () = assert!(size_of::<Guid>() == 16 && align_of::<Guid>() == 4);

/// A [`Guid`] from its text, checked when the program is compiled.
///
/// ```
/// use portcls_port::guid;
/// let music = guid!("E725D360-62CC-11CF-A5D6-28DB04C10000");
/// assert_eq!(music.to_string(), "{E725D360-62CC-11CF-A5D6-28DB04C10000}");
/// ```
#[macro_export]
macro_rules! guid {
    ($text:literal) => {
        const {
            match $crate::guid::Guid::from_text($text) {
                Some(guid) => guid,
                None => panic!(concat!($text, " is not a GUID")),
            }
        }
    };
}

/// Declares GUID constants with their C names, and the table of these names for a trace.
macro_rules! guid_table {
    ($($(#[$doc:meta])* $name:ident = $c_name:literal $text:literal;)*) => {
        $(
            $(#[$doc])*
            #[doc(alias = $c_name)]
            pub const $name: $crate::guid::Guid = $crate::guid!($text);
        )*

        /// The constants of this module beside their C names.
        pub(crate) const NAMED: &[(&str, $crate::guid::Guid)] = &[$(($c_name, $name)),*];
    };
}
pub(crate) use guid_table;

impl Guid {
    /// The all-zero GUID. In a format it is the wildcard. Elsewhere it means that a value is
    /// absent.
    #[doc(alias = "GUID_NULL")]
    pub const NULL: Guid = Guid { data1: 0, data2: 0, data3: 0, data4: [0; 8] };

    /// Reads `E725D360-62CC-11CF-A5D6-28DB04C10000`, with or without braces, in capital or small
    /// letters.
    #[must_use]
    pub const fn from_text(text: &str) -> Option<Guid> {
        let text = text.as_bytes();
        let start = match text.len() {
            36 => 0,
            38 if text[0] == b'{' && text[37] == b'}' => 1,
            _ => return None,
        };
        let mut value: u128 = 0;
        let mut i = 0;
        while i < 36 {
            let digit = text[start + i];
            let nibble = match digit {
                b'-' if matches!(i, 8 | 13 | 18 | 23) => {
                    i += 1;
                    continue;
                }
                _ if matches!(i, 8 | 13 | 18 | 23) => return None,
                b'0'..=b'9' => digit - b'0',
                b'a'..=b'f' => digit - b'a' + 10,
                b'A'..=b'F' => digit - b'A' + 10,
                _ => return None,
            };
            value = value << 4 | nibble as u128;
            i += 1;
        }
        Some(Guid {
            data1: (value >> 96) as u32,
            data2: (value >> 80) as u16,
            data3: (value >> 64) as u16,
            data4: (value as u64).to_be_bytes(),
        })
    }

    /// The bytes of the wire form.
    #[must_use]
    pub fn to_bytes(self) -> [u8; 16] {
        bytemuck::cast(self)
    }

    /// The C name of a GUID that this crate knows, such as `IID_IPortMidi`.
    ///
    /// Where headers give one value two names (a synthesizer is a category and a node type), the
    /// category wins.
    #[must_use]
    pub fn name(&self) -> Option<&'static str> {
        let tables = [
            iid::NAMED,
            clsid::NAMED,
            guids::data_format::NAMED,
            guids::technology::NAMED,
            guids::category::NAMED,
            guids::node_type::NAMED,
            guids::property_set::NAMED,
            guids::event_set::NAMED,
            guids::pin_set::NAMED,
            guids::object_name::NAMED,
            guids::pin_name::NAMED,
        ];
        let mut known = tables.into_iter().flatten();
        known.find(|(_, guid)| guid == self).map(|(name, _)| *name)
    }
}

/// The classes and the interfaces of PortCls that have a name, each with its name. This emulator
/// does not offer all of them.
pub fn classes_and_interfaces() -> impl Iterator<Item = (&'static str, Guid)> {
    // IID_ISubdevice is the port's own interface, which a driver does not know.
    let named = clsid::NAMED.iter().chain(iid::NAMED).copied();
    named.filter(|(_, guid)| *guid != iid::SUBDEVICE)
}

impl fmt::Display for Guid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, rest @ ..] = self.data4;
        write!(f, "{{{:08X}-{:04X}-{:04X}-", self.data1, self.data2, self.data3)?;
        write!(f, "{a:02X}{b:02X}-")?;
        for byte in rest {
            write!(f, "{byte:02X}")?;
        }
        f.write_str("}")
    }
}

/// The C name of a GUID if it is known, otherwise the GUID as text.
impl fmt::Debug for Guid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.write_str(name),
            None => fmt::Display::fmt(self, f),
        }
    }
}

/// The error for a text that does not have the form of a GUID.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseGuidError {
    text: String,
}

impl fmt::Display for ParseGuidError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let form = "XXXXXXXX-XXXX-XXXX-XXXX-XXXXXXXXXXXX in hexadecimal, braces optional";
        write!(f, "'{}' is not a GUID: write it as {form}", self.text)
    }
}

impl std::error::Error for ParseGuidError {}

impl FromStr for Guid {
    type Err = ParseGuidError;

    fn from_str(text: &str) -> Result<Guid, ParseGuidError> {
        Guid::from_text(text).ok_or_else(|| ParseGuidError { text: text.to_owned() })
    }
}

/// Interface identifiers of PortCls and DirectMusic, also of interfaces that are not offered, so
/// that the trace can name a refused query.
///
/// Source: WDK portcls.h, dmusicks.h.
pub mod iid {
    guid_table! {
        /// Every object.
        UNKNOWN = "IID_IUnknown" "00000000-0000-0000-C000-000000000046";
        /// A port driver.
        PORT = "IID_IPort" "B4C90A25-5791-11D0-86F9-00A0C911B544";
        /// The MIDI port driver.
        PORT_MIDI = "IID_IPortMidi" "B4C90A40-5791-11D0-86F9-00A0C911B544";
        /// The DirectMusic port driver.
        PORT_DMUS = "IID_IPortDMus" "C096DF9C-FB09-11D1-81B0-0060083316C1";
        /// A miniport driver.
        MINIPORT = "IID_IMiniport" "B4C90A24-5791-11D0-86F9-00A0C911B544";
        /// A MIDI miniport driver.
        MINIPORT_MIDI = "IID_IMiniportMidi" "B4C90A41-5791-11D0-86F9-00A0C911B544";
        /// A stream of a MIDI miniport.
        MINIPORT_MIDI_STREAM = "IID_IMiniportMidiStream" "B4C90A42-5791-11D0-86F9-00A0C911B544";
        /// A DirectMusic miniport driver.
        MINIPORT_DMUS = "IID_IMiniportDMus" "C096DF9D-FB09-11D1-81B0-0060083316C1";
        /// A DirectMusic event sink.
        MXF = "IID_IMXF" "C096DF9E-FB09-11D1-81B0-0060083316C1";
        /// The allocator of DirectMusic events.
        ALLOCATOR_MXF = "IID_IAllocatorMXF" "A5F0D62C-B30F-11D2-B7A3-0060083316C1";
        /// The master clock of DirectMusic; the header has no GUID for this clock, and the value is
        /// our own.
        MASTER_CLOCK = "IID_IMasterClock" "5B0E7D53-9A1C-4F38-8C06-2F6B94D1A7E0";
        /// A software synthesizer with a wave sink.
        SYNTH_SINK_DMUS = "IID_ISynthSinkDMus" "1F476974-679B-11D2-8F7D-00C04FBF8FEF";
        /// A receiver of service requests.
        SERVICE_SINK = "IID_IServiceSink" "22C6AC64-851B-11D0-9A7F-00AA0038ACFE";
        /// A group of service sinks.
        SERVICE_GROUP = "IID_IServiceGroup" "22C6AC65-851B-11D0-9A7F-00AA0038ACFE";
        /// An interrupt and its service routines.
        INTERRUPT_SYNC = "IID_IInterruptSync" "22C6AC63-851B-11D0-9A7F-00AA0038ACFE";
        /// The resources of a device.
        RESOURCE_LIST = "IID_IResourceList" "22C6AC60-851B-11D0-9A7F-00AA0038ACFE";
        /// A bus-master DMA channel.
        DMA_CHANNEL = "IID_IDmaChannel" "22C6AC61-851B-11D0-9A7F-00AA0038ACFE";
        /// A slave DMA channel.
        DMA_CHANNEL_SLAVE = "IID_IDmaChannelSlave" "22C6AC62-851B-11D0-9A7F-00AA0038ACFE";
        /// A registry key.
        REGISTRY_KEY = "IID_IRegistryKey" "E8DA4302-F304-11D0-958B-00C04FB925D3";
        /// Power change notices to a miniport or stream.
        POWER_NOTIFY = "IID_IPowerNotify" "3DD648B8-969F-11D1-95A9-00C04FB925D3";
        /// Power management of an adapter, version 1.
        ADAPTER_POWER_MANAGEMENT = "IID_IAdapterPowerManagement"
            "793417D0-35FE-11D1-AD08-00A0C90AB1B0";
        /// Power management of an adapter, version 2.
        ADAPTER_POWER_MANAGEMENT_2 = "IID_IAdapterPowerManagement2"
            "E0F92E5D-67F5-48EE-B57A-7D1E90C5F43D";
        /// Power management of an adapter, version 3.
        ADAPTER_POWER_MANAGEMENT_3 = "IID_IAdapterPowerManagement3"
            "A8C7303E-F80C-4BC9-B2E3-FB2D08BE920F";
        /// The technology of a music data range.
        MUSIC_TECHNOLOGY = "IID_IMusicTechnology" "80396C3C-CBCB-409B-9F65-4F1E7467CDAF";
        /// Instance limits that a miniport computes.
        PIN_COUNT = "IID_IPinCount" "5DADB7DC-A2CB-4540-A4A8-425EE4AE9051";
        /// The calls of PortCls on its ports. The value is our own.
        SUBDEVICE = "IID_ISubdevice" "8E3B1F0A-5C64-4D2B-9A57-3D0C1E72B6A4";
        /// Names of pins that a miniport computes.
        PIN_NAME = "IID_IPinName" "29CC9AB1-E89D-413C-B6B2-F6D50005D063";
        /// Events of a port.
        PORT_EVENTS = "IID_IPortEvents" "A80F29C4-5498-11D2-95D9-00C04FB925D3";
        /// The version of PortCls.
        PORT_CLS_VERSION = "IID_IPortClsVersion" "7D89A7BB-869B-4567-8DBE-1E168CC853DE";
        /// Plug and play of a port.
        PORT_CLS_PNP = "IID_IPortClsPnp" "0485791B-17F5-4B73-902A-20344860B9CA";
        /// Power of a port.
        PORT_CLS_POWER = "IID_IPortClsPower" "47BA0351-BC4B-4869-8134-B74FE17852D8";
        /// Registration for management instrumentation.
        PORT_WMI_REGISTRATION = "IID_IPortWMIRegistration" "D80B18E7-804C-4E1E-82D3-2461EC06E7C7";
        /// The prefetch offset of a wave stream.
        PRE_FETCH_OFFSET = "IID_IPreFetchOffset" "7000F480-ED44-4E8B-B38A-412F8D7A504D";
        /// Digital rights.
        DRM_PORT = "IID_IDrmPort" "286D3DF8-CA22-4E2E-B9BC-20B4F0E201CE";
        /// Digital rights, second version.
        DRM_PORT_2 = "IID_IDrmPort2" "1ACCE59C-7311-4B6B-9FBA-CC3BA59ACDCE";
        /// Removal of a subdevice.
        UNREGISTER_SUBDEVICE = "IID_IUnregisterSubdevice" "16738177-E199-41F9-9A87-ABB2A5432F21";
        /// Removal of a physical connection.
        UNREGISTER_PHYSICAL_CONNECTION = "IID_IUnregisterPhysicalConnection"
            "6C38E231-2A0D-428D-81F8-07CC428BB9A4";
        /// Rebalance of an adapter.
        ADAPTER_PNP_MANAGEMENT = "IID_IAdapterPnpManagement"
            "706F2368-4086-47F5-B913-57B76EED1A32";
        /// Rebalance notices to a miniport.
        MINIPORT_PNP_NOTIFY = "IID_IMiniportPnpNotify" "6B735365-9487-464C-93E3-FA2C6391D5A4";
        /// The topology port driver.
        PORT_TOPOLOGY = "IID_IPortTopology" "B4C90A30-5791-11D0-86F9-00A0C911B544";
        /// A topology miniport driver.
        MINIPORT_TOPOLOGY = "IID_IMiniportTopology" "B4C90A31-5791-11D0-86F9-00A0C911B544";
        /// The WaveCyclic port driver.
        PORT_WAVE_CYCLIC = "IID_IPortWaveCyclic" "B4C90A26-5791-11D0-86F9-00A0C911B544";
        /// A WaveCyclic miniport driver.
        MINIPORT_WAVE_CYCLIC = "IID_IMiniportWaveCyclic" "B4C90A27-5791-11D0-86F9-00A0C911B544";
        /// A stream of a WaveCyclic miniport.
        MINIPORT_WAVE_CYCLIC_STREAM = "IID_IMiniportWaveCyclicStream"
            "B4C90A28-5791-11D0-86F9-00A0C911B544";
        /// The WavePci port driver.
        PORT_WAVE_PCI = "IID_IPortWavePci" "B4C90A50-5791-11D0-86F9-00A0C911B544";
        /// The port's side of a stream of a WavePci miniport.
        PORT_WAVE_PCI_STREAM = "IID_IPortWavePciStream" "B4C90A51-5791-11D0-86F9-00A0C911B544";
        /// A WavePci miniport driver.
        MINIPORT_WAVE_PCI = "IID_IMiniportWavePci" "B4C90A52-5791-11D0-86F9-00A0C911B544";
        /// A stream of a WavePci miniport.
        MINIPORT_WAVE_PCI_STREAM = "IID_IMiniportWavePciStream"
            "B4C90A53-5791-11D0-86F9-00A0C911B544";
        /// The WaveRT port driver.
        PORT_WAVE_RT = "IID_IPortWaveRT" "339FF909-68A9-4310-B09B-274E96EE4CBD";
        /// The port's side of a stream of a WaveRT miniport.
        PORT_WAVE_RT_STREAM = "IID_IPortWaveRTStream" "1809CE5A-64BC-4E62-BD7D-95BCE43DE393";
        /// A WaveRT miniport driver.
        MINIPORT_WAVE_RT = "IID_IMiniportWaveRT" "0F9FC4D6-6061-4F3C-B1FC-075E35F7960A";
        /// A stream of a WaveRT miniport.
        MINIPORT_WAVE_RT_STREAM = "IID_IMiniportWaveRTStream"
            "000AC9AB-FAAB-4F3D-9455-6FF8306A74A0";
        /// A stream of a WaveRT miniport, with notification events.
        MINIPORT_WAVE_RT_STREAM_NOTIFICATION = "IID_IMiniportWaveRTStreamNotification"
            "23759128-96F1-423B-AB4D-81635BCF8CA1";
        /// Packets that a WaveRT stream captured.
        MINIPORT_WAVE_RT_INPUT_STREAM = "IID_IMiniportWaveRTInputStream"
            "CD8E756A-5FC7-4624-984B-2AF02925B91F";
        /// Packets that a WaveRT stream plays.
        MINIPORT_WAVE_RT_OUTPUT_STREAM = "IID_IMiniportWaveRTOutputStream"
            "831FC7BC-6347-44BC-B47B-C0C657B5BF73";
        /// Memory that a device can reach.
        DMA_OPERATIONS = "IID_IDmaOperations" "E5372D4C-0ECB-4DF8-A500-A65C8678BBE4";
        /// The clock of a WaveCyclic stream.
        WAVE_CYCLIC_CLOCK = "IID_IWaveCyclicClock" "DEC1EC78-419A-11D1-AD09-00C04FB91BC4";
        /// The clock of a WavePci stream.
        WAVE_PCI_CLOCK = "IID_IWavePciClock" "D5D7A256-5D10-11D1-ADAE-00C04FB91BC4";
        /// Runtime power of a port.
        PORT_CLS_RUNTIME_POWER = "IID_IPortClsRuntimePower" "E057C351-0430-4DBC-B172-C711D40A2373";
        /// Event tracing of a miniport.
        PORT_CLS_ETW_HELPER = "IID_IPortClsEtwHelper" "80EF6667-E8B1-4252-AB09-8F6D5EBBD19F";
        /// Resources of a stream.
        PORT_CLS_STREAM_RESOURCE_MANAGER = "IID_IPortClsStreamResourceManager"
            "E1CD9915-CAB1-4103-BB2F-7DC09C9BE942";
        /// Resources of a stream, second version.
        PORT_CLS_STREAM_RESOURCE_MANAGER_2 = "IID_IPortClsStreamResourceManager2"
            "0D500BAE-D565-469D-A0E2-F283760D7148";
        /// Changes of a filter's descriptor.
        PORT_CLS_SUBDEVICE_EX = "IID_IPortClsSubdeviceEx" "C3D5E80C-7F55-40C5-88B2-6210D0CB2B59";
    }
}

/// Classes that `PcNewPort` and `PcNewMiniport` name.
///
/// Source: WDK portcls.h.
pub mod clsid {
    guid_table! {
        /// The MIDI port driver.
        PORT_MIDI = "CLSID_PortMidi" "B4C90A43-5791-11D0-86F9-00A0C911B544";
        /// The DirectMusic port driver; since Windows XP the same object as the MIDI port.
        PORT_DMUS = "CLSID_PortDMus" "B7902FE9-FB0A-11D1-81B0-0060083316C1";
        /// The topology port driver.
        PORT_TOPOLOGY = "CLSID_PortTopology" "B4C90A32-5791-11D0-86F9-00A0C911B544";
        /// The WaveCyclic port driver.
        PORT_WAVE_CYCLIC = "CLSID_PortWaveCyclic" "B4C90A2A-5791-11D0-86F9-00A0C911B544";
        /// The WavePci port driver.
        PORT_WAVE_PCI = "CLSID_PortWavePci" "B4C90A54-5791-11D0-86F9-00A0C911B544";
        /// The WaveRT port driver.
        PORT_WAVE_RT = "CLSID_PortWaveRT" "CC9BE57A-EB9E-42B4-94FC-0CAD3DBCE7FA";
        /// The obsolete UART miniport with `IMiniportMidi`.
        MINIPORT_DRIVER_UART = "CLSID_MiniportDriverUart" "B4C90AE1-5791-11D0-86F9-00A0C911B544";
        /// The UART miniport with `IMiniportDMus`.
        MINIPORT_DRIVER_DMUS_UART = "CLSID_MiniportDriverDMusUART"
            "D3F0CE1C-FFFC-11D1-81B0-0060083316C1";
        /// The UART miniport with `IMiniportDMus` and capture.
        MINIPORT_DRIVER_DMUS_UART_CAPTURE = "CLSID_MiniportDriverDMusUARTCapture"
            "D3F0CE1D-FFFC-11D1-81B0-0060083316C1";
        /// The FM synthesizer.
        MINIPORT_DRIVER_FM_SYNTH = "CLSID_MiniportDriverFmSynth"
            "B4C90AE0-5791-11D0-86F9-00A0C911B544";
        /// The FM synthesizer with a volume node.
        MINIPORT_DRIVER_FM_SYNTH_WITH_VOL = "CLSID_MiniportDriverFmSynthWithVol"
            "E5A3C139-F0F2-11D1-81AF-0060083316C1";
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wire_form_is_little_endian_in_its_first_three_fields() {
        let image = [
            0x60, 0xD3, 0x25, 0xE7, 0xCC, 0x62, 0xCF, 0x11, 0xA5, 0xD6, 0x28, 0xDB, 0x04, 0xC1,
            0x00, 0x00,
        ];
        assert_eq!(bytemuck::bytes_of(&guids::data_format::MUSIC), image);
    }

    #[test]
    fn text_reads_back_with_and_without_braces_in_either_case() {
        let text = "{146F1A80-4791-11D0-A5D6-28DB04C10000}";
        let pin: Guid = text.parse().unwrap();
        assert_eq!(pin, guids::object_name::PIN);
        assert_eq!(pin.to_string(), text);
        assert_eq!(Guid::from_text("146f1a80-4791-11d0-a5d6-28db04c10000"), Some(pin));
    }

    #[test]
    fn other_forms_are_refused_with_a_reason() {
        for text in [
            "",
            "146F1A80",
            "{146F1A80-4791-11D0-A5D6-28DB04C10000",
            "146F1A80-4791-11D0-A5D6-28DB04C1000G",
            "146F1A80+4791-11D0-A5D6-28DB04C10000",
            "146F1A80-4791-11D0-A5D-628DB04C10000",
            "(146F1A80-4791-11D0-A5D6-28DB04C10000)",
        ] {
            let error = text.parse::<Guid>().unwrap_err();
            assert!(error.to_string().starts_with(&format!("'{text}' is not a GUID")));
        }
    }

    #[test]
    fn debug_form_is_the_c_name_when_there_is_one() {
        assert_eq!(format!("{:?}", iid::PORT_MIDI), "IID_IPortMidi");
        assert_eq!(
            format!("{:?}", guid!("00000001-0002-0003-0405-060708090A0B")),
            "{00000001-0002-0003-0405-060708090A0B}"
        );
        assert_eq!(guids::node_type::SYNTHESIZER.name(), Some("KSCATEGORY_SYNTHESIZER"));
    }

    #[test]
    fn null_is_all_zero() {
        assert_eq!(Guid::NULL, Guid::zeroed());
        assert_eq!(Guid::NULL, Guid::default());
    }

    proptest::proptest! {
        #[test]
        fn any_guid_survives_its_text(bytes in proptest::prelude::any::<[u8; 16]>()) {
            let guid: Guid = bytemuck::cast(bytes);
            proptest::prop_assert_eq!(guid.to_string().parse(), Ok(guid));
        }

        #[test]
        fn any_text_is_read_or_refused_without_panic(text in ".{0,40}") {
            let _ = text.parse::<Guid>();
        }
    }
}

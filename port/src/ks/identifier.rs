//! Identifiers (set, member, flags), and the members of property sets.

use bytemuck::{Pod, Zeroable};

use super::guids::pin_set;
use super::{assert_layout, wire_enum};
use crate::guid::Guid;

/// A member of a set: a property, an event, an interface or a medium.
///
/// Source: WDK ks.h: the structure is a union with a 64-bit member, so it is aligned to 8 bytes.
#[doc(alias = "KSIDENTIFIER")]
#[doc(alias = "KSPIN_INTERFACE")]
#[doc(alias = "KSPIN_MEDIUM")]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
#[repr(C, align(8))]
pub struct KsIdentifier {
    /// The set.
    pub set: Guid,
    /// The member of the set.
    pub id: u32,
    /// The kind of request, for a property or an event; see [`KsIdentifier::property_type`] and
    /// [`KsIdentifier::event_type`].
    pub flags: u32,
}

assert_layout!(KsIdentifier, 24, set @ 0, id @ 16, flags @ 20);
const _: () = assert!(align_of::<KsIdentifier>() == 8);

/// A property request. An identifier has the same structure.
#[doc(alias = "KSPROPERTY")]
pub type KsProperty = KsIdentifier;

impl KsIdentifier {
    /// The interface of a pin that streams buffers.
    #[doc(alias = "KSINTERFACE_STANDARD_STREAMING")]
    pub const STANDARD_STREAMING: KsIdentifier =
        KsIdentifier { set: pin_set::INTERFACE_STANDARD, id: 0, flags: 0 };

    /// The medium of a pin that a client reaches through its handle.
    #[doc(alias = "KSMEDIUM_STANDARD_DEVIO")]
    pub const STANDARD_DEVICE_IO: KsIdentifier =
        KsIdentifier { set: pin_set::MEDIUM_STANDARD, id: 0, flags: 0 };

    /// The flags in their meaning for a property request; unknown bits are kept.
    #[must_use]
    pub const fn property_type(&self) -> KsPropertyType {
        KsPropertyType::from_bits_retain(self.flags)
    }
}

bitflags::bitflags! {
    /// The kind of a property request.
    ///
    /// Source: WDK ks.h, KSPROPERTY_TYPE.
    #[doc(alias = "KSPROPERTY_TYPE")]
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
    pub struct KsPropertyType: u32 {
        /// To read the value.
        const GET = 0x1;
        /// To change the value.
        const SET = 0x2;
        /// Whether the set is supported.
        const SETSUPPORT = 0x100;
        /// Whether the property can be read and changed.
        const BASICSUPPORT = 0x200;
        /// The properties that depend on this property.
        const RELATIONS = 0x400;
        /// The values of the set in one block.
        const SERIALIZESET = 0x800;
        /// To change the set from such a block.
        const UNSERIALIZESET = 0x1000;
        /// The values of the set in a private block.
        const SERIALIZERAW = 0x2000;
        /// To change the set from such a private block.
        const UNSERIALIZERAW = 0x4000;
        /// The size of a block.
        const SERIALIZESIZE = 0x8000;
        /// The default values of the property.
        const DEFAULTVALUES = 0x1_0000;
        /// The property belongs to a node, and the request is a [`KsNodeProperty`].
        const TOPOLOGY = 0x1000_0000;
        const _ = !0;
    }
}

/// A property of a pin factory.
#[doc(alias = "KSP_PIN")]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub struct KsPPin {
    /// The property.
    pub property: KsProperty,
    /// The pin factory.
    #[doc(alias = "PinId")]
    pub pin_id: u32,
    /// Zero, or flags about attribute lists.
    pub flags: u32,
}

assert_layout!(KsPPin, 32, property @ 0, pin_id @ 24, flags @ 28);

/// A property of a topology node.
#[doc(alias = "KSP_NODE")]
#[doc(alias = "KSNODEPROPERTY")]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub struct KsNodeProperty {
    /// The property.
    pub property: KsProperty,
    /// The node.
    #[doc(alias = "NodeId")]
    pub node_id: u32,
    /// Zero.
    pub reserved: u32,
}

assert_layout!(KsNodeProperty, 32, property @ 0, node_id @ 24, reserved @ 28);

wire_enum! {
    /// The members of [`property_set::PIN`](super::guids::property_set::PIN).
    #[doc(alias = "KSPROPERTY_PIN")]
    pub enum KsPropertyPin {
        /// [`KsPinCInstances`](super::KsPinCInstances) of this filter.
        CInstances = 0,
        /// ULONG: the number of pin factories.
        CTypes = 1,
        /// [`KsPinDataFlow`](super::KsPinDataFlow).
        DataFlow = 2,
        /// List of data ranges.
        DataRanges = 3,
        /// The first format that fits a list of ranges.
        DataIntersection = 4,
        /// List of interfaces.
        Interfaces = 5,
        /// List of mediums.
        Mediums = 6,
        /// [`KsPinCommunication`](super::KsPinCommunication).
        Communication = 7,
        /// [`KsPinCInstances`](super::KsPinCInstances) of all filters.
        GlobalCInstances = 8,
        /// ULONG: the number of instances that must exist before the filter works.
        NecessaryInstances = 9,
        /// The pin of another filter to which the pin is wired.
        PhysicalConnection = 10,
        /// GUID.
        Category = 11,
        /// Text.
        Name = 12,
        /// List of the data ranges that are still possible beside the present connections.
        ConstrainedDataRanges = 13,
        /// SET: whether a format would do.
        ProposeDataFormat = 14,
    }
}

wire_enum! {
    /// The members of [`property_set::TOPOLOGY`](super::guids::property_set::TOPOLOGY).
    #[doc(alias = "KSPROPERTY_TOPOLOGY")]
    pub enum KsPropertyTopology {
        /// List of the filter's categories.
        Categories = 0,
        /// List of the types of the nodes.
        Nodes = 1,
        /// List of connections.
        Connections = 2,
        /// Text: the name of a node.
        Name = 3,
    }
}

wire_enum! {
    /// The members of [`property_set::CONNECTION`](super::guids::property_set::CONNECTION).
    #[doc(alias = "KSPROPERTY_CONNECTION")]
    pub enum KsPropertyConnection {
        /// [`KsState`](super::KsState).
        State = 0,
        /// [`KsPriority`](super::KsPriority).
        Priority = 1,
        /// [`KsDataFormat`](super::KsDataFormat).
        DataFormat = 2,
        /// The requirements for the allocation of buffers.
        AllocatorFraming = 3,
        /// SET: whether a format would do.
        ProposeDataFormat = 4,
        /// Whether the order of acquiring matters.
        AcquireOrdering = 5,
        /// The requirements for the allocation of buffers, extended form.
        AllocatorFramingEx = 6,
        /// The time at which the stream starts.
        StartAt = 7,
    }
}

wire_enum! {
    /// The members of [`property_set::SYNTH`](super::guids::property_set::SYNTH).
    ///
    /// Source: WDK dmusprop.h.
    #[doc(alias = "KSPROPERTY_SYNTH")]
    pub enum KsPropertySynth {
        /// LONG: the volume.
        Volume = 0,
        /// LONG: an addition to the volume.
        VolumeBoost = 1,
        /// SYNTHCAPS: what the synthesizer is and can do.
        Caps = 2,
        /// SYNTH_PORTPARAMS: the parameters of an open pin. The client asks for some parameters,
        /// and the answer says which of them the client got.
        PortParameters = 3,
        /// ULONG: the number of channel groups.
        ChannelGroups = 4,
        /// ULONG: the priority of a channel's voices.
        VoicePriority = 5,
        /// ULONGLONG: the time of the synthesizer's clock in 100 ns.
        LatencyClock = 6,
        /// SYNTH_STATS: what the synthesizer has counted.
        RunningStats = 7,
    }
}

wire_enum! {
    /// The members of [`property_set::SYNTH_CLOCK`](super::guids::property_set::SYNTH_CLOCK).
    #[doc(alias = "KSPROPERTY_SYNTHCLOCK")]
    pub enum KsPropertySynthClock {
        /// ULONGLONG: the time of the master clock in 100 ns.
        #[doc(alias = "KSPROPERTY_SYNTH_MASTERCLOCK")]
        MasterClock = 0,
    }
}

wire_enum! {
    /// The members of [`property_set::STREAM`](super::guids::property_set::STREAM) that a port
    /// answers.
    ///
    /// Source: WDK ks.h, KSPROPERTY_STREAM: the enumeration counts from 0 and gives no numbers.
    /// The fourth name is the master clock, after the allocator, QUALITY and DEGRADATION. So the
    /// number of the master clock is 3. The number 4 is TIMEFORMAT.
    #[doc(alias = "KSPROPERTY_STREAM")]
    pub enum KsPropertyStream {
        /// HANDLE: the allocator of the stream's buffers.
        Allocator = 0,
        /// HANDLE: the clock that the stream follows or gives.
        MasterClock = 3,
    }
}

wire_enum! {
    /// The member of [`property_set::AUDIO`](super::guids::property_set::AUDIO) that a port
    /// answers.
    #[doc(alias = "KSPROPERTY_AUDIO")]
    pub enum KsPropertyAudio {
        /// [`KsAudioPosition`](super::KsAudioPosition).
        Position = 5,
    }
}

wire_enum! {
    /// The members of
    /// [`property_set::DRM_AUDIO_STREAM`](super::guids::property_set::DRM_AUDIO_STREAM).
    #[doc(alias = "KSPROPERTY_DRMAUDIOSTREAM")]
    pub enum KsPropertyDrmAudioStream {
        /// SET: the number that names a protected content, and the rights to this content.
        ContentId = 0,
    }
}

wire_enum! {
    /// The members of [`property_set::GENERAL`](super::guids::property_set::GENERAL).
    #[doc(alias = "KSPROPERTY_GENERAL")]
    pub enum KsPropertyGeneral {
        /// Maker, product and version.
        ComponentId = 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ks::{guids::property_set, read};

    #[test]
    fn a_pin_property_request_is_read_from_its_bytes() {
        #[rustfmt::skip]
        let image = [
            0x60, 0x49, 0x13, 0x8C, 0xAD, 0x51, 0xCF, 0x11,
            0x87, 0x8A, 0x94, 0xF8, 0x01, 0xC1, 0x00, 0x00,
            0x03, 0, 0, 0, 0x01, 0, 0, 0, 0x02, 0, 0, 0, 0, 0, 0, 0,
        ];
        let request: KsPPin = read(&image).unwrap();
        assert_eq!(request.property.set, property_set::PIN);
        assert_eq!(KsPropertyPin::from_u32(request.property.id), Some(KsPropertyPin::DataRanges));
        assert_eq!(request.property.property_type(), KsPropertyType::GET);
        assert_eq!(request.pin_id, 2);
    }

    #[test]
    fn unknown_flags_are_kept() {
        let flags = KsPropertyType::from_bits_retain(0x1002_0001);
        assert!(flags.contains(KsPropertyType::TOPOLOGY | KsPropertyType::GET));
        assert_eq!(flags.bits(), 0x1002_0001);
    }
}

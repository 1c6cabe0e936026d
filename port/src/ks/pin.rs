//! Pins in requests: direction, role, instance counts, connect request.

use bytemuck::{Pod, Zeroable};

use super::identifier::KsIdentifier;
use super::{assert_layout, wire_enum};

/// An instance count without limit.
#[doc(alias = "KSINSTANCE_INDETERMINATE")]
pub const INSTANCES_UNLIMITED: u32 = 0xFFFF_FFFF;

wire_enum! {
    /// The direction of data through a pin, seen from the filter.
    ///
    /// Source: WDK ks.h.
    #[doc(alias = "KSPIN_DATAFLOW")]
    pub enum KsPinDataFlow {
        /// Into the filter: a render pin.
        #[doc(alias = "KSPIN_DATAFLOW_IN")]
        In = 1,
        /// Out of the filter: a capture pin.
        #[doc(alias = "KSPIN_DATAFLOW_OUT")]
        Out = 2,
    }
}

wire_enum! {
    /// Which side of a pin's connection sends requests. The sending side does not depend on the
    /// direction of data.
    ///
    /// Source: WDK ks.h.
    #[doc(alias = "KSPIN_COMMUNICATION")]
    pub enum KsPinCommunication {
        /// No client can connect.
        #[doc(alias = "KSPIN_COMMUNICATION_NONE")]
        None = 0,
        /// The pin receives requests. A client can open such a pin.
        #[doc(alias = "KSPIN_COMMUNICATION_SINK")]
        Sink = 1,
        /// The pin sends requests to another pin.
        #[doc(alias = "KSPIN_COMMUNICATION_SOURCE")]
        Source = 2,
        /// The pin can receive requests or send requests. A client can open such a pin.
        #[doc(alias = "KSPIN_COMMUNICATION_BOTH")]
        Both = 3,
        /// The pin is wired to a place outside the filter. No client can open such a pin.
        #[doc(alias = "KSPIN_COMMUNICATION_BRIDGE")]
        Bridge = 4,
    }
}

/// The numbers of possible and of open instances of a pin.
#[doc(alias = "KSPIN_CINSTANCES")]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub struct KsPinCInstances {
    /// The number of instances that are possible; [`INSTANCES_UNLIMITED`] for no limit.
    #[doc(alias = "PossibleCount")]
    pub possible_count: u32,
    /// The number of instances that are open.
    #[doc(alias = "CurrentCount")]
    pub current_count: u32,
}

assert_layout!(KsPinCInstances, 8, possible_count @ 0, current_count @ 4);

/// The priority of a connection among others.
#[doc(alias = "KSPRIORITY")]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub struct KsPriority {
    /// The class: 1 low, 0x4000_0000 normal, 0x8000_0000 high.
    #[doc(alias = "PriorityClass")]
    pub class: u32,
    /// The place within the class.
    #[doc(alias = "PrioritySubClass")]
    pub sub_class: u32,
}

impl KsPriority {
    /// The priority of a client that asks for no special priority.
    #[doc(alias = "KSPRIORITY_NORMAL")]
    pub const NORMAL: KsPriority = KsPriority { class: 0x4000_0000, sub_class: 1 };
}

assert_layout!(KsPriority, 8, class @ 0, sub_class @ 4);

/// The request to open a pin; the data format follows it.
#[doc(alias = "KSPIN_CONNECT")]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub struct KsPinConnect {
    /// The interface that the client wants.
    pub interface: KsIdentifier,
    /// The medium that the client wants.
    pub medium: KsIdentifier,
    /// The pin factory.
    #[doc(alias = "PinId")]
    pub pin_id: u32,
    /// Zero.
    pub padding: u32,
    /// The handle of the pin on the other side, 0 when the client is the other side.
    #[doc(alias = "PinToHandle")]
    pub pin_to_handle: u64,
    /// The priority of the connection.
    pub priority: KsPriority,
}

assert_layout!(
    KsPinConnect, 72, interface @ 0, medium @ 24, pin_id @ 48, padding @ 52, pin_to_handle @ 56,
    priority @ 64,
);

impl KsPinConnect {
    /// A client's request for a pin with the standard interface and medium.
    #[must_use]
    pub const fn standard(pin_id: u32) -> KsPinConnect {
        KsPinConnect {
            interface: KsIdentifier::STANDARD_STREAMING,
            medium: KsIdentifier::STANDARD_DEVICE_IO,
            pin_id,
            padding: 0,
            pin_to_handle: 0,
            priority: KsPriority::NORMAL,
        }
    }
}

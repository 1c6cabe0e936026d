//! Requests for events: their kinds, and how a client wants to be told.

use bytemuck::{Pod, Zeroable};

use super::{KsIdentifier, assert_layout};

/// An event request. An identifier has the same structure.
#[doc(alias = "KSEVENT")]
pub type KsEvent = KsIdentifier;

bitflags::bitflags! {
    /// The kind of an event request.
    ///
    /// Source: WDK ks.h, KSEVENT_TYPE. ENABLE, ONESHOT and BASICSUPPORT are also the flags of a row
    /// in a miniport's table. Source: portcls.h, PCEVENT_ITEM_FLAG.
    #[doc(alias = "KSEVENT_TYPE")]
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
    pub struct KsEventType: u32 {
        /// To be told each time, until the event is disabled.
        const ENABLE = 0x1;
        /// To be told the next time only.
        const ONESHOT = 0x2;
        /// To have the notices queued.
        const ENABLEBUFFERED = 0x4;
        /// Whether the set is supported, or which sets are supported.
        const SETSUPPORT = 0x100;
        /// Whether the event is supported.
        const BASICSUPPORT = 0x200;
        /// To get the next notice that was queued.
        const QUERYBUFFER = 0x400;
        /// The event is a node's, and the request is a [`KsNodeEvent`].
        const TOPOLOGY = 0x1000_0000;
    }
}

impl KsIdentifier {
    /// The flags, read as the flags of an event request. Unknown bits are kept.
    #[must_use]
    pub const fn event_type(&self) -> KsEventType {
        KsEventType::from_bits_retain(self.flags)
    }
}

/// A request for the event of a node.
#[doc(alias = "KSE_NODE")]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub struct KsNodeEvent {
    /// The event.
    pub event: KsEvent,
    /// The node.
    #[doc(alias = "NodeId")]
    pub node_id: u32,
    /// Zero.
    pub reserved: u32,
}

assert_layout!(KsNodeEvent, 32, event @ 0, node_id @ 24, reserved @ 28);

/// A request to a filter for an event of one of its pins.
#[doc(alias = "KSE_PIN")]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub struct KsPinEvent {
    /// The event.
    pub event: KsEvent,
    /// The pin.
    #[doc(alias = "PinId")]
    pub pin_id: u32,
    /// Zero.
    pub reserved: u32,
}

assert_layout!(KsPinEvent, 32, event @ 0, pin_id @ 24, reserved @ 28);

/// How a client wants to be told of an event.
///
/// In C the fields from `handle` on are a union. The fields here are those of the form for a
/// semaphore. In the form for an event, the handle has the same place.
#[doc(alias = "KSEVENTDATA")]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub struct KsEventData {
    /// [`KsEventData::EVENT_HANDLE`] or [`KsEventData::SEMAPHORE_HANDLE`].
    #[doc(alias = "NotificationType")]
    pub notification_type: u32,
    /// Filling.
    pub padding: u32,
    /// The handle of the event or of the semaphore.
    pub handle: u64,
    /// Zero.
    pub reserved: u32,
    /// What is added to the count of a semaphore.
    #[doc(alias = "Adjustment")]
    pub adjustment: i32,
    /// The bytes up to the end of the union's longest form.
    pub rest: u64,
}

assert_layout!(
    KsEventData, 32, notification_type @ 0, handle @ 8, reserved @ 16, adjustment @ 20, rest @ 24,
);

impl KsEventData {
    /// The handle is the handle of an event. Source: WDK ks.h.
    #[doc(alias = "KSEVENTF_EVENT_HANDLE")]
    pub const EVENT_HANDLE: u32 = 0x1;
    /// The handle is the handle of a semaphore.
    #[doc(alias = "KSEVENTF_SEMAPHORE_HANDLE")]
    pub const SEMAPHORE_HANDLE: u32 = 0x2;

    /// The structure for a client that waits for an event.
    #[must_use]
    pub const fn of_event(handle: u64) -> KsEventData {
        KsEventData {
            notification_type: KsEventData::EVENT_HANDLE,
            padding: 0,
            handle,
            reserved: 0,
            adjustment: 0,
            rest: 0,
        }
    }

    /// The structure for a client that waits for a semaphore. Each notice adds to the count of the
    /// semaphore.
    #[must_use]
    pub const fn of_semaphore(handle: u64, adjustment: i32) -> KsEventData {
        let notification_type = KsEventData::SEMAPHORE_HANDLE;
        KsEventData { notification_type, adjustment, ..KsEventData::of_event(handle) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_two_forms_of_a_program_have_their_published_bytes() {
        let mut expected = [0; 32];
        expected[0] = 1;
        expected[8..10].copy_from_slice(&[0x34, 0x12]);
        assert_eq!(bytemuck::bytes_of(&KsEventData::of_event(0x1234)), expected);
        expected[0] = 2;
        expected[20] = 3;
        assert_eq!(bytemuck::bytes_of(&KsEventData::of_semaphore(0x1234, 3)), expected);
    }

    #[test]
    fn flags_that_no_header_knows_are_kept() {
        let event = KsEvent { set: crate::guid::Guid::NULL, id: 0, flags: 0x1800_0001 };
        assert_eq!(event.event_type().bits(), 0x1800_0001);
        assert!(event.event_type().contains(KsEventType::TOPOLOGY | KsEventType::ENABLE));
    }
}

//! The few messages of the Perfetto protocol that a trace needs, for `prost`.
//!
//! The messages are written by hand, so that the build needs no compiler of protocols. The
//! messages are only written and never read. A field with the default value is left out, as the
//! protocol wants.

use prost::bytes::{Buf, BufMut};
use prost::encoding::{self, DecodeContext, WireType};
use prost::{DecodeError, Message};

/// The kinds of a track event.
pub(super) const SLICE_BEGIN: i32 = 1;
pub(super) const SLICE_END: i32 = 2;
pub(super) const INSTANT: i32 = 3;
pub(super) const COUNTER: i32 = 4;
/// The children of a track are in the order of their ranks.
pub(super) const EXPLICIT_ORDER: i32 = 3;
/// The first packet of a sequence says that nothing before it is needed.
pub(super) const STATE_CLEARED: u32 = 1;
/// All packets are of one writer.
const SEQUENCE: u32 = 1;

/// Implements `prost::Message` for messages that are only written. Each field has its number and
/// the module of `prost::encoding` for its type.
macro_rules! written {
    ($name:ident { $($kind:ident $tag:literal $field:ident),* $(,)? }) => {
        impl Message for $name {
            fn encode_raw(&self, buffer: &mut impl BufMut) {
                $(written!(@encode $kind $tag self.$field, buffer);)*
                let _ = buffer;
            }

            fn encoded_len(&self) -> usize {
                0 $(+ written!(@length $kind $tag self.$field))*
            }

            fn merge_field(
                &mut self,
                tag: u32,
                wire_type: WireType,
                buffer: &mut impl Buf,
                context: DecodeContext,
            ) -> Result<(), DecodeError> {
                encoding::skip_field(wire_type, tag, buffer, context)
            }

            fn clear(&mut self) {
                *self = Self::default();
            }
        }
    };
    (@encode message $tag:literal $value:expr, $buffer:ident) => {
        $value.iter().for_each(|value| encoding::message::encode($tag, value, $buffer))
    };
    (@length message $tag:literal $value:expr) => {
        $value.iter().map(|value| encoding::message::encoded_len($tag, value)).sum::<usize>()
    };
    (@encode fixed64s $tag:literal $value:expr, $buffer:ident) => {
        encoding::fixed64::encode_repeated($tag, &$value, $buffer)
    };
    (@length fixed64s $tag:literal $value:expr) => {
        encoding::fixed64::encoded_len_repeated($tag, &$value)
    };
    (@encode optional $tag:literal $value:expr, $buffer:ident) => {
        $value.iter().for_each(|value| encoding::int64::encode($tag, value, $buffer))
    };
    (@length optional $tag:literal $value:expr) => {
        $value.iter().map(|value| encoding::int64::encoded_len($tag, value)).sum::<usize>()
    };
    (@encode $kind:ident $tag:literal $value:expr, $buffer:ident) => {
        if !is_default(&$value) {
            encoding::$kind::encode($tag, &$value, $buffer);
        }
    };
    (@length $kind:ident $tag:literal $value:expr) => {
        if is_default(&$value) { 0 } else { encoding::$kind::encoded_len($tag, &$value) }
    };
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// `TracePacket`
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Packet {
    pub timestamp: u64,
    pub sequence_id: u32,
    pub track_event: Option<TrackEvent>,
    pub sequence_flags: u32,
    pub track_descriptor: Option<TrackDescriptor>,
}

impl Default for Packet {
    fn default() -> Packet {
        Packet {
            timestamp: 0,
            sequence_id: SEQUENCE,
            track_event: None,
            sequence_flags: 0,
            track_descriptor: None,
        }
    }
}

written!(Packet {
    uint64 8 timestamp,
    uint32 10 sequence_id,
    message 11 track_event,
    uint32 13 sequence_flags,
    message 60 track_descriptor,
});

/// `TrackDescriptor`
#[derive(Clone, PartialEq, Debug, Default)]
pub(super) struct TrackDescriptor {
    pub uuid: u64,
    pub name: String,
    pub parent_uuid: u64,
    pub counter: Option<Counter>,
    pub child_ordering: i32,
    pub sibling_order_rank: i32,
}

written!(TrackDescriptor {
    uint64 1 uuid,
    string 2 name,
    uint64 5 parent_uuid,
    message 8 counter,
    int32 11 child_ordering,
    int32 12 sibling_order_rank,
});

/// `CounterDescriptor`: the track shows values.
#[derive(Clone, PartialEq, Debug, Default)]
pub(super) struct Counter;

written!(Counter {});

/// `TrackEvent`
#[derive(Clone, PartialEq, Debug, Default)]
pub(super) struct TrackEvent {
    pub annotations: Vec<Annotation>,
    pub kind: i32,
    pub track_uuid: u64,
    pub name: String,
    pub counter_value: Option<i64>,
    pub flow_ids: Vec<u64>,
    pub terminating_flow_ids: Vec<u64>,
}

written!(TrackEvent {
    message 4 annotations,
    int32 9 kind,
    uint64 11 track_uuid,
    string 23 name,
    optional 30 counter_value,
    fixed64s 47 flow_ids,
    fixed64s 48 terminating_flow_ids,
});

/// `DebugAnnotation`: a name with a number or a text.
#[derive(Clone, PartialEq, Debug, Default)]
pub(super) struct Annotation {
    number: u64,
    text: String,
    name: String,
}

written!(Annotation {
    uint64 3 number,
    string 6 text,
    string 10 name,
});

impl Annotation {
    pub(super) fn text(name: &str, text: String) -> Annotation {
        Annotation { name: name.to_owned(), text, number: 0 }
    }

    pub(super) fn number(name: &str, number: u64) -> Annotation {
        Annotation { name: name.to_owned(), text: String::new(), number }
    }
}

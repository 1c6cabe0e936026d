//! The data format with which an application opens a pin.
//!
//! This file owns the two formats, and tests whether a format fits the ranges of a pin. This file
//! never knows the records of a buffer.

use std::fmt;

use portcls_port::guid::Guid;
use portcls_port::ks::guids::data_format;
use portcls_port::ks::pin_connect::PinRequest;
use portcls_port::ks::{DataRange, KsDataFormat};
use serde::Serialize;

/// The data format with which an application opens a pin. The format decides the form of the
/// application's buffers, and the clock for the times in the buffers.
///
/// Source: WDK, DMUS_EVENTHEADER and KSMUSICFORMAT.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum PinFormat {
    /// MIDI bytes in KSMUSICFORMAT records. Times are by the clock of the stream, which begins when
    /// RUN is set, and stands still in PAUSE.
    #[default]
    Midi,
    /// Events in DMUS_EVENTHEADER records. Times are by the master clock, which never stands still.
    DirectMusic,
}

impl fmt::Display for PinFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            PinFormat::Midi => "MIDI",
            PinFormat::DirectMusic => "DirectMusic",
        })
    }
}

impl PinFormat {
    /// The other format.
    pub(crate) fn other(self) -> PinFormat {
        match self {
            PinFormat::Midi => PinFormat::DirectMusic,
            PinFormat::DirectMusic => PinFormat::Midi,
        }
    }

    /// The request that opens a pin with this format.
    pub(crate) fn request(self, pin_id: u32) -> PinRequest {
        match self {
            PinFormat::Midi => PinRequest::midi(pin_id),
            PinFormat::DirectMusic => PinRequest::directmusic(pin_id),
        }
    }

    /// The format in the form of kernel streaming.
    pub(crate) fn data_format(self) -> KsDataFormat {
        match self {
            PinFormat::Midi => KsDataFormat::MIDI,
            PinFormat::DirectMusic => KsDataFormat::DIRECTMUSIC,
        }
    }

    /// True when one of these ranges is a music range with this format. A wildcard in a range fits
    /// every value.
    pub(crate) fn fits(self, ranges: &[DataRange]) -> bool {
        let fits = |mine: Guid, wanted: Guid| mine == wanted || mine == Guid::NULL;
        ranges.iter().map(DataRange::head).any(|head| {
            fits(head.major_format, data_format::MUSIC)
                && fits(head.sub_format, self.data_format().sub_format)
        })
    }
}

//! The form that a client's buffers have, and the clock that its times are meant by.

use portcls_emulator::{Kernel, NtStatus};

use super::clock::MasterClock;
use super::parser::is_whole;
use crate::ks::KsDataFormat;
use crate::ks::dmus::{EventForm, LEAST_EVENT_RECORD, event_records};
use crate::ks::guids::data_format;
use crate::ks::music::{LEAST_RECORD, record_places};
use crate::lane::Lane;

/// The form of an opened pin's buffers; the subformat decides.
///
/// Source: WDK, DMUS_EVENTHEADER and KSMUSICFORMAT.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum WireForm {
    /// MIDI bytes in KSMUSICFORMAT records. Assumed: their times are the stream's, as on a pin of
    /// a MIDI miniport; a client cannot tell the two apart.
    Midi,
    /// Events in DMUS_EVENTHEADER records. Their times are the master clock's.
    DirectMusic,
}

impl WireForm {
    /// The form of a format that fits the pin. Assumed: what is not DirectMusic is MIDI.
    pub fn of(format: &KsDataFormat) -> WireForm {
        if format.sub_format == data_format::DIRECTMUSIC {
            WireForm::DirectMusic
        } else {
            WireForm::Midi
        }
    }

    /// The least room that a read request's buffer has to have, in bytes.
    pub fn least_room(self) -> usize {
        match self {
            WireForm::Midi => LEAST_RECORD,
            WireForm::DirectMusic => LEAST_EVENT_RECORD,
        }
    }

    /// Checks the used part of a write request's buffer.
    ///
    /// # Errors
    /// `STATUS_INVALID_PARAMETER` for a malformed chain of records; in the form of DirectMusic
    /// also for a channel group beyond 16 bits, or a structured record that is not one whole
    /// message. Assumed: the page of DMUS_EVENTHEADER says what has to be, not what comes of it.
    pub fn check(self, used: &[u8]) -> Result<(), NtStatus> {
        match self {
            WireForm::Midi => record_places(used).try_for_each(|record| record.map(drop)),
            WireForm::DirectMusic => event_records(used).try_for_each(|record| {
                let record = record?;
                let is_sound = record.form == EventForm::Unstructured || is_whole(record.data);
                if is_sound && record.channel_group <= u32::from(u16::MAX) {
                    Ok(())
                } else {
                    Err(NtStatus::INVALID_PARAMETER)
                }
            }),
        }
    }

    /// The time of the clock that the client means, in 100 ns.
    pub fn now_100ns(self, kernel: &Kernel, lane: &Lane) -> i64 {
        match self {
            WireForm::Midi => i64::try_from(lane.time_ns(kernel) / 100).unwrap_or(i64::MAX),
            WireForm::DirectMusic => MasterClock::time_100ns(kernel),
        }
    }

    /// A time of the client's clock as one of the master clock.
    pub fn master_time(self, kernel: &Kernel, lane: &Lane, time_100ns: i64) -> i64 {
        match self {
            WireForm::Midi => {
                let ahead = time_100ns.saturating_sub(self.now_100ns(kernel, lane));
                // The sign would be a flag.
                MasterClock::time_100ns(kernel).saturating_add(ahead).max(0)
            }
            WireForm::DirectMusic => time_100ns,
        }
    }

    /// A time of the master clock as one of the client's.
    pub fn client_time(self, kernel: &Kernel, lane: &Lane, time_100ns: i64) -> i64 {
        match self {
            WireForm::Midi => {
                let ago = MasterClock::time_100ns(kernel).saturating_sub(time_100ns);
                self.now_100ns(kernel, lane).saturating_sub(ago).max(0)
            }
            WireForm::DirectMusic => time_100ns,
        }
    }
}

//! The form of a client's buffers, and the clock for the times in them.

use portcls_emulator::{Kernel, NtStatus};

use super::clock::MasterClock;
use super::parser::is_whole;
use crate::ks::KsDataFormat;
use crate::ks::dmus::{EventForm, LEAST_EVENT_RECORD, event_records};
use crate::ks::guids::data_format;
use crate::ks::music::{LEAST_RECORD, record_places};
use crate::lane::Lane;

/// The form of the buffers of an open pin. The subformat of the pin decides it.
///
/// Source: WDK, DMUS_EVENTHEADER and KSMUSICFORMAT.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum WireForm {
    /// MIDI bytes in KSMUSICFORMAT records. Assumed: the times in the records are stream times. A
    /// pin of a MIDI miniport has stream times, and a client cannot tell such a pin from a MIDI pin
    /// of a DirectMusic miniport.
    Midi,
    /// Events in DMUS_EVENTHEADER records. The times of these events are times of the master clock.
    DirectMusic,
}

/// One moment by two clocks, in 100 ns.
#[derive(Clone, Copy)]
pub(super) struct Now {
    pub client_100ns: i64,
    pub master_100ns: i64,
}

impl WireForm {
    /// Finds the form for a format that the port has checked for the pin. Assumed: every format but
    /// DirectMusic is MIDI.
    pub fn of(format: &KsDataFormat) -> WireForm {
        if format.sub_format == data_format::DIRECTMUSIC {
            WireForm::DirectMusic
        } else {
            WireForm::Midi
        }
    }

    /// The least room that the buffer of a read request must have, in bytes.
    pub fn least_room(self) -> usize {
        match self {
            WireForm::Midi => LEAST_RECORD,
            WireForm::DirectMusic => LEAST_EVENT_RECORD,
        }
    }

    /// Checks the used part of a write request's buffer.
    ///
    /// # Errors
    /// `STATUS_INVALID_PARAMETER` for a malformed chain of records. In the form of DirectMusic, two
    /// more faults have this status: a channel group of more than 16 bits, and a structured record
    /// that is not exactly one message. Assumed: the port answers this status for these two faults.
    /// The page of DMUS_EVENTHEADER says what a client must write, but not what happens if the
    /// client writes anything else.
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

    /// The time now by the client's clock, in 100 ns.
    pub fn now_100ns(self, kernel: &Kernel, lane: &Lane) -> i64 {
        match self {
            WireForm::Midi => i64::try_from(lane.time_ns(kernel) / 100).unwrap_or(i64::MAX),
            WireForm::DirectMusic => MasterClock::time_100ns(kernel),
        }
    }

    /// The time now by both clocks.
    pub fn now(self, kernel: &Kernel, lane: &Lane) -> Now {
        let client_100ns = self.now_100ns(kernel, lane);
        Now { client_100ns, master_100ns: MasterClock::time_100ns(kernel) }
    }

    /// Converts a time of the client's clock to the master clock.
    pub fn master_time(self, now: Now, time_100ns: i64) -> i64 {
        match self {
            WireForm::Midi => {
                let ahead = time_100ns.saturating_sub(now.client_100ns);
                // The sign bit of a time is the flag DONT_HOLD_FOR_SEQUENCING, so the time must not
                // be negative.
                now.master_100ns.saturating_add(ahead).max(0)
            }
            WireForm::DirectMusic => time_100ns,
        }
    }

    /// Converts a time of the master clock to the client's clock.
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

//! A song as a Standard MIDI File: format 0, one tick is 10 us.
//!
//! A byte takes 320 us on the wire, so two bytes in a row have different times with a tick of 10
//! us. Due times are rounded down to a tick, counted from the start of the song, so rounding
//! errors do not add up. Reading the file gives the same bytes, at times less than one tick early.
//!
//! A channel message becomes an event of its own. A message that starts with F0 becomes a SysEx
//! event. All else (system common, real-time, parts of messages) becomes an escape event, F7.
//! Source: Standard MIDI Files 1.0 (RP-001), SysEx events.

use midly::live::LiveEvent;
use midly::num::{u15, u24, u28};
use midly::{Format, Header, MetaMessage, Timing, TrackEvent, TrackEventKind};

use crate::error::MidiFileError;
use crate::song::TimedMessage;
use crate::wire::data_bytes;

/// Time of one tick of the files that [`write_smf`] makes, in ns.
pub const FILE_TICK_NS: u64 = 10_000;

/// Length of a beat, in us: 240 beats a minute, which every sequencer can show.
const TEMPO_US: u32 = 250_000;

/// Ticks a beat: with the tempo above, 10 us a tick exactly.
const TICKS_A_BEAT: u16 = 25_000;

/// Most data bytes of one event: its length has 28 bits. A longer message is split into packets.
const MAX_EVENT_BYTES: usize = (1 << 28) - 1;

/// Longest delta time, in ticks: it has 28 bits. Empty text events fill a longer pause.
const MAX_DELTA_TICKS: u64 = (1 << 28) - 1;

/// Writes messages as a Standard MIDI File.
///
/// Times: rounded down to [`FILE_TICK_NS`]. A message due before the message in front of it is
/// written at the time of that message.
///
/// # Errors
/// `TooBigToWrite` when the track needs 4 GiB or more.
pub fn write_smf<'a>(
    messages: impl IntoIterator<Item = TimedMessage<'a>>,
) -> Result<Vec<u8>, MidiFileError> {
    let mut events = vec![event(0, TrackEventKind::Meta(MetaMessage::Tempo(u24::new(TEMPO_US))))];
    let mut last_tick = 0;
    let messages = messages.into_iter();
    for message in messages.filter(|message| !message.bytes.is_empty()) {
        let tick = (message.due_ns / FILE_TICK_NS).max(last_tick);
        let mut delta = tick - last_tick;
        last_tick = tick;
        while delta > MAX_DELTA_TICKS {
            let filler = TrackEventKind::Meta(MetaMessage::Text(&[]));
            events.push(event(MAX_DELTA_TICKS, filler));
            delta -= MAX_DELTA_TICKS;
        }
        push_message(&mut events, delta, message.bytes);
    }
    events.push(event(0, TrackEventKind::Meta(MetaMessage::EndOfTrack)));
    let timing = Timing::Metrical(u15::new(TICKS_A_BEAT));
    let header = Header::new(Format::SingleTrack, timing);
    let mut file = Vec::new();
    midly::write(&header, core::iter::once(&events), &mut file)
        .map_err(|_| MidiFileError::TooBigToWrite)?;
    Ok(file)
}

/// An event some ticks after the event before it; the caller keeps to `MAX_DELTA_TICKS`.
fn event(delta_ticks: u64, kind: TrackEventKind<'_>) -> TrackEvent<'_> {
    let delta = u28::new(u32::try_from(delta_ticks).unwrap_or(u32::MAX));
    TrackEvent { delta, kind }
}

/// Adds the event, or the packets, of one message.
fn push_message<'a>(events: &mut Vec<TrackEvent<'a>>, delta_ticks: u64, bytes: &'a [u8]) {
    if let Some(kind) = channel_event(bytes) {
        events.push(event(delta_ticks, kind));
        return;
    }
    let mut delta_ticks = delta_ticks;
    let mut rest = bytes;
    if let [0xF0, data @ ..] = bytes {
        let (first, more) = data.split_at(data.len().min(MAX_EVENT_BYTES));
        events.push(event(delta_ticks, TrackEventKind::SysEx(first)));
        delta_ticks = 0;
        rest = more;
    }
    for packet in rest.chunks(MAX_EVENT_BYTES) {
        events.push(event(delta_ticks, TrackEventKind::Escape(packet)));
        delta_ticks = 0;
    }
}

/// The event of a whole channel message; `None` for all else.
fn channel_event(bytes: &[u8]) -> Option<TrackEventKind<'_>> {
    let (&status @ 0x80..=0xEF, data) = bytes.split_first()? else {
        return None;
    };
    let is_whole = data.len() == usize::from(data_bytes(status));
    if !is_whole || data.iter().any(|byte| *byte >= 0x80) {
        return None;
    }
    match LiveEvent::parse(bytes) {
        Ok(LiveEvent::Midi { channel, message }) => Some(TrackEventKind::Midi { channel, message }),
        _ => None,
    }
}

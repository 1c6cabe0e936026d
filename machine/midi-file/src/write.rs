//! A song as a Standard MIDI File: format 0, one tick is 10 us.
//!
//! A byte takes 320 us on the wire, so with a tick of 10 us two bytes in a row have different
//! times. Due times are counted from the start of the song and rounded down to a tick, so rounding
//! errors do not add up. A reader of the file gets the same bytes, at times less than one tick
//! early.
//!
//! A channel message becomes a separate event. A message that starts with F0 becomes a SysEx event.
//! Any other message (system common, real-time, a part of a message) becomes an escape event, F7.
//! Source: Standard MIDI Files 1.0 (RP-001), SysEx events.

use midly::live::LiveEvent;
use midly::num::{u15, u24, u28};
use midly::{Format, Header, MetaMessage, Timing, TrackEvent, TrackEventKind};

use crate::error::MidiFileError;
use crate::song::TimedMessage;
use crate::wire::data_bytes;

/// Time of one tick of the files that [`write_smf`] makes, in ns.
pub const FILE_TICK_NS: u64 = 10_000;

/// Length of a beat, in us: 240 beats a minute. Every sequencer can show this tempo.
const TEMPO_US: u32 = 250_000;

/// Ticks in a beat. With [`TEMPO_US`] a tick is exactly 10 us.
const TICKS_A_BEAT: u16 = 25_000;

/// The most data bytes of one event: the length of an event has 28 bits. A longer message is split
/// into packets.
const MAX_EVENT_BYTES: usize = (1 << 28) - 1;

/// The longest delta time, in ticks: a delta time has 28 bits. Empty text events fill a longer
/// pause.
const MAX_DELTA_TICKS: u64 = (1 << 28) - 1;

/// Writes messages as a Standard MIDI File.
///
/// The times are rounded down to a multiple of [`FILE_TICK_NS`]. A message that is due earlier than
/// the message before it gets the time of the message before it.
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

/// The event of a whole channel message; `None` for any other message.
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

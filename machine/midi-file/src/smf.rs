//! A Standard MIDI File as a song: tracks merged, ticks turned into ns.
//!
//! The song has no running status: each channel message has its status byte. A SysEx event is in
//! the song with its F0. The bytes of an escape event (F7) are in the song as they are. A meta
//! event is not sent: the reader obeys the event or drops it. Events of one tick go out in track
//! order, and within a track in file order. A tempo event of any track counts for all tracks. In
//! format 2, whose tracks play one after another, a tempo event counts only for its own track.
//!
//! Assumed: a file for several MIDI ports (meta event 21h) plays on the only port here.
//! Source: Standard MIDI Files 1.0 (RP-001).

use core::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::Damage;
use crate::chunks::{Layout, find_tracks};
use crate::clock::TickClock;
use crate::error::MidiFileError;
use crate::limits::{MAX_MESSAGES, MAX_SONG_NS};
use crate::song::Song;
use crate::track::{Event, TrackReader};
use crate::wire::data_bytes;

/// Reads a Standard MIDI File.
pub(crate) fn read(file: &[u8], damage: Damage) -> Result<Song, MidiFileError> {
    let mut song = Song::new();
    let found = find_tracks(file, &mut song)?;
    let mut readers: Vec<TrackReader<'_>> = found
        .tracks
        .iter()
        .enumerate()
        .map(|(index, chunk)| TrackReader::new(index + 1, chunk, damage))
        .collect();
    let group_size = match found.layout {
        Layout::Together => readers.len(),
        Layout::OneByOne => 1,
    };
    if found.layout == Layout::OneByOne && readers.len() > 1 {
        let count = readers.len();
        song.warn(format!("a file of format 2: its {count} tracks are played one after another"));
    }
    let mut start_ns = 0;
    for group in readers.chunks_mut(group_size.max(1)) {
        let clock = TickClock::new(found.division);
        start_ns = merge(group, clock, start_ns, &mut song)?;
    }
    for reader in &readers {
        song.leave_out(reader.left_out());
        reader.warnings().into_iter().for_each(|warning| song.warn(warning));
    }
    Ok(song)
}

/// Merges tracks that sound together. Returns the time at which the last track ends, in ns from the
/// start of the song.
///
/// The heap holds the tick of each track's next event, or of the track's end. The lowest tick is
/// first; of equal ticks, the tick of the track with the lowest number is first.
fn merge(
    readers: &mut [TrackReader<'_>],
    mut clock: TickClock,
    start_ns: u64,
    song: &mut Song,
) -> Result<u64, MidiFileError> {
    let mut next_events = BinaryHeap::with_capacity(readers.len());
    let mut waiting = Vec::with_capacity(readers.len());
    for (index, reader) in readers.iter_mut().enumerate() {
        waiting.push(reader.next_event());
        next_events.push(Reverse((reader.tick(), index)));
    }
    let mut end_ns = start_ns;
    while let Some(Reverse((tick, index))) = next_events.pop() {
        let due_ns = u128::from(start_ns) + clock.advance_to(tick);
        let due_ns = u64::try_from(due_ns).unwrap_or(u64::MAX);
        end_ns = due_ns;
        // If the track has no next event, the track is at its end, and `end_ns` now has the time of
        // the end.
        let Some(event) = waiting[index].take() else {
            continue;
        };
        if due_ns > MAX_SONG_NS && event.is_sent() {
            let hours = due_ns / 3_600_000_000_000;
            return Err(MidiFileError::TooLong { track: readers[index].number(), hours });
        }
        play(event, due_ns, &mut clock, song)?;
        waiting[index] = readers[index].next_event();
        next_events.push(Reverse((readers[index].tick(), index)));
    }
    Ok(end_ns)
}

/// Adds an event to the song, or obeys it.
fn play(
    event: Event<'_>,
    due_ns: u64,
    clock: &mut TickClock,
    song: &mut Song,
) -> Result<(), MidiFileError> {
    match event {
        Event::Channel { status, data } => {
            song.push_parts(due_ns, &[status], &data[..data_bytes(status).into()]);
        }
        Event::SysEx(data) => song.push_parts(due_ns, &[0xF0], data),
        Event::Escape(data) => song.push(due_ns, data),
        Event::Tempo(0) => song.warn("a tempo of 0 us a beat is no tempo and is skipped".into()),
        Event::Tempo(tempo_us) => clock.set_tempo(tempo_us),
        Event::Meta => {}
    }
    if song.len() > MAX_MESSAGES {
        return Err(MidiFileError::TooManyMessages);
    }
    Ok(())
}

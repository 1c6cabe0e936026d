//! The containers of a Standard MIDI File: RIFF wrapper, header, track chunks.
//!
//! The reader gives the song a warning for each damage: a wrong count, a chunk that is cut short,
//! bytes that are not a chunk. The reader still uses the tracks that it finds. The only errors are
//! a file that is no MIDI file, and a header that cannot be used. The reader skips whole chunks of
//! unknown kinds without a warning, as the standard says.
//!
//! Source: Standard MIDI Files 1.0 (RP-001), chunks and header; RIFF MIDI (RP-029).

use crate::clock::Division;
use crate::error::{MidiFileError, not_midi};
use crate::song::{LeftOut, Song};

/// The most tracks in one file: the header counts the tracks in 16 bits.
const MAX_TRACKS: usize = 0xFFFF;

/// How the tracks of a file belong together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Layout {
    /// Formats 0 and 1: all tracks sound together.
    Together,
    /// Format 2: each track is a separate sequence.
    OneByOne,
}

/// The tracks of a file, and what the header of the file says of the tracks.
#[derive(Debug)]
pub(crate) struct Tracks<'a> {
    /// How the tracks belong together.
    pub(crate) layout: Layout,
    /// What a tick is.
    pub(crate) division: Division,
    /// The track chunks in file order.
    pub(crate) tracks: Vec<TrackChunk<'a>>,
}

/// The events of one track, undecoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TrackChunk<'a> {
    /// Where the first event of the track lies in the file, counted from 0.
    pub(crate) offset: usize,
    /// The events.
    pub(crate) bytes: &'a [u8],
    /// Bytes that the header of the chunk declares and the file does not have.
    pub(crate) missing_bytes: usize,
}

/// A part of the file that is not read yet, and where that part lies.
struct Rest<'a> {
    offset: usize,
    bytes: &'a [u8],
}

impl<'a> Rest<'a> {
    /// Takes `count` bytes, or fewer bytes at the end of the file.
    fn take(&mut self, count: usize) -> &'a [u8] {
        let (taken, rest) = self.bytes.split_at(count.min(self.bytes.len()));
        self.offset += taken.len();
        self.bytes = rest;
        taken
    }
}

/// Finds the tracks of a file.
///
/// # Errors
/// `NotMidi` when the file is no MIDI file, `DamagedHeader` when the header of the file cannot be
/// used.
pub(crate) fn find_tracks<'a>(
    file: &'a [u8],
    song: &mut Song,
) -> Result<Tracks<'a>, MidiFileError> {
    let mut rest = unwrap_riff(file)?;
    let (format, declared, division) = read_header(&mut rest)?;
    let tracks = read_track_chunks(&mut rest, song);
    if tracks.len() != usize::from(declared) {
        let found = tracks.len();
        let missing_tracks = usize::from(declared).saturating_sub(found) as u64;
        song.leave_out(LeftOut { missing_tracks, ..LeftOut::default() });
        song.warn(format!(
            "tracks declared in the header: {declared}, found in the file: {found}; all are used"
        ));
    }
    if format == 0 && tracks.len() > 1 {
        let found = tracks.len();
        song.warn(format!(
            "a file of format 0 has one track, this one has {found}; they are played together"
        ));
    }
    let layout = if format == 2 { Layout::OneByOne } else { Layout::Together };
    Ok(Tracks { layout, division, tracks })
}

/// The MIDI file inside a RIFF wrapper, or the file itself.
fn unwrap_riff(file: &[u8]) -> Result<Rest<'_>, MidiFileError> {
    if file.starts_with(b"MThd") {
        return Ok(Rest { offset: 0, bytes: file });
    }
    if !file.starts_with(b"RIFF") || file.get(8..12) != Some(b"RMID") {
        return Err(not_midi(file, "MIDI file"));
    }
    let mut rest = Rest { offset: 0, bytes: file };
    rest.take(12);
    while let &[a, b, c, d, l0, l1, l2, l3, ..] = rest.bytes {
        rest.take(8);
        let offset = rest.offset;
        let length = usize::try_from(u32::from_le_bytes([l0, l1, l2, l3])).unwrap_or(usize::MAX);
        let bytes = rest.take(length);
        if [a, b, c, d] == *b"data" && bytes.starts_with(b"MThd") {
            return Ok(Rest { offset, bytes });
        }
        // A chunk of odd length is followed by one byte of padding.
        rest.take(length % 2);
    }
    Err(MidiFileError::DamagedHeader {
        offset: 12,
        problem: "the RIFF wrapper has no data chunk with a MIDI file".to_owned(),
    })
}

/// Reads the header chunk: format, declared track count, division.
fn read_header(rest: &mut Rest<'_>) -> Result<(u16, u16, Division), MidiFileError> {
    let start = rest.offset;
    let damaged =
        |at: usize, problem: String| MidiFileError::DamagedHeader { offset: start + at, problem };
    let &[_, _, _, _, l0, l1, l2, l3, f0, f1, n0, n1, d0, d1, ..] = rest.bytes else {
        let found = rest.bytes.len();
        return Err(damaged(0, format!("it has 14 bytes, but only {found} are there")));
    };
    let length = usize::try_from(u32::from_be_bytes([l0, l1, l2, l3])).unwrap_or(usize::MAX);
    let room = rest.bytes.len() - 8;
    if length < 6 || length > room {
        return Err(damaged(4, format!("it declares {length} bytes, 6 to {room} fit")));
    }
    let format = u16::from_be_bytes([f0, f1]);
    if format > 2 {
        return Err(damaged(8, format!("format {format} is unknown, there are 0, 1 and 2")));
    }
    let division = read_division(d0, d1).map_err(|problem| damaged(12, problem))?;
    rest.take(8 + length);
    Ok((format, u16::from_be_bytes([n0, n1]), division))
}

/// Reads the division field; the error says what is wrong with the field.
fn read_division(high: u8, low: u8) -> Result<Division, String> {
    let ticks = u16::from_be_bytes([high, low]);
    match (high, low) {
        (0, 0) => Err("a beat of 0 ticks makes no time".to_owned()),
        (0..=0x7F, _) => Ok(Division::Beat { ticks }),
        (_, 0) => Err("a frame of 0 ticks makes no time".to_owned()),
        _ => match high.wrapping_neg() {
            rate @ (24 | 25 | 29 | 30) => Ok(Division::Frame { rate, ticks: low }),
            rate => Err(format!("{rate} frames a second are unknown, there are 24, 25, 29 and 30")),
        },
    }
}

/// Collects the track chunks up to the end of the file, or up to bytes that are not a chunk. Takes
/// [`MAX_TRACKS`] tracks at most.
fn read_track_chunks<'a>(rest: &mut Rest<'a>, song: &mut Song) -> Vec<TrackChunk<'a>> {
    let mut tracks = Vec::new();
    while !rest.bytes.is_empty() {
        let start = rest.offset;
        let &[a, b, c, d, l0, l1, l2, l3, ..] = rest.bytes else {
            song.warn(no_chunk(rest));
            break;
        };
        let kind = [a, b, c, d];
        if !kind.iter().all(|byte| matches!(byte, b' '..=b'~')) {
            song.warn(no_chunk(rest));
            break;
        }
        rest.take(8);
        let length = usize::try_from(u32::from_be_bytes([l0, l1, l2, l3])).unwrap_or(usize::MAX);
        let offset = rest.offset;
        let bytes = rest.take(length);
        if bytes.len() < length {
            let left = bytes.len();
            song.warn(format!(
                "the chunk at byte {start} is cut short: bytes declared: {length}, found: {left}"
            ));
        }
        if &kind == b"MTrk" {
            if tracks.len() == MAX_TRACKS {
                song.warn(format!(
                    "only the first {MAX_TRACKS} tracks are used: a file has no more"
                ));
                break;
            }
            tracks.push(TrackChunk { offset, bytes, missing_bytes: length - bytes.len() });
        }
    }
    tracks
}

/// The warning for bytes that are not a chunk.
fn no_chunk(rest: &Rest<'_>) -> String {
    format!(
        "what follows from byte {} on is no chunk of a MIDI file; bytes left out: {}",
        rest.offset,
        rest.bytes.len()
    )
}

//! The figures of a job: what passed through the machine, and at what cost.
//!
//! This file owns the names, units and meaning of the figures, and the way in which each figure is
//! measured. A name here is a name in the program's JSON, because the program prints these types as
//! they are. Times are simulated and in ns. This file never knows how a job goes on, or what a
//! figure says of a driver.

use hw_mpu401::{BYTE_TIME_NS, Counters as CardCounters};
use portcls_emulator::{Kernel, NtStatus};
use portcls_midi_file::Song;
use serde::{Serialize, Serializer};

use crate::pin_client::Received;

/// What was on MIDI OUT.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize)]
pub struct WireFigures {
    /// All bytes since power-on.
    pub bytes: u64,
    /// How many bytes of the song came unchanged and in order, from the beginning of the song to
    /// the first difference.
    pub song_bytes: u64,
    /// Bytes that the card sent by itself since power-on.
    pub own_bytes: u64,
    /// How many more bytes began between the beginning and the end of the song than the song and
    /// the card's own bytes explain. The driver made these bytes up. Not less than 0.
    pub foreign_bytes: u64,
    /// The first place at which the bytes on MIDI OUT differ from the song; `None` if all bytes of
    /// the song came and no foreign bytes.
    pub first_difference: Option<Difference>,
    /// Time zero of the song: the moment when RUN was set. With buffers for DirectMusic, the moment
    /// when the first buffer was written. `None` if the song did not begin.
    pub song_start_ns: Option<u64>,
    /// The share of time that the wire was busy between the song's first and last byte, in 1/1000.
    pub busy_permille: u32,
    /// How late the wire ran behind the song.
    pub late: Lateness,
}

/// A place at which the bytes that came differ from the song.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub struct Difference {
    /// How many bytes of the song came unchanged before this place.
    pub position: u64,
    /// When the byte that differs came. When no byte came, the time at which the message of the
    /// missing byte was due. For MIDI OUT the time counts from power-on, or from the beginning of
    /// the song if the song did not begin. For the bytes that an application read, the time counts
    /// from time 0 of the pin, as in [`Received`].
    pub time_ns: u64,
    /// The byte of the song; `None` when the song is over.
    pub expected: Option<u8>,
    /// The byte that came; `None` when no further byte came.
    pub found: Option<u8>,
}

/// How long after their due time messages began on the wire.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize)]
pub struct Lateness {
    /// How many messages of the song began, before the first byte that differs from the song.
    pub messages: u64,
    /// The smallest delay.
    pub least_ns: u64,
    /// The mean delay, rounded down.
    pub mean_ns: u64,
    /// The largest delay.
    pub most_ns: u64,
    /// Messages that began before they were due. The number must be 0.
    pub early: u64,
}

/// What the application read.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize)]
pub struct ApplicationFigures {
    /// All bytes that the application read.
    pub bytes: u64,
    /// How many bytes of the song the application read unchanged and in order, from the beginning
    /// of the song to the first difference.
    pub song_bytes: u64,
    /// Bytes that arrived whole on MIDI IN.
    pub arrived_bytes: u64,
    /// How many more bytes the application read than the song has. Not less than 0.
    pub foreign_bytes: u64,
    /// The first place at which the bytes that the application read differ from the song.
    pub first_difference: Option<Difference>,
}

/// What [`WireFigures::of`] needs besides the song and the bytes on MIDI OUT.
#[derive(Clone, Copy, Default)]
pub(crate) struct WireSpan {
    /// Time zero of the song, if it began.
    pub song_start_ns: Option<u64>,
    /// When the song was over; `None` when the run ended before.
    pub song_end_ns: Option<u64>,
    /// Bytes that the card sent by itself since power-on.
    pub own_bytes: u64,
    /// How many bytes the card sent by itself between the beginning and the end of the song.
    pub own_bytes_in_song: u64,
    /// Bytes that are not listed, because the list was full.
    pub unlisted_bytes: u64,
}

/// What the processor did, from power-on to the end.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize)]
pub struct ProcessorFigures {
    /// Interrupts taken.
    pub interrupts: u64,
    /// Longest service of an interrupt.
    pub longest_isr_ns: u64,
    /// DPCs run.
    pub dpcs: u64,
    /// Longest DPC.
    pub longest_dpc_ns: u64,
}

/// What the driver did while the song was played or captured.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize)]
pub struct DriverFigures {
    /// Reads of STATUS.
    pub status_reads: u64,
    /// Writes to DATA.
    pub data_writes: u64,
    /// Reads of STATUS for each byte of the song that came through, in 1/1000, rounded down; `None`
    /// if no byte came through.
    pub polls_per_byte_permille: Option<u64>,
    /// Bytes lost in the card, in both directions. Bytes without a stop bit do not count. In a
    /// capture in which nothing arrived on MIDI IN, the number is 0.
    pub lost_in_card: u64,
    /// The statuses with which the application's write or read requests failed: the first 1,000.
    #[serde(serialize_with = "by_name")]
    pub failed_requests: Vec<NtStatus>,
}

impl WireFigures {
    /// Measures MIDI OUT. `sent` has the bytes that left, each with the time of its start bit.
    pub(crate) fn of(song: &Song, sent: &[(u64, u8)], span: WireSpan) -> WireFigures {
        let WireSpan { song_start_ns, song_end_ns, own_bytes, unlisted_bytes, .. } = span;
        let begun_before = |time_ns| sent.partition_point(|&(start_ns, _)| start_ns < time_ns);
        let first = song_start_ns.map_or(sent.len(), begun_before);
        let end = song_end_ns.map_or(sent.len(), begun_before).max(first);
        let since = &sent[first..];
        let passed = in_order(song, since.iter().map(|(_, byte)| byte));
        let song_wire = &since[..passed];
        let start_ns = song_start_ns.unwrap_or(0);
        let begun = (end - first) as u64 + unlisted_bytes;
        let song_bytes = song.byte_count() as u64;
        let foreign_bytes = begun.saturating_sub(span.own_bytes_in_song + song_bytes);
        // Bytes that the card itself sends after the last byte of the song are no difference.
        let is_whole = passed as u64 == song_bytes && foreign_bytes == 0;
        let found = sent[first..end].get(passed);
        let first_difference =
            if is_whole { None } else { Difference::after(song, passed, found, start_ns) };
        WireFigures {
            bytes: sent.len() as u64 + unlisted_bytes,
            song_bytes: passed as u64,
            own_bytes,
            foreign_bytes,
            first_difference,
            song_start_ns,
            busy_permille: busy_permille(song_wire),
            late: Lateness::of(song, song_wire, start_ns),
        }
    }
}

impl Difference {
    /// The difference after `passed` unchanged bytes. `found` is the next byte that came, with its
    /// time. The song's times count from `zero_ns`. `None` if the song is over and nothing came.
    fn after(
        song: &Song,
        passed: usize,
        found: Option<&(u64, u8)>,
        zero_ns: u64,
    ) -> Option<Difference> {
        let mut left = passed;
        let mut expected = None;
        for message in song {
            if let Some(&byte) = message.bytes.get(left) {
                expected = Some((zero_ns.saturating_add(message.due_ns), byte));
                break;
            }
            left -= message.bytes.len();
        }
        let &(time_ns, _) = found.or(expected.as_ref())?;
        Some(Difference {
            position: passed as u64,
            time_ns,
            expected: expected.map(|(_, byte)| byte),
            found: found.map(|&(_, byte)| byte),
        })
    }
}

impl ApplicationFigures {
    /// Measures what the application read.
    pub(crate) fn of(song: &Song, received: &[Received], arrived_bytes: u64) -> ApplicationFigures {
        let bytes: u64 = received.iter().map(|chunk| chunk.bytes.len() as u64).sum();
        let passed = in_order(song, received.iter().flat_map(|chunk| &chunk.bytes));
        let timed =
            received.iter().flat_map(|chunk| chunk.bytes.iter().map(|&byte| (chunk.time_ns, byte)));
        let found = timed.clone().nth(passed);
        ApplicationFigures {
            bytes,
            song_bytes: passed as u64,
            arrived_bytes,
            foreign_bytes: bytes.saturating_sub(song.byte_count() as u64),
            first_difference: Difference::after(song, passed, found.as_ref(), 0),
        }
    }
}

impl Lateness {
    /// Compares the start of each message on the wire with its due time.
    fn of(song: &Song, wire: &[(u64, u8)], song_start_ns: u64) -> Lateness {
        let mut late = Lateness { least_ns: u64::MAX, ..Lateness::default() };
        let mut sum_ns = 0_u128;
        let mut first_byte = 0;
        for message in song {
            let Some(&(start_ns, _)) = wire.get(first_byte) else { break };
            first_byte += message.bytes.len();
            let due_ns = song_start_ns + message.due_ns;
            late.early += u64::from(start_ns < due_ns);
            let late_ns = start_ns.saturating_sub(due_ns);
            late.messages += 1;
            late.least_ns = late.least_ns.min(late_ns);
            late.most_ns = late.most_ns.max(late_ns);
            sum_ns += u128::from(late_ns);
        }
        if late.messages == 0 {
            return Lateness::default();
        }
        let mean_ns = sum_ns / u128::from(late.messages);
        late.mean_ns = u64::try_from(mean_ns).expect("a mean of 64 bits has 64 bits");
        late
    }
}

impl ProcessorFigures {
    /// What the kernel has counted so far.
    pub(crate) fn of(kernel: &Kernel) -> ProcessorFigures {
        let counters = kernel.counters();
        ProcessorFigures {
            interrupts: counters.interrupts,
            longest_isr_ns: counters.longest_isr_ns,
            dpcs: counters.dpcs,
            longest_dpc_ns: counters.longest_dpc_ns,
        }
    }
}

impl DriverFigures {
    /// Measures what the driver did with the card between two moments. `passed` bytes of the song
    /// came through in that time.
    pub(crate) fn of(
        from: &CardCounters,
        to: &CardCounters,
        passed: u64,
        failed_requests: Vec<NtStatus>,
    ) -> DriverFigures {
        let status_reads = to.status_reads - from.status_reads;
        let permille = (u128::from(status_reads) * 1_000).checked_div(u128::from(passed));
        DriverFigures {
            status_reads,
            data_writes: to.data_writes - from.data_writes,
            polls_per_byte_permille: permille.map(|it| u64::try_from(it).unwrap_or(u64::MAX)),
            lost_in_card: lost(to) - lost(from),
            failed_requests,
        }
    }
}

/// How many bytes are equal to the bytes of the song, from the first byte to the first difference.
fn in_order<'b>(song: &Song, bytes: impl Iterator<Item = &'b u8>) -> usize {
    let expected = song.iter().flat_map(|message| message.bytes);
    expected.zip(bytes).take_while(|(expected, byte)| expected == byte).count()
}

fn lost(counters: &CardCounters) -> u64 {
    counters.overwritten
        + counters.ignored
        + counters.dropped_by_reset
        + counters.rx_overrun
        + counters.lost_in_busy
        + counters.unheard
        + counters.thru_lost
        + counters.input_cleared
}

fn busy_permille(wire: &[(u64, u8)]) -> u32 {
    let (Some((first_ns, _)), Some((last_ns, _))) = (wire.first(), wire.last()) else { return 0 };
    let busy_ns = wire.len() as u64 * BYTE_TIME_NS;
    let whole_ns = last_ns + BYTE_TIME_NS - first_ns;
    (busy_ns * 1_000 / whole_ns) as u32
}

/// Writes statuses as their names.
fn by_name<S: Serializer>(statuses: &[NtStatus], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(statuses.iter().map(NtStatus::to_string))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn polls_a_byte_are_rounded_down_and_none_of_nothing() {
        let polls = |status_reads, passed| {
            let seen = CardCounters { status_reads, ..CardCounters::default() };
            DriverFigures::of(&CardCounters::default(), &seen, passed, Vec::new())
                .polls_per_byte_permille
        };
        assert_eq!(polls(3_274, 297), Some(11_023));
        assert_eq!(polls(1, 0), None);
        assert_eq!(polls(u64::MAX, 1), Some(u64::MAX));
    }

    #[test]
    fn lateness_counts_the_messages_that_began_and_rounds_its_mean_down() {
        let mut song = Song::new();
        song.push(0, &[0xF8]);
        song.push(1_000_000, &[0xF8]);
        song.push(2_000_000, &[0xF8]);
        let sent = [(500, 0xFE), (1_000, 0xF8), (1_001_001, 0xF8)];
        let span = WireSpan { unlisted_bytes: 4, song_start_ns: Some(999), ..WireSpan::default() };
        let figures = WireFigures::of(&song, &sent, span);
        let late = Lateness { messages: 2, least_ns: 1, mean_ns: 1, most_ns: 2, early: 0 };
        assert_eq!((figures.bytes, figures.song_bytes, figures.late), (7, 2, late));
    }

    #[test]
    fn a_song_that_did_not_begin_has_no_figures_on_the_wire() {
        let sent = [(500, 0xF8)];
        let mut song = Song::new();
        song.push(0, &[0xF8]);
        let first_difference =
            Some(Difference { position: 0, time_ns: 0, expected: Some(0xF8), found: None });
        let expected = WireFigures { bytes: 1, first_difference, ..WireFigures::default() };
        assert_eq!(WireFigures::of(&song, &sent, WireSpan::default()), expected);
    }

    #[test]
    fn the_first_difference_has_its_place_its_time_and_both_sides() {
        let mut song = Song::new();
        song.push(0, &[0x90, 0x3C, 0x40]);
        song.push(7_000, &[0x80, 0x3C]);
        let difference = |bytes: &[u8]| {
            let sent: Vec<(u64, u8)> = (1..).map(|n| n * 100).zip(bytes.iter().copied()).collect();
            let span = WireSpan { song_start_ns: Some(50), ..WireSpan::default() };
            WireFigures::of(&song, &sent, span).first_difference
        };
        let at = |position, time_ns, expected, found| {
            Some(Difference { position, time_ns, expected, found })
        };
        assert_eq!(difference(&[0x90, 0x3C, 0x40, 0x80, 0x3C]), None);
        assert_eq!(difference(&[0x90, 0x3D]), at(1, 200, Some(0x3C), Some(0x3D)));
        assert_eq!(difference(&[0x90, 0x3C, 0x40, 0x80]), at(4, 7_050, Some(0x3C), None));
        assert_eq!(difference(&[0x90, 0x3C, 0x40, 0x80, 0x3C, 0xFE]), at(5, 600, None, Some(0xFE)));
    }

    #[test]
    fn foreign_bytes_are_those_beyond_the_song_that_the_card_did_not_send() {
        let mut song = Song::new();
        song.push(0, &[0xF8]);
        let sent: Vec<(u64, u8)> = [10, 20, 30, 40, 50].map(|time_ns| (time_ns, 0xF8)).to_vec();
        let foreign = |own_bytes_in_song, song_end_ns| {
            let span = WireSpan {
                song_start_ns: Some(15),
                song_end_ns,
                own_bytes_in_song,
                ..WireSpan::default()
            };
            let figures = WireFigures::of(&song, &sent, span);
            assert_eq!(figures.first_difference.is_some(), figures.foreign_bytes > 0);
            figures.foreign_bytes
        };
        assert_eq!(foreign(0, None), 3);
        assert_eq!(foreign(1, None), 2);
        assert_eq!(foreign(1, Some(45)), 1);
        assert_eq!(foreign(9, None), 0);
    }
}

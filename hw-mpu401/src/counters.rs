//! What passed through the chip, and what was lost on the way.

/// The counters count from the time when the chip was made, or from the last power-on. Each byte is
/// counted where it comes into the model and where it leaves the model, so these sums hold:
///
/// - `data_writes + command_writes` = `accepted + commands + parameters + ignored + overwritten` +
///   the byte in the latch from the host;
/// - `accepted + generated + played + thru` = `sent + dropped_by_reset` + the output still waiting;
/// - `received + inserted` = `delivered + rx_overrun + lost_in_busy + unheard + misframed +
///   input_cleared` + the input still waiting.
///
/// [`Waiting`] has the numbers of the bytes that still wait.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Counters {
    /// Reads of DATA.
    pub data_reads: u64,
    /// Reads of STATUS.
    pub status_reads: u64,
    /// Writes to DATA.
    pub data_writes: u64,
    /// Writes to COMMAND.
    pub command_writes: u64,
    /// Host bytes taken over for MIDI OUT.
    pub accepted: u64,
    /// Commands that the card took and did not ignore. A command that is deferred, because the host
    /// has not answered a request yet, also counts.
    pub commands: u64,
    /// Data bytes that the unit took for a command, or as a part of an event of a track or the
    /// conductor.
    pub parameters: u64,
    /// Host bytes that had no effect. Examples: data that the unit did not wait for in intelligent
    /// mode, data that was lost during the entry into UART mode, commands other than FF in UART
    /// mode, commands unknown to the card, writes to a full FIFO, a data byte that a command drops
    /// from the latch of a bus chip, and writes while the card was not active.
    pub ignored: u64,
    /// Host bytes lost because the host wrote the next byte before the unit took the lost byte.
    pub overwritten: u64,
    /// Bytes that the unit put on MIDI OUT by itself: F8, FA, FB, FC, note-offs and All Notes Off.
    pub generated: u64,
    /// Bytes of channel messages of the host that the sequencer put on MIDI OUT.
    pub played: u64,
    /// Bytes of messages on MIDI IN that the sequencer put on MIDI OUT. They are copies: the bytes
    /// that came in also count as `received`.
    pub thru: u64,
    /// Bytes for MIDI thru that were lost because the output, or the queue in front of it, was
    /// full.
    pub thru_lost: u64,
    /// Bytes that have left on MIDI OUT, stop bit included.
    pub sent: u64,
    /// Bytes for MIDI OUT that a reset or the entry into UART mode dropped.
    pub dropped_by_reset: u64,
    /// Bytes that the receiver at MIDI IN has read, with or without a stop bit.
    pub received: u64,
    /// Bytes that the unit inserted between the bytes from MIDI IN: timing bytes, status bytes and
    /// marks.
    pub inserted: u64,
    /// Bytes that the unit gave to the host without a command: FD, F9, F0 to F7, FC.
    pub requests: u64,
    /// Clicks of the metronome.
    pub clicks: u64,
    /// MIDI IN bytes and inserted bytes that the host has read.
    pub delivered: u64,
    /// MIDI IN bytes lost because the input buffer, or the receive register of a unit with other
    /// work, was full.
    pub rx_overrun: u64,
    /// MIDI IN bytes lost while the unit was busy entering UART mode.
    pub lost_in_busy: u64,
    /// MIDI IN bytes that arrived in intelligent mode and were not meant for the host, or that
    /// arrived while the card was not active.
    pub unheard: u64,
    /// MIDI IN bytes without a stop bit that the card dropped.
    pub misframed: u64,
    /// MIDI IN bytes that a reset or the entry into UART mode dropped unread.
    pub input_cleared: u64,
    /// Bytes and breaks for MIDI IN that the chip refused, because
    /// [`MIDI_IN_LIMIT`](crate::MIDI_IN_LIMIT) of them already waited for the cable.
    pub midi_in_refused: u64,
    /// Wire events that the caller did not fetch in time. The oldest events are dropped first, see
    /// [`WIRE_LIMIT`](crate::WIRE_LIMIT).
    pub wire_dropped: u64,
}

/// The bytes that wait in the chip, and bytes that are still on their way to the chip.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Waiting {
    /// Bytes in the latch from the host, 0 or 1.
    pub host: usize,
    /// Bytes for MIDI OUT, including the byte on the wire.
    pub output: usize,
    /// MIDI IN bytes that the host has not read.
    pub input: usize,
    /// Bytes and breaks that the caller gave to MIDI IN and that have not ended.
    pub cable: usize,
}

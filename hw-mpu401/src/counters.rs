//! What passed through the chip, and what was lost on the way.

/// The counters count from the time when the chip was made, or from the last power-on. Each byte is
/// counted where it comes into the model and where it leaves the model, so these sums hold:
///
/// - `data_writes + command_writes` = `accepted + commands + parameters + ignored + overwritten` +
///   the byte in the host latch;
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
    /// Commands that the unit took. It runs them at once, or after the host has answered a request.
    pub commands: u64,
    /// Data bytes that the unit took for a command, or as an event of a track or the conductor.
    pub parameters: u64,
    /// Host bytes that had no effect: data in intelligent mode without a request, commands in UART
    /// mode, commands unknown to the card, writes to a full FIFO, a byte in the latch of a bus chip
    /// that a reset drops, and writes while the card was not active.
    pub ignored: u64,
    /// Host bytes lost because the host wrote the next byte before the unit took the lost byte.
    pub overwritten: u64,
    /// Bytes that the unit put on MIDI OUT without the host: FA to FC, F8, and note-offs.
    pub generated: u64,
    /// Bytes of messages of the host that the sequencer put on MIDI OUT.
    pub played: u64,
    /// Bytes of messages on MIDI IN that the sequencer put on MIDI OUT. These bytes are copies:
    /// each of these bytes also counts as input.
    pub thru: u64,
    /// Bytes for MIDI thru that were lost because the output was full.
    pub thru_lost: u64,
    /// Bytes that have left on MIDI OUT, stop bit included.
    pub sent: u64,
    /// Bytes for MIDI OUT that a reset or the entry into UART mode dropped.
    pub dropped_by_reset: u64,
    /// Bytes that the receiver at MIDI IN has read, stop bit included.
    pub received: u64,
    /// Bytes that the unit inserted between the bytes from MIDI IN: timing bytes and marks.
    pub inserted: u64,
    /// Bytes that the unit gave to the host without a command: FD, F9, F0 to F7, FC.
    pub requests: u64,
    /// Clicks of the metronome.
    pub clicks: u64,
    /// MIDI IN bytes that the host has read.
    pub delivered: u64,
    /// MIDI IN bytes lost because the input buffer was full.
    pub rx_overrun: u64,
    /// MIDI IN bytes lost while the unit was busy entering UART mode.
    pub lost_in_busy: u64,
    /// MIDI IN bytes that arrived in intelligent mode and did not go to the host, or that arrived
    /// while the card was not active.
    pub unheard: u64,
    /// MIDI IN bytes without a stop bit that the card dropped.
    pub misframed: u64,
    /// MIDI IN bytes that a reset or the entry into UART mode dropped unread.
    pub input_cleared: u64,
    /// Bytes and breaks that [`midi_in`](crate::Mpu401::midi_in) refused because
    /// [`MIDI_IN_LIMIT`](crate::MIDI_IN_LIMIT) already waited for the cable.
    pub midi_in_refused: u64,
    /// Wire events that the caller did not fetch in time. The oldest events are dropped first, see
    /// [`WIRE_LIMIT`](crate::WIRE_LIMIT).
    pub wire_dropped: u64,
}

/// The bytes that wait in the chip, and bytes that are still on their way to the chip.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Waiting {
    /// Bytes in the host latch, 0 or 1.
    pub host: usize,
    /// Bytes for MIDI OUT, including the byte on the wire.
    pub output: usize,
    /// MIDI IN bytes that the host has not read.
    pub input: usize,
    /// Bytes and breaks that the caller gave to MIDI IN and that have not ended.
    pub cable: usize,
}

//! How long firmware 1.5A takes for the steps of intelligent mode, in ns.
//!
//! These times belong to the firmware and not to a card. Assumed: every card with a sequencer runs
//! the same firmware. Latencies that intelligent mode shares with UART mode are in the profiles of
//! the cards.

/// From the host's write until the unit takes the byte, while the unit waits for a byte of the
/// host.
/// Measured: 17 us for a command that the unit defers.
pub(super) const WAITING_TAKE_NS: u64 = 17_000;

/// The extra time until the ACK of a reset, when the reset comes while the unit waits for a data
/// byte. The ACK of a command at rest comes without this extra time.
/// Measured: this ACK comes 53 us after the write.
pub(super) const RESET_BREAK_NS: u64 = 11_000;

/// The extra time until the ACK of any other command, when the command comes while the unit waits
/// for a data byte. Measured: the unit executes and acknowledges the command in 65 us.
pub(super) const COMMAND_BREAK_NS: u64 = 23_000;

/// From the last byte of an answer until a deferred command is acknowledged.
/// Measured: about 100 us.
pub(super) const DEFERRED_ACK_NS: u64 = 100_000;

/// From a tick, or from the last byte of an answer, until the next request.
/// Measured: with a prompt host 180 to 215 us from request to request, which includes the answer.
pub(super) const REQUEST_NS: u64 = 130_000;

/// From the time when an event moves to the output until the same track asks for its next event.
/// Measured: about 600 us.
pub(super) const LOOK_AHEAD_NS: u64 = 600_000;

/// From the end of the last track until FC. Measured: within 160 us.
pub(super) const ALL_END_NS: u64 = 150_000;

/// From one FD to the next FD, when several FDs wait for the host. Measured: 0.8 ms.
pub(super) const CLOCK_TO_HOST_NS: u64 = 800_000;

/// The extra time of the first tick after a start, compared with any other tick.
/// Measured: at ticks of 5 ms the first request comes 5.98 ms after the ACK of 0A.
pub(super) const START_NS: u64 = 850_000;

/// From the MIDI clock at the end of play until the note-offs.
/// Measured: 12 to 27 ms after the end, about 10 ms after the clock that carries FC.
pub(super) const SILENCE_NS: u64 = 10_000_000;

/// From the host's read of the ACK until the answer of AF. Measured: 950 to 1060 us.
pub(super) const TEMPO_REPLY_NS: u64 = 1_000_000;

/// How long the unit needs to compute a new tempo. Measured: the ACK of a command right after E0
/// and its data comes up to 1 ms later.
pub(super) const TEMPO_WORK_NS: u64 = 850_000;

/// How long B8 and B9 work. Measured: the ACK of a command right after B8 comes up to 400 us
/// later.
pub(super) const CLEAR_WORK_NS: u64 = 300_000;

/// From the last byte of a message on MIDI IN until the message starts on MIDI OUT. Measured: about
/// 570 us.
pub(super) const THRU_NS: u64 = 570_000;

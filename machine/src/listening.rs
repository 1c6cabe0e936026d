//! The application's side of a capture: reads until the song is over.
//!
//! This file owns the test whether a capture is over, and the limits of a capture. A song is over
//! when all its bytes have arrived, the driver has taken them, and the application has got no
//! further bytes for a while. A song is also over when the application has read far more bytes than
//! were sent. A driver that leaves bytes in the card makes the run end with a hang: after a minute
//! without progress, or at once when nothing can happen any more without outside help.

use hw_mpu401::Counters as CardCounters;
use portcls_emulator::trace::WaitEnd;
use portcls_emulator::{Kernel, NtStatus, Progress};
use portcls_midi_file::Song;

use crate::cable::Feeding;
use crate::error::MachineError;
use crate::machine::Machine;
use crate::patience::{CLOSE_AFTER_IDLE_NS, PATIENCE_WORDS, Patience};
use crate::pin_client::{PinClient, Received};

/// Read requests in flight at once.
const READS_IN_FLIGHT: usize = 4;

/// When a read request comes back without bytes, the application waits for this time, in ns, before
/// it sends the request again. Without the wait the clock could stand still, if a driver fails each
/// request at once.
const READ_AGAIN_NS: u64 = 1_000_000;

/// The application stops reading after this many bytes more than the song has, because a driver may
/// produce bytes without end.
/// Assumed: no good run has this many bytes more, and the report of a bad run needs no further
/// bytes.
const SURPLUS_LIMIT_BYTES: usize = 65_536;

/// Queues read requests up to [`READS_IN_FLIGHT`].
///
/// # Errors
/// The errors of [`PinClient::queue_read`].
pub(crate) fn queue_reads(pin: &PinClient<'_>) -> Result<(), MachineError> {
    for _ in pin.in_flight()..READS_IN_FLIGHT {
        pin.queue_read()?;
    }
    Ok(())
}

/// Sends the song into MIDI IN and reads until the song is over. The caller has queued read
/// requests already.
///
/// # Errors
/// [`MachineError::Stopped`], with a hang when bytes wait in the card or on the cable and nothing
/// moves. Also the errors of [`queue_reads`]. After an error `received` and `statuses`
/// have what came before the error.
pub(crate) fn listen(
    machine: &Machine,
    song: &Song,
    pin: &PinClient<'_>,
    received: &mut Vec<Received>,
    statuses: &mut Vec<NtStatus>,
) -> Result<(), MachineError> {
    let most_bytes = song.byte_count().saturating_add(SURPLUS_LIMIT_BYTES);
    let feeding = machine.cable().send_song(song.clone());
    let mut read_bytes = 0;
    let mut quiet_since_ns = machine.now_ns();
    let mut patience = Patience::new(machine.now_ns(), reached(machine, read_bytes));
    while read_bytes < most_bytes {
        let limit_ns = machine.now_ns() + CLOSE_AFTER_IDLE_NS;
        let waited = machine.run(|kernel: &Kernel| {
            kernel.run_while(limit_ns, || pin.in_flight() == READS_IN_FLIGHT)
        })?;
        if waited == Progress::Idle && machine.now_ns() < limit_ns {
            // Nothing can happen any more without outside help.
            if !machine.cable().is_in_empty() {
                machine.run(|kernel| kernel.hang(&what_waits(machine, &feeding)))?;
            }
            machine.run(|kernel| kernel.run_until(limit_ns))?;
        }
        let known = received.len();
        pin.append_completed(statuses, received);
        let new_bytes = received[known..].iter().map(|chunk| chunk.bytes.len()).sum::<usize>();
        if new_bytes > 0 {
            quiet_since_ns = machine.now_ns();
        } else if pin.in_flight() < READS_IN_FLIGHT {
            machine.run_for_ns(READ_AGAIN_NS)?;
        }
        read_bytes += new_bytes;
        queue_reads(pin)?;
        let now_ns = machine.now_ns();
        if feeding.is_pausing(now_ns) {
            patience = Patience::new(now_ns, reached(machine, read_bytes));
        } else if !machine.cable().is_in_empty() || !feeding.is_done() {
            if patience.is_over(now_ns, reached(machine, read_bytes)) {
                let waits_for = what_waits(machine, &feeding);
                machine.run(|kernel| kernel.hang_at_limit(&waits_for, PATIENCE_WORDS))?;
            }
        } else if now_ns >= quiet_since_ns + CLOSE_AFTER_IDLE_NS {
            pin.record_wait("silence on MIDI IN", WaitEnd::Over, now_ns - quiet_since_ns)?;
            break;
        }
    }
    Ok(())
}

/// How far a song has come: the bytes that arrived, the bytes that the driver read, and the bytes
/// that the application read. None of these three numbers grows without end, so a wait that goes on
/// only while one of them grows comes to an end.
fn reached(machine: &Machine, read_bytes: usize) -> (u64, u64, usize) {
    let CardCounters { received, delivered, .. } = machine.card_counters();
    // The driver also reads the bytes that a unit inserts between the bytes from the cable, perhaps
    // without end. So at most the number of received bytes counts as read.
    (received, delivered.min(received), read_bytes)
}

/// What a capture waits for, in words.
fn what_waits(machine: &Machine, feeding: &Feeding) -> String {
    if !feeding.is_done() {
        return "MIDI IN to take the rest of the song".to_owned();
    }
    let waiting = machine.cable().waiting_in_bytes();
    let plural = if waiting == 1 { "" } else { "s" };
    format!("the driver to read {waiting} byte{plural} that came in")
}

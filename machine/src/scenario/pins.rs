//! The pins that a scenario opens.
//!
//! This file owns the requests that stay in flight while the steps go on, and their results.

use std::sync::Arc;

use portcls_emulator::{NtStatus, Progress};
use portcls_midi_file::Song;

use super::plan::Refill;
use crate::error::MachineError;
use crate::machine::Machine;
use crate::midi_pin::PinUse;
use crate::noted_bytes::hex;
use crate::pin_client::{PinClient, Received};
use crate::pin_records::RecordPacker;
use crate::record_buffer::{Position, RecordBuffer};

/// At most this number of write requests of a file are in flight at once.
const WRITES_IN_FLIGHT: usize = 4;

/// A song that is being written to the pin.
struct Playing {
    song: Arc<Song>,
    position: Position,
    next: Option<RecordBuffer>,
}

/// A pin of the scenario, and the results of its requests.
pub(super) struct Pin<'m> {
    pin_use: PinUse,

    /// `None` before the pin is opened and after it is closed.
    client: Option<PinClient<'m>>,
    /// How many read requests the pin keeps in flight.
    reads: usize,
    playing: Option<Playing>,

    pub received: Vec<Received>,
    pub statuses: Vec<NtStatus>,
    /// How many requests were in flight after the last [`Pin::serve`].
    in_flight: usize,
    /// How many bytes the read steps have waited for.
    pub awaited: usize,
}

impl<'m> Pin<'m> {
    pub fn new(pin_use: PinUse) -> Pin<'m> {
        Pin {
            pin_use,
            client: None,
            reads: 0,
            playing: None,
            received: Vec::new(),
            statuses: Vec::new(),
            in_flight: 0,
            awaited: 0,
        }
    }

    pub fn open(&mut self, client: PinClient<'m>) {
        self.client = Some(client);
        self.reads = 0;
        self.playing = None;
    }

    /// The open pin.
    ///
    /// # Errors
    /// The status that an application gets for an invalid handle, if the pin is not open because an
    /// earlier step could not open it.
    pub fn client(&self) -> Result<&PinClient<'m>, MachineError> {
        let status = NtStatus::INVALID_HANDLE;
        self.client.as_ref().ok_or(MachineError::Request { request: "using the pin", status })
    }

    pub fn close(&mut self) -> Result<(), MachineError> {
        self.reads = 0;
        self.playing = None;
        self.client()?;
        let Some(client) = self.client.take() else { return Ok(()) };
        // The close cancels the requests in flight. Their results are in the mailbox, which
        // outlives the client.
        let mailbox = client.mailbox();
        let closed = client.close();
        mailbox.append_completed(&mut self.statuses, &mut self.received);
        self.in_flight = 0;
        closed
    }

    /// The number of requests that are not complete.
    pub fn in_flight(&self) -> usize {
        self.client.as_ref().map_or(0, PinClient::in_flight)
    }

    pub fn received_bytes(&self) -> usize {
        self.received.iter().map(|chunk| chunk.bytes.len()).sum()
    }

    /// Queues read requests. With `refill`, the pin queues a new request for each one that
    /// completes with bytes.
    pub fn request(&mut self, count: u32, refill: Refill) -> Result<(), MachineError> {
        let client = self.client()?;
        for _ in 0..count {
            client.queue_read()?;
        }
        if refill == Refill::Yes {
            self.reads += count as usize;
        }
        Ok(())
    }

    /// Keeps at least this number of read requests in flight.
    pub fn keep_reading(&mut self, count: usize) -> Result<(), MachineError> {
        self.client()?;
        self.reads = self.reads.max(count);
        self.serve()
    }

    /// Writes messages as one buffer. The first message is due at the presentation time of the
    /// buffer.
    pub fn write(&self, messages: &[(u64, Vec<u8>)]) -> Result<(), MachineError> {
        let client = self.client()?;
        let (format, first_ns) = (client.format(), messages[0].0);
        let sizes = messages.iter().map(|(_, bytes)| format.record_size(bytes.len()));
        let mut records = vec![0; sizes.sum()];
        let mut packer = RecordPacker::new(format, &mut records);
        for (at_ns, bytes) in messages {
            packer.push(at_ns - first_ns, bytes);
        }
        let used = packer.data_used();
        records.truncate(used);
        let bytes: Vec<u8> = messages.iter().flat_map(|(_, bytes)| bytes.clone()).collect();
        let note = note(messages.len(), &bytes);
        let start_100ns = i64::try_from(first_ns.div_ceil(100)).unwrap_or(i64::MAX);
        client.write_records(Some(start_100ns), records, &note)
    }

    /// Begins to write a song: sends the first buffers now, and the others while time passes.
    pub fn play(&mut self, song: &Arc<Song>) -> Result<(), MachineError> {
        let format = self.client()?.format();
        let mut position = Position::default();
        let next = RecordBuffer::next(song, &mut position, format);
        self.playing = Some(Playing { song: Arc::clone(song), position, next });
        self.serve()
    }

    /// True while a song is not written to its end, or while a write is not complete.
    pub fn is_playing(&self) -> bool {
        self.playing.is_some() || (self.pin_use == PinUse::Render && self.in_flight() > 0)
    }

    /// Takes completed requests, and sends no new requests.
    pub fn take(&mut self) {
        if let Some(client) = &self.client {
            client.mailbox().append_completed(&mut self.statuses, &mut self.received);
        }
    }

    /// Takes completed requests, and sends the next ones. For a read that got no bytes, the pin
    /// sends no new read: if the port completed each read at once without bytes, time would stand
    /// still.
    pub fn serve(&mut self) -> Result<(), MachineError> {
        let Some(client) = &self.client else { return Ok(()) };
        let (known, bytes) = (self.statuses.len(), self.received.len());
        client.mailbox().append_completed(&mut self.statuses, &mut self.received);
        let empty = (self.statuses.len() - known).saturating_sub(self.received.len() - bytes);
        self.reads = self.reads.saturating_sub(empty);
        for _ in client.in_flight()..self.reads {
            client.queue_read()?;
        }
        if let Some(playing) = &mut self.playing {
            while client.in_flight() < WRITES_IN_FLIGHT
                && let Some(buffer) = playing.next.take()
            {
                let words = note(buffer.messages, &buffer.data);
                client.write_records(Some(buffer.start_100ns), buffer.records, &words)?;
                let Playing { song, position, next } = playing;
                *next = RecordBuffer::next(song, position, client.format());
            }
            if playing.next.is_none() {
                self.playing = None;
            }
        }
        self.in_flight = client.in_flight();
        Ok(())
    }

    /// True when a request was completed or sent after the last [`Pin::serve`], and the pin may
    /// have to send another one.
    fn has_news(&self) -> bool {
        (self.reads > 0 || self.playing.is_some()) && self.in_flight() != self.in_flight
    }
}

/// The note in the trace for a write.
fn note(messages: usize, bytes: &[u8]) -> String {
    let plural = if messages == 1 { "" } else { "s" };
    format!("write {messages} message{plural}: {}", hex(bytes))
}

/// Lets time pass until `limit_ns` or until `is_over`, and serves the pins meanwhile. Returns the
/// last result of `is_over`.
pub(super) fn pass(
    machine: &Machine,
    pins: &mut [Pin<'_>],
    limit_ns: u64,
    is_over: impl Fn(&[Pin<'_>]) -> bool,
) -> Result<bool, MachineError> {
    loop {
        pins.iter_mut().try_for_each(Pin::serve)?;
        if is_over(pins) {
            return Ok(true);
        }
        if machine.now_ns() >= limit_ns {
            return Ok(false);
        }
        let goes_on = || !pins.iter().any(Pin::has_news) && !is_over(pins);
        let progress = machine.run(|kernel| kernel.run_while(limit_ns, goes_on))?;
        if progress == Progress::Idle {
            // Without outside help, nothing happens before the limit.
            machine.run(|kernel| kernel.run_until(limit_ns))?;
        }
    }
}

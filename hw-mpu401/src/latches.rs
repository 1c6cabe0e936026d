//! The two latches between host and unit, and the unit's bytes in hand.
//!
//! The host fills the first latch and reads the second. The unit takes bytes from the first latch,
//! and has up to three bytes in hand for the second. The bytes in hand are a reply, an entry of the
//! receive FIFO that an ACK has displaced from DATA, and the next entry of the FIFO. The value of
//! STATUS is always ready for a read, because drivers read STATUS more often than anything else.
//!
//! Nothing here looks at a clock: the caller gives the time. This file does not know what a byte
//! means to the card. `host_port` knows the meaning for an access, and `firmware` for the unit.

use crate::input::Entry;
use crate::note::Note;
use crate::reply::{Reply, ReplyKind};
use crate::spec::{OPEN_BUS, Status};
use crate::timing::NEVER_NS;

/// What the latch from the host holds.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Inbox {
    Empty,
    Data,
    Command,
}

/// What the latch to the host holds.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outbox {
    Empty,
    Reply(ReplyKind),
    Midi,
}

impl Outbox {
    const fn of(entry: Entry) -> Self {
        match entry.reply {
            Some(kind) => Self::Reply(kind),
            None => Self::Midi,
        }
    }
}

/// An entry of the receive FIFO that the unit holds for the host.
#[derive(Clone, Copy)]
pub(crate) struct Incoming {
    pub(crate) entry: Entry,
    pub(crate) ready_ns: u64,
}

/// What the unit puts into the latch to the host next.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Gift {
    Reply,
    Input,
}

/// A read of STATUS: its value and its note.
#[derive(Clone, Copy)]
struct View {
    status: u8,
    note: Note,
}

impl View {
    const fn on_status(status: u8) -> Self {
        Self { status, note: Note::on_status(status) }
    }
}

/// The latches. Nearly every access touches only the fields up to `note`. The chip keeps these
/// fields in one cache line.
#[derive(Clone)]
#[repr(C)]
pub(crate) struct HostLatches {
    status_reads: u64,
    /// When data bytes can stream again; [`NEVER_NS`] if data bytes cannot stream. Until that time
    /// the last byte is in the latch, or the FIFO is full.
    open_from_ns: u64,
    /// When the host filled the latch from the host. For a command that waits for the byte on MIDI
    /// OUT, this is the end of that byte.
    written_ns: u64,
    /// When the host last emptied the latch to the host.
    emptied_ns: u64,
    /// What a read of STATUS gives: the first view from `open_from_ns` on, the second view before
    /// that time.
    views: [View; 2],
    inbox: Inbox,
    inbox_byte: u8,
    outbox: Outbox,
    outbox_byte: u8,
    /// The note on the last access.
    note: Note,
    /// The last MIDI IN byte that was in the latch to the host.
    last_input: u8,
    /// The ACK, answer or request that is on its way.
    reply: Option<Reply>,
    /// The entry of the receive FIFO that an ACK has displaced from DATA.
    displaced: Option<Entry>,
    /// The entry of the receive FIFO that comes next.
    incoming: Option<Incoming>,
}

/// Bytes of [`HostLatches`] that nearly every access touches.
pub(crate) const HOT_BYTES: usize = core::mem::offset_of!(HostLatches, note) + 1;

// What the host's accesses do.
impl HostLatches {
    /// Empty latches. `stale` is the byte that a read of DATA nevertheless returns: the last byte
    /// that was in DATA, and also the last MIDI IN byte.
    pub(crate) const fn new(stale: u8) -> Self {
        Self {
            status_reads: 0,
            open_from_ns: NEVER_NS,
            written_ns: 0,
            emptied_ns: 0,
            views: [View::on_status(0); 2],
            inbox: Inbox::Empty,
            inbox_byte: 0,
            outbox: Outbox::Empty,
            outbox_byte: stale,
            note: Note::CanWriteNoData,
            last_input: stale,
            reply: None,
            displaced: None,
            incoming: None,
        }
    }

    /// A read of STATUS by the host.
    #[inline(always)]
    pub(crate) fn read_status(&mut self, now_ns: u64) -> u8 {
        let view = self.view(now_ns);
        self.status_reads += 1;
        // Measured: on a Zen 3 a poll takes 1.0 ns with this check, and 1.6 ns with a write at
        // each poll.
        if self.note != view.note {
            self.note = view.note;
        }
        view.status
    }

    /// STATUS as a read would find it.
    #[inline(always)]
    pub(crate) fn status(&self, now_ns: u64) -> u8 {
        self.view(now_ns).status
    }

    #[inline(always)]
    fn view(&self, now_ns: u64) -> View {
        self.views[usize::from(now_ns < self.open_from_ns)]
    }

    /// How often STATUS was read.
    pub(crate) fn status_reads(&self) -> u64 {
        self.status_reads
    }

    /// Sets what STATUS shows. In a stream DRR is also set until `open_from_ns`.
    pub(crate) fn show(&mut self, status: u8) {
        let busy = if self.is_open() { Status::DRR.bits() } else { 0 };
        self.views = [View::on_status(status), View::on_status(status | busy)];
    }

    /// Lets STATUS show that no card answers.
    pub(crate) fn show_no_answer(&mut self) {
        self.views = [View { status: OPEN_BUS, note: Note::NoAnswer }; 2];
    }

    /// The note on the last access.
    #[inline]
    pub(crate) fn note(&self) -> Note {
        self.note
    }

    /// Keeps the note on an access.
    #[inline(always)]
    pub(crate) fn remark(&mut self, note: Note) {
        self.note = note;
    }

    /// Sets the note that a read of STATUS would give. The chip calls this method before its first
    /// access.
    pub(crate) fn remark_status(&mut self) {
        self.note = self.views[0].note;
    }

    /// A write by the host into the empty latch. The unit sees the byte from `seen_ns` on.
    pub(crate) fn fill(&mut self, content: Inbox, byte: u8, seen_ns: u64) {
        self.overwrite(content, byte);
        self.written_ns = seen_ns;
    }

    /// A write by the host while a byte is in the latch. `written_ns` does not change: the time
    /// until the unit takes a byte counts from the write that filled the latch.
    pub(crate) fn overwrite(&mut self, content: Inbox, byte: u8) {
        self.inbox = content;
        self.inbox_byte = byte;
    }

    /// A read of DATA by the host: returns what the latch held, and its byte. The byte can be read
    /// again.
    pub(crate) fn read(&mut self, now_ns: u64) -> (Outbox, u8) {
        let content = core::mem::replace(&mut self.outbox, Outbox::Empty);
        if content != Outbox::Empty {
            self.emptied_ns = now_ns;
        }
        (content, self.outbox_byte)
    }
}

// The stream of data bytes. In a stream the state of the latch follows from the time.
impl HostLatches {
    /// When data bytes can stream; [`NEVER_NS`] if data bytes cannot stream.
    #[inline(always)]
    pub(crate) fn open_from_ns(&self) -> u64 {
        self.open_from_ns
    }

    /// Lets data bytes stream from `time_ns` on.
    #[inline(always)]
    pub(crate) fn open_from(&mut self, time_ns: u64) {
        self.open_from_ns = time_ns;
    }

    /// Whether data bytes can stream, now or later.
    pub(crate) fn is_open(&self) -> bool {
        self.open_from_ns != NEVER_NS
    }

    /// Ends the streaming of data bytes, and returns the time from which a byte could have
    /// streamed; `None` if no byte could stream.
    pub(crate) fn close(&mut self) -> Option<u64> {
        let open_from_ns = core::mem::replace(&mut self.open_from_ns, NEVER_NS);
        (open_from_ns != NEVER_NS).then_some(open_from_ns)
    }

    /// Puts back a data byte that has streamed but was not taken.
    pub(crate) fn put_back(&mut self, byte: u8, written_ns: u64) {
        self.fill(Inbox::Data, byte, written_ns);
    }
}

// What the unit does with the latches.
impl HostLatches {
    /// What the latch from the host holds.
    pub(crate) fn inbox(&self) -> Inbox {
        self.inbox
    }

    /// The byte in the latch from the host, or the last byte that was in it.
    pub(crate) fn inbox_byte(&self) -> u8 {
        self.inbox_byte
    }

    /// When the host filled the latch from the host, as the unit sees it.
    pub(crate) fn written_ns(&self) -> u64 {
        self.written_ns
    }

    /// What the latch to the host holds.
    #[inline]
    pub(crate) fn outbox(&self) -> Outbox {
        self.outbox
    }

    /// The byte in the latch to the host, or the last byte that was in it.
    pub(crate) fn outbox_byte(&self) -> u8 {
        self.outbox_byte
    }

    /// The last MIDI IN byte that was in the latch to the host.
    pub(crate) fn last_input(&self) -> u8 {
        self.last_input
    }

    /// The reply that is on its way.
    pub(crate) fn reply_on_its_way(&self) -> Option<Reply> {
        self.reply
    }

    /// Takes the host's byte.
    pub(crate) fn take(&mut self) -> (Inbox, u8) {
        (core::mem::replace(&mut self.inbox, Inbox::Empty), self.inbox_byte)
    }

    /// Makes this the reply on its way. Behind a mailbox or a FIFO no other reply is on its way,
    /// because the unit takes no command while it has a reply in hand.
    pub(crate) fn reply(&mut self, reply: Reply) {
        self.reply = Some(reply);
    }

    /// Whether a reply is on its way.
    pub(crate) fn is_replying(&self) -> bool {
        self.reply.is_some()
    }

    /// Delays the reply, if one is on its way.
    pub(crate) fn delay_reply(&mut self, by_ns: u64) {
        if let Some(reply) = &mut self.reply {
            reply.ready_ns = reply.ready_ns.saturating_add(by_ns);
        }
    }

    /// Whether the host has an ACK to read.
    pub(crate) fn has_unread_ack(&self) -> bool {
        matches!(self.outbox, Outbox::Reply(ReplyKind::Ack | ReplyKind::QuietAck))
    }

    /// Takes the unread byte out of DATA. The caller knows that the byte is an entry of the receive
    /// FIFO. The byte comes back after the reply.
    pub(crate) fn displace(&mut self) {
        self.displaced = self.take_latched();
    }

    /// Takes the unread byte out of DATA.
    pub(crate) fn take_latched(&mut self) -> Option<Entry> {
        let reply = match core::mem::replace(&mut self.outbox, Outbox::Empty) {
            Outbox::Empty => return None,
            Outbox::Reply(kind) => Some(kind),
            Outbox::Midi => None,
        };
        Some(Entry { byte: self.outbox_byte, reply })
    }

    /// Keeps the next entry of the receive FIFO in hand.
    pub(crate) fn hold(&mut self, incoming: Incoming) {
        self.incoming = Some(incoming);
    }

    /// Whether the next entry of the receive FIFO is in hand.
    pub(crate) fn holds_incoming(&self) -> bool {
        self.incoming.is_some()
    }

    /// Whether a byte is in hand.
    pub(crate) fn holds_byte(&self) -> bool {
        self.reply.is_some() || self.displaced.is_some() || self.incoming.is_some()
    }

    /// What goes into the latch next, and when. `None` while the host has a byte to read, or when
    /// there is nothing to give. `next_byte_ns` is the time from a read of DATA to the next entry
    /// of the receive FIFO.
    pub(crate) fn next_gift(&self, next_byte_ns: u64) -> Option<(Gift, u64)> {
        if self.outbox != Outbox::Empty {
            return None;
        }
        let (gift, ready_ns, pause_ns) = if let Some(reply) = self.reply {
            (Gift::Reply, reply.ready_ns, reply.pause_ns)
        } else if self.displaced.is_some() {
            (Gift::Input, 0, next_byte_ns)
        } else if let Some(incoming) = self.incoming {
            (Gift::Input, incoming.ready_ns, next_byte_ns)
        } else {
            return None;
        };
        Some((gift, ready_ns.max(self.emptied_ns.saturating_add(pause_ns))))
    }

    /// Takes the reply that is in hand.
    pub(crate) fn take_reply(&mut self) -> Option<Reply> {
        self.reply.take()
    }

    /// Puts a byte into the latch.
    pub(crate) fn give(&mut self, entry: Entry) {
        self.outbox = Outbox::of(entry);
        self.outbox_byte = entry.byte;
        if self.outbox == Outbox::Midi {
            self.last_input = entry.byte;
        }
    }

    /// Takes the oldest entry of the receive FIFO that is in hand.
    pub(crate) fn take_in_hand(&mut self) -> Option<Entry> {
        self.displaced.take().or_else(|| self.incoming.take().map(|incoming| incoming.entry))
    }

    /// Drops the MIDI IN bytes in hand.
    pub(crate) fn clear_midi_in_hand(&mut self) {
        self.displaced = self.displaced.filter(|entry| entry.reply.is_some());
        self.incoming = self.incoming.filter(|incoming| incoming.entry.reply.is_some());
    }

    /// The entries of the receive FIFO that are in hand.
    pub(crate) fn in_hand(&self) -> impl Iterator<Item = Entry> {
        self.displaced.into_iter().chain(self.incoming.map(|incoming| incoming.entry))
    }
}

//! The MIDI cable with both ends: it hears MIDI OUT and sends into MIDI IN.

use std::cell::Cell;
use std::rc::Rc;

use hw_mpu401::{BYTE_TIME_NS, MIDI_IN_LIMIT};
use portcls_emulator::{DeviceId, Kernel};
use portcls_midi_file::Song;

use crate::card_device::{Card, CardPower};
use crate::card_faults::send_into;

/// What is at the other end of MIDI IN.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Sender {
    /// A sender that does as the standard says.
    #[default]
    Sound,
    /// A sender whose bytes have a space in the place of their stop bit: framing errors.
    WithoutStop,
    /// A sender at another speed, in bits per second: one of
    /// [`LINE_SPEEDS`](hw_mpu401::LINE_SPEEDS).
    AtSpeed(u32),
}

/// The cables at a card's two sockets.
pub struct Cable {
    kernel: Kernel,
    card: Card,
    device: DeviceId,
}

/// A song on its way into MIDI IN.
struct Feed {
    song: Song,
    sender: Sender,
    start_ns: u64,
    card: Card,
    device: DeviceId,
    /// The index of the next message, and of the next byte in that message.
    next: Cell<(usize, usize)>,
    done: Cell<bool>,
}

/// A song that is being sent into MIDI IN.
pub struct Feeding(Rc<Feed>);

impl Feeding {
    /// True when every byte has been put on the cable, even if the last byte has not arrived yet.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.0.done.get()
    }

    /// True when the next message of the song is not due yet at this time.
    pub(crate) fn is_pausing(&self, now_ns: u64) -> bool {
        let (index, _) = self.0.next.get();
        let next = self.0.song.get(index);
        next.is_some_and(|message| self.0.start_ns.saturating_add(message.due_ns) > now_ns)
    }
}

impl Cable {
    pub(crate) fn new(kernel: &Kernel, card: &Card, device: DeviceId) -> Cable {
        Cable { kernel: kernel.clone(), card: Rc::clone(card), device }
    }

    /// The bytes that have begun on MIDI OUT in this run, each with the time of its start bit in
    /// ns. The list has only the first bytes, at most [`SENT_LIMIT`] of them.
    /// [`Cable::unlisted_count`] counts the bytes after these.
    ///
    /// [`SENT_LIMIT`]: crate::SENT_LIMIT
    #[must_use]
    pub fn sent(&self) -> Vec<(u64, u8)> {
        self.card.borrow().sent.listed().to_vec()
    }

    /// The bytes of [`Cable::sent`], without their times.
    #[must_use]
    pub fn sent_bytes(&self) -> Vec<u8> {
        self.card.borrow().sent.listed().iter().map(|&(_, byte)| byte).collect()
    }

    /// The number of bytes in the list of [`Cable::sent`].
    #[must_use]
    pub fn sent_count(&self) -> usize {
        self.card.borrow().sent.listed().len()
    }

    /// How many bytes have begun on MIDI OUT after the list was full.
    #[must_use]
    pub fn unlisted_count(&self) -> u64 {
        self.card.borrow().sent.unlisted()
    }

    /// Replaces the list by an empty one that takes up to `limit` bytes.
    #[cfg(test)]
    pub(crate) fn limit_list(&self, limit: usize) {
        self.card.borrow_mut().sent = crate::sent::SentBytes::with_limit(limit);
    }

    /// True when all bytes written to the card have left on MIDI OUT, or the card has no power, and
    /// the line has been idle for `time_ns`.
    #[must_use]
    pub fn is_idle_for(&self, time_ns: u64) -> bool {
        let card = self.card.borrow();
        let on_the_way = card.faults.as_ref().is_some_and(|faults| !faults.is_empty());
        let is_idle = card.power == CardPower::Off || (card.chip.is_idle() && !on_the_way);
        is_idle && self.kernel.now_ns() >= card.out_idle_since_ns + time_ns
    }

    /// When MIDI OUT became idle last, in ns; 0 if nothing was sent yet.
    pub(crate) fn idle_since_ns(&self) -> u64 {
        self.card.borrow().out_idle_since_ns
    }

    /// True when no byte is on its way into MIDI IN and the driver has read all bytes that arrived,
    /// and also when the card has no power.
    #[must_use]
    pub fn is_in_empty(&self) -> bool {
        self.waiting_in_bytes() == 0
    }

    /// How many bytes are on their way into MIDI IN, or in the card and not read by the driver; 0
    /// for a card without power.
    #[must_use]
    pub fn waiting_in_bytes(&self) -> usize {
        let card = self.card.borrow();
        let waiting = card.chip.waiting();
        if card.power == CardPower::Off { 0 } else { waiting.cable + waiting.input }
    }

    /// Sends bytes into MIDI IN back to back. The first start bit is now, or as soon as the line is
    /// free.
    ///
    /// The cable holds 4 096 bytes at once. Further bytes are lost, and the chip counts the lost
    /// bytes.
    pub fn send(&self, bytes: &[u8]) {
        self.send_as(Sender::Sound, bytes);
    }

    /// Sends bytes as [`Cable::send`] does, from this sender.
    pub fn send_as(&self, sender: Sender, bytes: &[u8]) {
        let now_ns = self.kernel.now_ns();
        let mut card = self.card.borrow_mut();
        card.chip.advance(now_ns);
        for &byte in bytes {
            send_into(&self.kernel, &mut card.chip, now_ns, sender, byte);
        }
        drop(card);
        self.kernel.touch_device(self.device);
    }

    /// Sends a song into MIDI IN at the times of its messages; time zero is now. A message that is
    /// due while the line is busy begins as soon as the line is free.
    pub fn send_song(&self, song: Song) -> Feeding {
        self.send_song_as(Sender::Sound, song)
    }

    /// Sends a song as [`Cable::send_song`] does, from this sender.
    pub fn send_song_as(&self, sender: Sender, song: Song) -> Feeding {
        let feed = Rc::new(Feed {
            song,
            sender,
            start_ns: self.kernel.now_ns(),
            card: Rc::clone(&self.card),
            device: self.device,
            next: Cell::new((0, 0)),
            done: Cell::new(false),
        });
        feed_from(&self.kernel, &feed);
        Feeding(feed)
    }
}

/// The most bytes that a feed lets wait on the cable: half of what the cable can hold.
const FEED_AHEAD: usize = MIDI_IN_LIMIT / 2;

/// Puts due messages on the cable while there is room. Calls itself later for the other messages.
fn feed_from(kernel: &Kernel, feed: &Rc<Feed>) {
    let now_ns = kernel.now_ns();
    let mut card = feed.card.borrow_mut();
    card.chip.advance(now_ns);
    let again_ns = loop {
        let (index, offset) = feed.next.get();
        let Some(message) = feed.song.get(index) else { break None };
        let due_ns = feed.start_ns.saturating_add(message.due_ns);
        if due_ns > now_ns {
            break Some(due_ns);
        }
        let rest = &message.bytes[offset..];
        let room = FEED_AHEAD.saturating_sub(card.chip.waiting().cable).min(rest.len());
        for &byte in &rest[..room] {
            send_into(kernel, &mut card.chip, due_ns, feed.sender, byte);
        }
        if room < rest.len() {
            feed.next.set((index, offset + room));
            break Some(now_ns + FEED_AHEAD as u64 / 2 * BYTE_TIME_NS);
        }
        feed.next.set((index + 1, 0));
    };
    drop(card);
    kernel.touch_device(feed.device);
    match again_ns {
        None => feed.done.set(true),
        Some(time_ns) => {
            let feed = Rc::clone(feed);
            kernel.at(time_ns, move |kernel| feed_from(kernel, &feed));
        }
    }
}

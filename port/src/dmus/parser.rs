//! The parser: MIDI bytes, cut anywhere, into whole messages.
//!
//! This file owns the running status and the open message: the message that is not whole yet. A
//! byte comes out in a message, or as a raw byte when it belongs to no message. Only a reset loses
//! bytes. This file never knows an event, a clock or a direction.
//!
//! Source: MIDI 1.0 Detailed Specification: running status; real-time messages anywhere; any other
//! status byte ends a system exclusive message.

use super::allocator::BUFFER_SIZE;

/// The parser gives out at most this number of bytes of a system exclusive message as one piece.
const PIECE_LIMIT: usize = BUFFER_SIZE as usize;

/// The kind of a piece that the parser gives out.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Piece {
    /// A whole message with its status byte, even when the sender left that byte out; or the last
    /// part of a system exclusive message that came out in parts.
    Whole,
    /// A part of a system exclusive message, or bytes that belong to no whole message.
    Raw,
}

/// The time and the channel group that came with bytes. A piece has the stamp of its first byte.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub(super) struct Stamp {
    pub time_100ns: i64,
    pub channel_group: u16,
}

/// The parser, with its state between two calls of [`feed`](Self::feed).
#[derive(Default)]
pub(super) struct Parser {
    /// The running status: the status byte that the next message may leave out; 0 when there is no
    /// running status.
    running: u8,
    /// The bytes of the open message that the parser has not given out yet. At the beginning of a
    /// message the status byte comes first, even when the sender left it out.
    open: Vec<u8>,
    /// How many bytes the open message has in all; 0 while no message is open, and for a system
    /// exclusive message.
    wanted: usize,
    in_exclusive: bool,
    /// The open message began with a data byte, by running status.
    is_running: bool,
    stamp: Stamp,
}

impl Parser {
    /// Forgets the open message and the running status.
    pub fn reset(&mut self) {
        *self = Parser { open: std::mem::take(&mut self.open), ..Parser::default() };
        self.open.clear();
    }

    /// Takes bytes that have one stamp, and gives out each piece when it is whole.
    #[inline]
    pub fn feed(&mut self, stamp: Stamp, bytes: &[u8], give: &mut impl FnMut(Stamp, Piece, &[u8])) {
        let mut rest = bytes;
        while let Some((first, others)) = rest.split_first() {
            // Nearly all messages come whole. The parser gives them out without a copy.
            match self.whole_message(rest) {
                Some((message, behind)) => {
                    self.running = *first;
                    give(stamp, Piece::Whole, message);
                    rest = behind;
                }
                None => {
                    self.feed_byte(stamp, *first, give);
                    rest = others;
                }
            }
        }
    }

    /// Splits bytes that begin with a whole channel message, status byte included, after that
    /// message. `None` when the bytes do not begin with such a message, or while a message is open.
    fn whole_message<'a>(&self, bytes: &'a [u8]) -> Option<(&'a [u8], &'a [u8])> {
        let status = bytes.first().filter(|byte| (0x80..0xF0).contains(*byte))?;
        if self.in_exclusive || self.wanted > 0 {
            return None;
        }
        let (message, others) = bytes.split_at_checked(channel_length(*status))?;
        message[1..].iter().all(|data| *data < 0x80).then_some((message, others))
    }

    /// Takes one byte where no whole channel message with its status byte can be taken at once.
    #[inline(never)]
    fn feed_byte(&mut self, stamp: Stamp, byte: u8, give: &mut impl FnMut(Stamp, Piece, &[u8])) {
        match byte {
            0xF8.. => give(stamp, Piece::Whole, &[byte]),
            0x80.. => self.status(stamp, byte, give),
            _ => self.data(stamp, byte, give),
        }
    }

    /// Gives out the bytes of an open system exclusive message. The message may go on afterwards.
    pub fn flush(&mut self, give: &mut impl FnMut(Stamp, Piece, &[u8])) {
        if self.in_exclusive && !self.open.is_empty() {
            give(self.stamp, Piece::Raw, &self.open);
            self.open.clear();
        }
    }

    fn status(&mut self, stamp: Stamp, byte: u8, give: &mut impl FnMut(Stamp, Piece, &[u8])) {
        if byte == 0xF7 && self.in_exclusive {
            self.exclusive(stamp, byte, give);
            self.close(Piece::Whole, give);
            return;
        }
        // This byte cuts off the open message, if a message is open.
        self.close_raw(give);
        self.running = if byte < 0xF0 { byte } else { 0 };
        if byte == 0xF0 {
            self.in_exclusive = true;
            self.exclusive(stamp, byte, give);
            return;
        }
        match length_of(byte) {
            0 => give(stamp, Piece::Raw, &[byte]),
            1 => give(stamp, Piece::Whole, &[byte]),
            length => self.begin(stamp, byte, length),
        }
    }

    fn data(&mut self, stamp: Stamp, byte: u8, give: &mut impl FnMut(Stamp, Piece, &[u8])) {
        if self.in_exclusive {
            self.exclusive(stamp, byte, give);
            return;
        }
        if self.wanted == 0 {
            if self.running == 0 {
                give(stamp, Piece::Raw, &[byte]);
                return;
            }
            self.begin(stamp, self.running, length_of(self.running));
            self.is_running = true;
        }
        self.open.push(byte);
        if self.open.len() == self.wanted {
            self.close(Piece::Whole, give);
        }
    }

    /// Appends a byte of a system exclusive message. If the open piece is full, gives it out first.
    fn exclusive(&mut self, stamp: Stamp, byte: u8, give: &mut impl FnMut(Stamp, Piece, &[u8])) {
        if self.open.len() == PIECE_LIMIT {
            self.flush(give);
        }
        if self.open.is_empty() {
            self.stamp = stamp;
        }
        self.open.push(byte);
    }

    fn begin(&mut self, stamp: Stamp, status: u8, length: usize) {
        self.stamp = stamp;
        self.wanted = length;
        self.is_running = false;
        self.open.clear();
        self.open.push(status);
    }

    /// Gives out the open message, whole or not. Afterwards no message is open.
    fn close(&mut self, piece: Piece, give: &mut impl FnMut(Stamp, Piece, &[u8])) {
        // If the sender left out the status byte, the parser does not give it out as a raw byte.
        let unsent = usize::from(piece == Piece::Raw && self.is_running);
        if self.open.len() > unsent {
            give(self.stamp, piece, &self.open[unsent..]);
        }
        self.open.clear();
        self.wanted = 0;
        self.in_exclusive = false;
        self.is_running = false;
    }

    fn close_raw(&mut self, give: &mut impl FnMut(Stamp, Piece, &[u8])) {
        if self.in_exclusive || self.wanted > 0 {
            self.close(Piece::Raw, give);
        }
    }
}

/// True for the bytes of one whole message.
pub(super) fn is_whole(bytes: &[u8]) -> bool {
    match bytes {
        [0xF0, inner @ .., 0xF7] => inner.iter().all(|byte| *byte < 0x80),
        [status, data @ ..] if *status >= 0x80 => {
            length_of(*status) == bytes.len() && data.iter().all(|byte| *byte < 0x80)
        }
        _ => false,
    }
}

/// How many bytes a channel message with this status has.
fn channel_length(status: u8) -> usize {
    if matches!(status, 0xC0..=0xDF) { 2 } else { 3 }
}

/// How many bytes a message with this status has; 0 when the status does not give the number, or
/// when the byte is not a status.
pub(super) fn length_of(status: u8) -> usize {
    match status {
        0x80..=0xEF => channel_length(status),
        0xF1 | 0xF3 => 2,
        0xF2 => 3,
        // F4 and F5 are undefined. Assumed: they are messages of one byte.
        0xF4..=0xF6 | 0xF8..=0xFF => 1,
        _ => 0,
    }
}

#[cfg(test)]
mod tests;

//! MIDI messages: their lengths, and how their bytes become a message.

/// The number of data bytes after a status byte of a channel message.
pub(super) const fn data_bytes(status: u8) -> u8 {
    match status & 0xF0 {
        0xC0 | 0xD0 => 1,
        _ => 2,
    }
}

/// The number of data bytes after a system common status byte; `None` for exclusive.
pub(super) const fn common_data_bytes(status: u8) -> Option<u8> {
    match status {
        0xF0 => None,
        0xF1 | 0xF3 => Some(1),
        0xF2 => Some(2),
        _ => Some(0),
    }
}

/// A whole channel message, always with its status byte.
#[derive(Clone, Copy)]
pub(super) struct Message {
    bytes: [u8; 3],
}

/// The kinds of messages that the filters treat differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum MessageKind {
    /// Notes, programs, and controllers 64 to 119.
    Note,
    /// Bender, pressure of a key or a channel, and controllers 0 to 63. Assumed: the documents mean
    /// exactly these messages. They say only "bender and other continuous controllers".
    Bender,
    /// Controllers 120 to 127.
    Mode,
}

impl Message {
    pub(super) const fn new(status: u8, data: [u8; 2]) -> Self {
        Self { bytes: [status, data[0], data[1]] }
    }

    pub(super) const fn status(&self) -> u8 {
        self.bytes[0]
    }

    pub(super) const fn channel(&self) -> u8 {
        self.bytes[0] & 0x0F
    }

    pub(super) fn bytes(&self) -> &[u8] {
        let length = 1 + usize::from(data_bytes(self.status()));
        self.bytes.get(..length).unwrap_or_default()
    }

    pub(super) const fn kind(&self) -> MessageKind {
        match (self.bytes[0] & 0xF0, self.bytes[1]) {
            (0xA0 | 0xD0 | 0xE0, _) | (0xB0, 0..=0x3F) => MessageKind::Bender,
            (0xB0, 0x78..) => MessageKind::Mode,
            _ => MessageKind::Note,
        }
    }

    /// The key of a note message, and whether the note begins.
    pub(super) const fn note(&self) -> Option<(u8, bool)> {
        match self.bytes[0] & 0xF0 {
            0x80 => Some((self.bytes[1] & 0x7F, false)),
            0x90 => Some((self.bytes[1] & 0x7F, self.bytes[2] > 0)),
            _ => None,
        }
    }
}

/// A channel message that is put together byte by byte. After the message, the assembly keeps the
/// running status.
#[derive(Clone, Copy)]
pub(super) struct Assembly {
    /// The status byte that data bytes belong to; 0 for none.
    status: u8,
    data: [u8; 2],
    filled: u8,
    /// Whether the status byte came with this message.
    has_status: bool,
}

/// A message that has all its bytes.
pub(super) struct Assembled {
    pub(super) message: Message,
    /// Whether the message came with its status byte.
    pub(super) has_status: bool,
}

impl Assembly {
    pub(super) const EMPTY: Self = Self { status: 0, data: [0; 2], filled: 0, has_status: false };

    /// Begins a message with its status byte. Returns how many bytes of an incomplete message are
    /// lost.
    pub(super) fn begin(&mut self, status: u8) -> usize {
        let cut = self.held();
        *self = Self { status, has_status: true, ..Self::EMPTY };
        cut
    }

    /// Drops the message and the running status. Returns how many bytes of the message are lost.
    pub(super) fn cancel(&mut self) -> usize {
        let cut = self.held();
        *self = Self::EMPTY;
        cut
    }

    /// Drops the incomplete message, and keeps the running status.
    pub(super) fn rewind(&mut self) {
        self.filled = 0;
        self.has_status = false;
    }

    /// Bytes that wait for the rest of their message.
    pub(super) fn held(&self) -> usize {
        usize::from(self.filled) + usize::from(self.has_status)
    }

    /// Whether a data byte that comes now belongs to a message.
    pub(super) fn is_open(&self) -> bool {
        self.status != 0
    }

    /// Adds a data byte. Returns the message when all bytes of the message are there.
    pub(super) fn data(&mut self, byte: u8) -> Option<Assembled> {
        if let Some(slot) = self.data.get_mut(usize::from(self.filled)) {
            *slot = byte;
        }
        self.filled += 1;
        if self.filled < data_bytes(self.status) {
            return None;
        }
        let message = Message::new(self.status, self.data);
        let assembled = Assembled { message, has_status: self.has_status };
        self.data = [0; 2];
        self.rewind();
        Some(assembled)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;

    #[test]
    fn running_status_stands_for_the_status_byte() {
        let mut assembly = Assembly::EMPTY;
        assembly.begin(0x92);
        assert!(assembly.data(0x3C).is_none());
        let first = assembly.data(0x40).expect("whole");
        assert!(first.has_status);
        assert_eq!(first.message.bytes(), [0x92, 0x3C, 0x40]);
        assert!(assembly.data(0x3D).is_none());
        let second = assembly.data(0x00).expect("whole");
        assert!(!second.has_status);
        assert_eq!(second.message.bytes(), [0x92, 0x3D, 0x00]);
        assembly.begin(0xC2);
        assert_eq!(assembly.data(0x05).expect("whole").message.bytes(), [0xC2, 0x05]);
    }

    #[test]
    fn a_message_that_is_cut_off_is_counted() {
        let mut assembly = Assembly::EMPTY;
        assembly.begin(0x90);
        assembly.data(0x3C);
        assert_eq!(assembly.begin(0x80), 2);
        assert_eq!(assembly.cancel(), 1);
        assert!(!assembly.is_open());
    }

    #[test]
    fn kinds_are_told_by_status_and_controller() {
        let kinds: Vec<MessageKind> = [(0x90, 60), (0xC0, 1), (0xB0, 64), (0xB0, 7), (0xE0, 0)]
            .into_iter()
            .chain([(0xD0, 3), (0xB0, 0x7B)])
            .map(|(status, first)| Message::new(status, [first, 0]).kind())
            .collect();
        use MessageKind::{Bender, Mode, Note};
        assert_eq!(kinds, [Note, Note, Note, Bender, Bender, Bender, Mode]);
    }
}

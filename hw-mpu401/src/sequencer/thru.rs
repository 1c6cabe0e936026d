//! MIDI thru: messages from MIDI IN that leave on MIDI OUT a little later.

use crate::timing::NEVER_NS;

/// The most parts that wait for MIDI OUT. A part takes at least a byte time to come in. With the
/// measured `thru_ns` a part leaves the queue before two more parts have come.
const LIMIT: usize = 4;

/// A message, or a byte of an exclusive message.
#[derive(Clone, Copy)]
pub(super) struct Part {
    pub(super) due_ns: u64,
    bytes: [u8; 3],
    length: u8,
}

impl Part {
    pub(super) fn new(due_ns: u64, source: &[u8]) -> Self {
        let mut bytes = [0; 3];
        bytes.iter_mut().zip(source).for_each(|(slot, byte)| *slot = *byte);
        Self { due_ns, bytes, length: source.len().min(3) as u8 }
    }

    pub(super) fn bytes(&self) -> &[u8] {
        self.bytes.get(..usize::from(self.length)).unwrap_or_default()
    }
}

/// The parts in their order.
#[derive(Clone)]
pub(super) struct ThruQueue {
    parts: [Option<Part>; LIMIT],
}

impl ThruQueue {
    pub(super) const EMPTY: Self = Self { parts: [None; LIMIT] };

    pub(super) fn due_ns(&self) -> u64 {
        self.parts[0].map_or(NEVER_NS, |part| part.due_ns)
    }

    /// Takes a part, or returns it when there is no room.
    pub(super) fn push(&mut self, part: Part) -> Result<(), Part> {
        match self.parts.iter_mut().find(|slot| slot.is_none()) {
            Some(slot) => {
                *slot = Some(part);
                Ok(())
            }
            None => Err(part),
        }
    }

    pub(super) fn pop(&mut self) -> Option<Part> {
        let first = self.parts[0].take();
        self.parts.rotate_left(1);
        first
    }
}

//! The fixed answers of a card: the byte after the ACK of some commands.
//!
//! Some of Roland's commands ask for a value. A card without a sequencer often answers these
//! commands with constants. The table is small and of a fixed size, so that a behaviour stays plain
//! data.

use core::ops::RangeInclusive;

/// The most rows of a [`FixedAnswers`].
pub const MAX_ANSWERS: usize = 8;

/// One or several commands with the same answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct AnswerRow {
    /// The first command of the row.
    pub first: u8,
    /// The last command of the row.
    pub last: u8,
    /// The byte that the card gives the host after the ACK.
    pub answer: u8,
}

/// The fixed answers of a card to commands outside UART mode.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct FixedAnswers {
    /// The first `used` rows are the table. The rest of the array has rows of zeros.
    rows: [AnswerRow; MAX_ANSWERS],
    used: usize,
}

impl FixedAnswers {
    /// No command has a fixed answer.
    pub const NONE: Self =
        Self { rows: [AnswerRow { first: 0, last: 0, answer: 0 }; MAX_ANSWERS], used: 0 };

    /// The table with one more row. A row after the first [`MAX_ANSWERS`] is left out. If two rows
    /// name the same command, the first row answers.
    #[must_use]
    pub const fn with(mut self, commands: RangeInclusive<u8>, answer: u8) -> Self {
        if self.used < MAX_ANSWERS {
            self.rows[self.used] =
                AnswerRow { first: *commands.start(), last: *commands.end(), answer };
            self.used += 1;
        }
        self
    }

    /// The rows, in their order.
    pub fn rows(&self) -> impl Iterator<Item = AnswerRow> {
        self.rows.into_iter().take(self.used)
    }

    /// The answer to this command; `None` if the command has no fixed answer.
    #[must_use]
    pub fn answer_to(&self, command: u8) -> Option<u8> {
        let row = self.rows().find(|row| (row.first..=row.last).contains(&command));
        row.map(|row| row.answer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_row_that_names_a_command_answers_and_a_ninth_row_is_left_out() {
        let mut table = FixedAnswers::NONE.with(0xA0..=0xA7, 0x11).with(0xA7..=0xA8, 0x22);
        assert_eq!(
            [0x9F, 0xA0, 0xA7, 0xA8, 0xA9].map(|command| table.answer_to(command)),
            [None, Some(0x11), Some(0x11), Some(0x22), None]
        );
        for command in 0x01..=0x07 {
            table = table.with(command..=command, command);
        }
        assert_eq!((table.rows().count(), table.answer_to(0x06)), (8, Some(0x06)));
        assert_eq!(table.answer_to(0x07), None);
    }
}

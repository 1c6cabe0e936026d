//! A range of ports. Only a few accesses to it have a modelled answer.
//!
//! Without a modelled answer, a read gives FF, and a write changes nothing. Such reads and writes
//! are counted, so that a report can say what a driver looked for and did not find.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use mpu401_card_bench::resources::{AnswerRow, Answers, PortRange};
use portcls_emulator::{Answer, BusDevice, DeviceId, DeviceReply, Kernel, LineState, Outputs};
use serde::Serialize;

use crate::card_device::CardPower;
use crate::sound_blaster_dsp::SoundBlasterDsp;

/// What a trace says of an access, by the number of its note.
const NOTES: [&str; 3] = ["not modelled", "answered", "no power"];
const NOT_MODELLED: u8 = 0;
const ANSWERED: u8 = 1;
const NO_POWER: u8 = 2;

/// The value of a read that nothing answers: the bus floats high.
const FLOATING: u8 = 0xFF;

/// The counts of the accesses to one range.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct RangeFigures {
    /// The range, as `--resource` names it: `220+16`.
    pub range: String,
    /// Reads that gave FF because nothing answered.
    pub reads: u64,
    /// Writes that were lost.
    pub writes: u64,
    /// Accesses that the answers of the range handled.
    pub answered: u64,
    /// The reads and writes without an answer, for each offset, in the order of the offsets.
    pub offsets: Vec<OffsetFigures>,
}

/// The counts of the accesses without an answer, for one port of a range.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub struct OffsetFigures {
    /// The offset from the first port of the range.
    pub offset: u16,
    /// Reads.
    pub reads: u64,
    /// Writes.
    pub writes: u64,
}

/// What answers in a range.
enum Answerer {
    Nothing,
    Table(Table),
    Dsp(SoundBlasterDsp),
}

/// A table of answers, and the last write to each offset.
struct Table {
    rows: Vec<AnswerRow>,
    written: BTreeMap<u16, u8>,
}

impl Table {
    fn read(&self, offset: u16) -> Option<u8> {
        let fits = |row: &&AnswerRow| {
            let after = row.after.is_none_or(|after| {
                self.written.get(&after.offset).is_some_and(|byte| *byte == after.value)
            });
            row.offset == offset && after
        };
        self.rows.iter().find(fits).map(|row| row.value)
    }

    /// Notes a write. Returns whether an answer depends on writes to this offset.
    fn write(&mut self, offset: u16, value: u8) -> bool {
        self.written.insert(offset, value);
        self.rows.iter().any(|row| row.after.is_some_and(|after| after.offset == offset))
    }
}

impl Answerer {
    fn of(answers: &Answers) -> Answerer {
        match answers {
            Answers::Nothing => Answerer::Nothing,
            Answers::SoundBlasterDsp => Answerer::Dsp(SoundBlasterDsp::default()),
            Answers::Table(rows) => {
                Answerer::Table(Table { rows: rows.clone(), written: BTreeMap::new() })
            }
        }
    }
}

struct State {
    range: PortRange,

    power: CardPower,
    answerer: Answerer,
    answered: u64,
    offsets: BTreeMap<u16, OffsetFigures>,
}

/// A range of ports; clones are the same range.
#[derive(Clone)]
pub(crate) struct UnmodelledRange(Rc<RefCell<State>>);

impl UnmodelledRange {
    pub fn new(range: &PortRange) -> UnmodelledRange {
        UnmodelledRange(Rc::new(RefCell::new(State {
            answerer: Answerer::of(&range.answers),
            range: range.clone(),
            power: CardPower::On,
            answered: 0,
            offsets: BTreeMap::new(),
        })))
    }

    /// Puts the range on the bus. Ports that another device took already stay with that device.
    pub fn attach(&self, kernel: &Kernel) -> DeviceId {
        let (start, length) = {
            let state = self.0.borrow();
            (state.range.start, state.range.length)
        };
        kernel.attach_device(start, length, None, Box::new(self.clone()))
    }

    /// Takes the power away or gives it back. Without power nothing answers.
    ///
    /// Assumed: a part of a card forgets everything without power, like the MPU-401.
    pub fn set_power(&self, power: CardPower) {
        let mut state = self.0.borrow_mut();
        state.power = power;
        state.answerer = Answerer::of(&state.range.answers);
    }

    /// What was counted since the machine was built. Accesses while the range had no power do not
    /// count.
    ///
    /// A loss of power does not reset the counts: the summary of a run tells all that the driver
    /// looked for, also before the device slept.
    pub fn figures(&self) -> RangeFigures {
        let state = self.0.borrow();
        let sum = |count: fn(&OffsetFigures) -> u64| state.offsets.values().map(count).sum();
        RangeFigures {
            range: state.range.to_string(),
            reads: sum(|one| one.reads),
            writes: sum(|one| one.writes),
            answered: state.answered,
            offsets: state.offsets.values().copied().collect(),
        }
    }
}

impl State {
    fn missed(&mut self, offset: u16) -> &mut OffsetFigures {
        self.offsets.entry(offset).or_insert(OffsetFigures { offset, reads: 0, writes: 0 })
    }
}

/// The reply of a range. Its outputs are always the same: it has no interrupt, no event of its own
/// and no serial line.
fn reply(value: u8, note: u8) -> DeviceReply {
    let outputs = Outputs { line: LineState::Down, next_event_ns: u64::MAX, has_serial: false };
    DeviceReply::Changed(Answer { value, note }, outputs)
}

impl BusDevice for UnmodelledRange {
    fn notes(&self) -> &'static [&'static str] {
        &NOTES
    }

    fn read(&mut self, offset: u16, now_ns: u64) -> DeviceReply {
        let mut state = self.0.borrow_mut();
        if state.power == CardPower::Off {
            return reply(FLOATING, NO_POWER);
        }
        let found = match &mut state.answerer {
            Answerer::Nothing => None,
            Answerer::Table(table) => table.read(offset),
            Answerer::Dsp(dsp) => dsp.read(offset, now_ns),
        };
        match found {
            Some(value) => {
                state.answered += 1;
                reply(value, ANSWERED)
            }
            None => {
                state.missed(offset).reads += 1;
                reply(FLOATING, NOT_MODELLED)
            }
        }
    }

    fn write(&mut self, offset: u16, value: u8, now_ns: u64) -> DeviceReply {
        let mut state = self.0.borrow_mut();
        if state.power == CardPower::Off {
            return reply(0, NO_POWER);
        }
        let is_taken = match &mut state.answerer {
            Answerer::Nothing => false,
            Answerer::Table(table) => table.write(offset, value),
            Answerer::Dsp(dsp) => dsp.write(offset, value, now_ns),
        };
        if is_taken {
            state.answered += 1;
            return reply(0, ANSWERED);
        }
        state.missed(offset).writes += 1;
        reply(0, NOT_MODELLED)
    }

    fn advance(&mut self, _now_ns: u64) -> DeviceReply {
        reply(0, NOT_MODELLED)
    }
}

#[cfg(test)]
mod tests {
    use mpu401_card_bench::resources::WrittenByte;

    use super::*;

    fn range(answers: Answers) -> UnmodelledRange {
        UnmodelledRange::new(&PortRange { start: 0x388, length: 4, answers })
    }

    fn read(range: &mut UnmodelledRange, offset: u16) -> u8 {
        range.read(offset, 0).answer().value
    }

    #[test]
    fn without_answers_a_read_gives_ff_and_each_access_is_counted_at_its_offset() {
        let mut range = range(Answers::Nothing);
        range.write(1, 0x60, 0);
        range.write(1, 0x80, 0);
        assert_eq!([read(&mut range, 0), read(&mut range, 1)], [0xFF, 0xFF]);
        let figures = range.figures();
        assert_eq!((figures.reads, figures.writes, figures.answered), (2, 2, 0));
        let first = OffsetFigures { offset: 0, reads: 1, writes: 0 };
        let second = OffsetFigures { offset: 1, reads: 1, writes: 2 };
        assert_eq!((&*figures.range, figures.offsets), ("388+4", vec![first, second]));
    }

    /// As in the presence test of an OPL2: after the reset of the timers (80) a read gives 00, and
    /// after timer 1 was started (21) and ran out, a read gives C0.
    #[test]
    fn a_table_answers_by_the_last_write_to_an_offset() {
        let row = |value, byte| AnswerRow {
            offset: 0,
            value,
            after: Some(WrittenByte { offset: 1, value: byte }),
        };
        let mut range = range(Answers::Table(vec![row(0xC0, 0x21), row(0x00, 0x80)]));
        assert_eq!(read(&mut range, 0), 0xFF);
        range.write(1, 0x80, 0);
        assert_eq!(read(&mut range, 0), 0x00);
        range.write(1, 0x21, 0);
        assert_eq!([read(&mut range, 0), read(&mut range, 2)], [0xC0, 0xFF]);
        let figures = range.figures();
        assert_eq!((figures.reads, figures.writes, figures.answered), (2, 0, 4));
    }

    #[test]
    fn without_power_nothing_answers_and_nothing_is_remembered_but_the_counts() {
        let after = Some(WrittenByte { offset: 1, value: 5 });
        let mut range = range(Answers::Table(vec![AnswerRow { offset: 0, value: 0x42, after }]));
        range.write(1, 5, 0);
        range.set_power(CardPower::Off);
        assert_eq!(read(&mut range, 0), 0xFF);
        range.set_power(CardPower::On);
        assert_eq!(read(&mut range, 0), 0xFF);
        range.write(1, 5, 0);
        assert_eq!(read(&mut range, 0), 0x42);
        let figures = range.figures();
        assert_eq!((figures.reads, figures.writes, figures.answered), (1, 0, 3));
    }
}

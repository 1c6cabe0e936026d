//! Events of a trace and their stored form, one 32-byte record each.

#[cfg(test)]
mod tests;

use bytemuck::{Pod, Zeroable};

use super::names::NameId;
use crate::status::NtStatus;

/// Where the processor was when an event happened.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
#[repr(u8)]
pub enum Level {
    /// The event did not happen on the processor. It happened in a device, on a line or on a wire,
    /// or a timer expired.
    Hardware = 0,
    /// PASSIVE_LEVEL or APC_LEVEL.
    Passive = 1,
    /// DISPATCH_LEVEL.
    Dispatch = 2,
    /// A service routine runs, at a device IRQL or above.
    Device = 3,
    /// A device IRQL or above to which the running code raised itself, as KeSynchronizeExecution
    /// does. No service routine runs.
    Raised = 4,
}

impl Level {
    fn from_byte(byte: u8) -> Level {
        match byte {
            0 => Level::Hardware,
            1 => Level::Passive,
            2 => Level::Dispatch,
            3 => Level::Device,
            _ => Level::Raised,
        }
    }
}

/// Direction of a port access, seen from the processor.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Direction {
    /// IN: data to the driver.
    Read,
    /// OUT: data to the device.
    Write,
}

/// One port access, or equal reads in a row at equal distances in time.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct AccessEvent {
    /// Read or write.
    pub direction: Direction,
    /// Port address.
    pub port: u16,
    /// Width in bytes: 1, 2 or 4.
    pub width: u8,
    /// Value read or written.
    pub value: u32,
    /// The device's note on the access.
    pub note: NameId,
    /// How many accesses this event stands for. The time of the event is the time of the first
    /// access.
    pub count: u32,
    /// Time from one access to the next in ns, 0 for a single access.
    pub pitch_ns: u32,
}

/// An argument of a call, or a result of a call besides the status.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Argument {
    /// Nothing to show.
    None,
    /// A count: `1 byte`, `3 events`. The name is the unit in the singular.
    Count(u32, NameId),
    /// A word, such as a state or an answer.
    Word(NameId),
    /// A number in hexadecimal.
    Hex(u32),
}

/// A piece of the text arena of a trace.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TextRef {
    /// Byte offset in the arena.
    pub offset: u64,
    /// Length in bytes.
    pub length: u32,
}

impl TextRef {
    /// The empty text.
    pub const EMPTY: TextRef = TextRef { offset: 0, length: 0 };
}

/// Which end of a byte on a serial lane an event is about.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SerialEdge {
    /// The start bit begins.
    Start,
    /// The stop bit has ended.
    End,
}

/// Who made a byte on a serial lane.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SerialSource {
    /// The driver wrote the byte, or the byte came in on the lane.
    Outside,
    /// The device sent the byte by itself.
    Device,
}

/// What a request to queue or remove a DPC did.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum DpcChange {
    /// The DPC is in the queue now.
    Queued,
    /// The DPC was in the queue already, so the request changed nothing.
    AlreadyQueued,
    /// The DPC was taken out of the queue before it ran.
    Removed,
}

/// What happened to a timer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TimerChange {
    /// The timer was set.
    Set {
        /// Time in ns from the event to the due time.
        due_in_ns: u64,
        /// Time in ns from the event to the clock interrupt at which the timer expires.
        tick_in_ns: u64,
    },
    /// The timer expired at a clock interrupt. If the timer has a DPC, the DPC is in the queue now.
    Expired,
    /// The timer was set, and is not set any more.
    Cancelled,
}

/// How a wait ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum WaitEnd {
    /// What the code waited for has come.
    Over,
    /// The time of the wait was over first.
    TimedOut,
}

/// A fact of a run.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Event {
    /// A new time base, with the words of the mark.
    Mark(TextRef),
    /// A port access.
    Access(AccessEvent),
    /// A call into a function.
    Call {
        /// The function.
        function: NameId,
        /// The argument of the function.
        argument: Argument,
    },
    /// A function returned.
    Return {
        /// The function.
        function: NameId,
        /// The status that the function returned.
        status: NtStatus,
        /// The result of the function.
        argument: Argument,
    },
    /// A signal has a new value.
    Signal {
        /// The signal.
        signal: NameId,
        /// The value of the signal.
        value: u32,
    },
    /// A byte on a serial lane.
    Serial {
        /// The lane.
        lane: NameId,
        /// The byte.
        byte: u8,
        /// Whether the byte starts or ends.
        edge: SerialEdge,
        /// Length of one bit in ns.
        bit_ns: u32,
        /// Who made the byte.
        source: SerialSource,
    },
    /// A DPC was queued, or taken out of the queue.
    Dpc {
        /// The DPC.
        dpc: NameId,
        /// What happened.
        change: DpcChange,
    },
    /// A timer was set, expired or was cancelled.
    Timer {
        /// The name of the timer's DPC. For a timer that has none: the name `without a DPC`.
        timer: NameId,
        /// What happened.
        change: TimerChange,
    },
    /// A wait ended. A wait for an object of the kernel is no event if it ended at once.
    Wait {
        /// What the code waited for.
        object: NameId,
        /// How the wait ended.
        end: WaitEnd,
        /// Time in ns from the deciding fact to the end of the wait. For a wait that timed out, the
        /// deciding fact is the beginning of the wait. For a wait until a device is silent, the
        /// deciding fact is the last thing that the device did. 0 means that the deciding fact
        /// itself ended the wait.
        counted_ns: u64,
    },
    /// A delay of a thread ended, at a clock interrupt. In a trace that folds polls, a single delay
    /// between two equal polls is no event: the time from one poll to the next shows the delay.
    Delay {
        /// The time in ns that the code asked for.
        asked_ns: u64,
        /// Time in ns since the beginning of the delay.
        taken_ns: u64,
    },
    /// A sentence.
    Note(TextRef),
    /// The oracle gave a choice an answer that is not the usual answer.
    Choice {
        /// The choice.
        choice: NameId,
        /// The number of the question among the questions of this choice, from 1.
        ordinal: u64,
        /// The number of the answer; 0 is the usual answer.
        answer: u32,
        /// The answer in words.
        word: NameId,
    },
}

impl Event {
    /// Whether the event only says why another one happened. Older traces have no such events, see
    /// [`TraceLog::without_cause_facts`](super::TraceLog::without_cause_facts).
    #[must_use]
    pub fn is_cause_fact(&self) -> bool {
        matches!(
            self,
            Event::Dpc { .. } | Event::Timer { .. } | Event::Wait { .. } | Event::Delay { .. }
        )
    }
}

/// An event in its stored form: 32 bytes without padding.
#[derive(Clone, Copy, Pod, Zeroable, PartialEq, Eq, Debug)]
#[repr(C)]
pub struct Record {
    time_ns: u64,
    kind: u8,
    level: u8,
    who: u16,
    a: u32,
    b: u64,
    c: u64,
}

const _: () = assert!(size_of::<Record>() == 32);

mod kind {
    pub const NONE: u8 = 0;
    pub const MARK: u8 = 1;
    pub const ACCESS: u8 = 2;
    pub const CALL: u8 = 3;
    pub const RETURN: u8 = 4;
    pub const SIGNAL: u8 = 5;
    pub const SERIAL: u8 = 6;
    pub const NOTE: u8 = 7;
    pub const CHOICE: u8 = 8;
    pub const DPC: u8 = 9;
    pub const TIMER: u8 = 10;
    pub const WAIT: u8 = 11;
    pub const DELAY: u8 = 12;
}

impl Argument {
    fn pack(self) -> u64 {
        match self {
            Argument::None => 0,
            Argument::Count(count, unit) => 1 | u64::from(unit.0) << 8 | u64::from(count) << 32,
            Argument::Word(word) => 2 | u64::from(word.0) << 8,
            Argument::Hex(value) => 3 | u64::from(value) << 32,
        }
    }

    fn unpack(packed: u64) -> Argument {
        let name = NameId((packed >> 8) as u16);
        let number = (packed >> 32) as u32;
        match packed as u8 {
            1 => Argument::Count(number, name),
            2 => Argument::Word(name),
            3 => Argument::Hex(number),
            _ => Argument::None,
        }
    }
}

impl Record {
    /// The empty record.
    pub const NONE: Record =
        Record { time_ns: 0, kind: kind::NONE, level: 0, who: 0, a: 0, b: 0, c: 0 };

    /// The stored form of an event.
    #[inline]
    #[must_use]
    pub fn new(time_ns: u64, level: Level, who: NameId, event: Event) -> Record {
        let (kind, a, b, c) = match event {
            Event::Mark(text) => (kind::MARK, text.length, text.offset, 0),
            Event::Access(access) => {
                let out = u32::from(access.direction == Direction::Write);
                (
                    kind::ACCESS,
                    u32::from(access.port) | u32::from(access.width) << 16 | out << 24,
                    u64::from(access.count) | u64::from(access.pitch_ns) << 32,
                    u64::from(access.value) | u64::from(access.note.0) << 32,
                )
            }
            Event::Call { function, argument } => {
                (kind::CALL, u32::from(function.0), argument.pack(), 0)
            }
            Event::Return { function, status, argument } => {
                (kind::RETURN, u32::from(function.0), argument.pack(), u64::from(status.0))
            }
            Event::Signal { signal, value } => {
                (kind::SIGNAL, u32::from(signal.0), u64::from(value), 0)
            }
            Event::Serial { lane, byte, edge, bit_ns, source } => {
                let end = u64::from(edge == SerialEdge::End);
                let own = u64::from(source == SerialSource::Device);
                let bits = u64::from(byte) | end << 8 | own << 9;
                (kind::SERIAL, u32::from(lane.0), bits, u64::from(bit_ns))
            }
            Event::Dpc { dpc, change } => {
                (kind::DPC, u32::from(dpc.0) | (change as u32) << 16, 0, 0)
            }
            Event::Timer { timer, change } => {
                let (number, due_in_ns, tick_in_ns) = match change {
                    TimerChange::Set { due_in_ns, tick_in_ns } => (0, due_in_ns, tick_in_ns),
                    TimerChange::Expired => (1, 0, 0),
                    TimerChange::Cancelled => (2, 0, 0),
                };
                (kind::TIMER, u32::from(timer.0) | number << 16, due_in_ns, tick_in_ns)
            }
            Event::Wait { object, end, counted_ns } => {
                (kind::WAIT, u32::from(object.0) | (end as u32) << 16, counted_ns, 0)
            }
            Event::Delay { asked_ns, taken_ns } => (kind::DELAY, 0, asked_ns, taken_ns),
            Event::Note(text) => (kind::NOTE, text.length, text.offset, 0),
            Event::Choice { choice, ordinal, answer, word } => {
                let names = u32::from(choice.0) | u32::from(word.0) << 16;
                (kind::CHOICE, names, ordinal, u64::from(answer))
            }
        };
        Record { time_ns, kind, level: level as u8, who: who.0, a, b, c }
    }

    /// True for the empty record.
    #[inline]
    #[must_use]
    pub fn is_none(&self) -> bool {
        self.kind == kind::NONE
    }

    /// Time of the event in ns since power-on. When accesses are folded, this is the time of the
    /// first access.
    #[must_use]
    pub fn time_ns(&self) -> u64 {
        self.time_ns
    }

    /// Where the processor was.
    #[must_use]
    pub fn level(&self) -> Level {
        Level::from_byte(self.level)
    }

    /// The actor.
    #[must_use]
    pub fn who(&self) -> NameId {
        NameId(self.who)
    }

    /// The event, or `None` for the empty record or an unknown kind.
    #[must_use]
    pub fn event(&self) -> Option<Event> {
        let name = NameId(self.a as u16);
        let text = TextRef { offset: self.b, length: self.a };
        Some(match self.kind {
            kind::MARK => Event::Mark(text),
            kind::ACCESS => Event::Access(AccessEvent {
                direction: if self.a >> 24 == 0 { Direction::Read } else { Direction::Write },
                port: self.a as u16,
                width: (self.a >> 16) as u8,
                value: self.c as u32,
                note: NameId((self.c >> 32) as u16),
                count: self.b as u32,
                pitch_ns: (self.b >> 32) as u32,
            }),
            kind::CALL => Event::Call { function: name, argument: Argument::unpack(self.b) },
            kind::RETURN => Event::Return {
                function: name,
                status: NtStatus(self.c as u32),
                argument: Argument::unpack(self.b),
            },
            kind::SIGNAL => Event::Signal { signal: name, value: self.b as u32 },
            kind::SERIAL => Event::Serial {
                lane: name,
                byte: self.b as u8,
                edge: if self.b >> 8 & 1 == 0 { SerialEdge::Start } else { SerialEdge::End },
                bit_ns: self.c as u32,
                source: match self.b >> 9 {
                    0 => SerialSource::Outside,
                    _ => SerialSource::Device,
                },
            },
            kind::DPC => Event::Dpc {
                dpc: name,
                change: match self.a >> 16 {
                    0 => DpcChange::Queued,
                    1 => DpcChange::AlreadyQueued,
                    _ => DpcChange::Removed,
                },
            },
            kind::TIMER => Event::Timer {
                timer: name,
                change: match self.a >> 16 {
                    0 => TimerChange::Set { due_in_ns: self.b, tick_in_ns: self.c },
                    1 => TimerChange::Expired,
                    _ => TimerChange::Cancelled,
                },
            },
            kind::WAIT => Event::Wait {
                object: name,
                end: if self.a >> 16 == 0 { WaitEnd::Over } else { WaitEnd::TimedOut },
                counted_ns: self.b,
            },
            kind::DELAY => Event::Delay { asked_ns: self.b, taken_ns: self.c },
            kind::NOTE => Event::Note(text),
            kind::CHOICE => Event::Choice {
                choice: name,
                ordinal: self.b,
                answer: self.c as u32,
                word: NameId((self.a >> 16) as u16),
            },
            _ => return None,
        })
    }

    /// Updates the place of the record's text. The arena of texts has kept its first `kept` bytes
    /// and dropped the `gone` bytes behind them. A dropped text becomes the empty text.
    pub(super) fn rebase_text(&mut self, kept: u64, gone: u64) {
        if !matches!(self.kind, kind::MARK | kind::NOTE) || self.b < kept {
            return;
        }
        match self.b.checked_sub(gone).filter(|&offset| offset >= kept) {
            Some(offset) => self.b = offset,
            None => (self.a, self.b) = (0, 0),
        }
    }

    /// Whether this record is a read.
    pub(super) fn is_read(&self) -> bool {
        self.kind == kind::ACCESS && self.a >> 24 == 0
    }

    /// Whether both records are reads of one actor at one level, with the same port, width, value
    /// and note. Their times and counts may differ.
    pub(super) fn is_equal_read(&self, next: &Record) -> bool {
        next.is_read() && self.is_access_equal_to(next)
    }

    /// Whether this record is an access equal to `next`, which must be an access.
    #[inline]
    fn is_access_equal_to(&self, next: &Record) -> bool {
        self.kind == kind::ACCESS
            && self.a == next.a
            && self.c == next.c
            && self.who == next.who
            && self.level == next.level
    }

    /// Folds a later equal access into this record. False when the access cannot be folded.
    #[inline]
    pub(super) fn fold(&mut self, next: &Record) -> bool {
        if !self.is_access_equal_to(next) {
            return false;
        }
        let count = self.b as u32;
        let pitch_ns = self.b >> 32;
        let since_first_ns = next.time_ns - self.time_ns;
        if count == 1 {
            if since_first_ns > u64::from(u32::MAX) {
                return false;
            }
            self.b = 2 | since_first_ns << 32;
            return true;
        }
        if since_first_ns != pitch_ns * u64::from(count) || count == u32::MAX {
            return false;
        }
        self.b += 1;
        true
    }
}

//! The stored form of events, and the folding of polls.

use super::*;

fn events() -> Vec<Event> {
    let name = NameId(7);
    vec![
        Event::Mark(TextRef { offset: 70_000, length: 12 }),
        Event::Access(AccessEvent {
            direction: Direction::Write,
            port: 0x331,
            width: 1,
            value: 0xFF,
            note: NameId(9),
            count: 1,
            pitch_ns: 0,
        }),
        Event::Call { function: name, argument: Argument::Count(3, NameId(4)) },
        Event::Return {
            function: name,
            status: NtStatus::IO_DEVICE_ERROR,
            argument: Argument::Hex(0xC000_0185),
        },
        Event::Call { function: name, argument: Argument::Word(NameId(65_535)) },
        Event::Signal { signal: name, value: 1 },
        Event::Serial {
            lane: name,
            byte: 0xF8,
            edge: SerialEdge::End,
            bit_ns: 32_000,
            source: SerialSource::Device,
        },
        Event::Dpc { dpc: name, change: DpcChange::Queued },
        Event::Dpc { dpc: name, change: DpcChange::AlreadyQueued },
        Event::Dpc { dpc: NameId(65_535), change: DpcChange::Removed },
        Event::Timer {
            timer: NameId(65_535),
            change: TimerChange::Set { due_in_ns: u64::MAX, tick_in_ns: u64::MAX },
        },
        Event::Timer { timer: name, change: TimerChange::Expired },
        Event::Timer { timer: name, change: TimerChange::Cancelled },
        Event::Wait { object: name, end: WaitEnd::Over, counted_ns: u64::MAX },
        Event::Wait { object: NameId(65_535), end: WaitEnd::TimedOut, counted_ns: 0 },
        Event::Delay { asked_ns: u64::MAX, taken_ns: 1 },
        Event::Note(TextRef::EMPTY),
        Event::Choice { choice: name, ordinal: u64::MAX, answer: u32::MAX, word: NameId(65_535) },
    ]
}

#[test]
fn every_kind_of_event_survives_the_compact_form() {
    let levels = [Level::Hardware, Level::Passive, Level::Dispatch, Level::Device, Level::Raised];
    for (event, level) in events().into_iter().zip(levels.into_iter().cycle()) {
        let record = Record::new(123_456_789, level, NameId(300), event);
        assert_eq!(record.event(), Some(event));
        assert_eq!(record.time_ns(), 123_456_789);
        assert_eq!(record.level(), level);
        assert_eq!(record.who(), NameId(300));
    }
}

fn poll(time_ns: u64, value: u32) -> Record {
    let access = AccessEvent {
        direction: Direction::Read,
        port: 0x331,
        width: 1,
        value,
        note: NameId::NONE,
        count: 1,
        pitch_ns: 0,
    };
    Record::new(time_ns, Level::Dispatch, NameId(1), Event::Access(access))
}

#[test]
fn equal_polls_at_one_pitch_fold_and_others_do_not() {
    let mut first = poll(1_000, 0xC0);
    assert!(first.fold(&poll(12_000, 0xC0)));
    assert!(first.fold(&poll(23_000, 0xC0)));
    assert!(!first.fold(&poll(33_000, 0xC0)), "the pitch changed");
    assert!(!first.fold(&poll(34_000, 0x80)), "the value changed");
    let Some(Event::Access(access)) = first.event() else { panic!("an access") };
    assert_eq!((access.count, access.pitch_ns), (3, 11_000));
}

//! A number that differs for traces that differ.
//!
//! The number depends on all that the text of the trace shows.

use portcls_emulator::trace::{Argument, Event, TimedEvent, TimerChange, TraceLog};

use crate::key::{NameKeys, mix, of_text};

/// The fingerprint of the events of a trace.
pub(super) fn fingerprint(log: &TraceLog, events: &[TimedEvent]) -> u64 {
    let mut names = NameKeys::new(log);
    events.iter().fold(0, |print, event| {
        let place = mix(event.time_ns, event.level as u64 | names.of(event.who) << 3);
        mix(mix(print, place), of_event(log, &mut names, &event.event))
    })
}

fn of_event(log: &TraceLog, names: &mut NameKeys<'_>, event: &Event) -> u64 {
    let all = |numbers: &[u64]| numbers.iter().fold(0, |key, &number| mix(key, number));
    match *event {
        Event::Mark(text) => all(&[1, of_text(log.text(text))]),
        Event::Note(text) => all(&[2, of_text(log.text(text))]),
        Event::Access(access) => {
            let place = u64::from(access.port) << 8 | u64::from(access.width);
            let polls = u64::from(access.count) << 32 | u64::from(access.pitch_ns);
            let note = names.of(access.note);
            all(&[3, access.direction as u64, place, u64::from(access.value), polls, note])
        }
        Event::Call { function, argument } => {
            all(&[4, names.of(function), of_argument(names, argument)])
        }
        Event::Return { function, status, argument } => {
            all(&[5, names.of(function), u64::from(status.0), of_argument(names, argument)])
        }
        Event::Signal { signal, value } => all(&[6, names.of(signal), u64::from(value)]),
        Event::Serial { lane, byte, edge, bit_ns, source } => {
            let form = edge as u64 | (source as u64) << 4 | u64::from(byte) << 8;
            all(&[7, names.of(lane), form, u64::from(bit_ns)])
        }
        Event::Dpc { dpc, change } => all(&[8, names.of(dpc), change as u64]),
        Event::Timer { timer, change } => {
            let times = match change {
                TimerChange::Set { due_in_ns, tick_in_ns } => [0, due_in_ns, tick_in_ns],
                TimerChange::Expired => [1, 0, 0],
                TimerChange::Cancelled => [2, 0, 0],
            };
            all(&[9, names.of(timer), all(&times)])
        }
        Event::Wait { object, end, counted_ns } => {
            all(&[10, names.of(object), end as u64, counted_ns])
        }
        Event::Delay { asked_ns, taken_ns } => all(&[12, asked_ns, taken_ns]),
        Event::Choice { choice, ordinal, answer, word } => {
            all(&[11, names.of(choice), ordinal, u64::from(answer), names.of(word)])
        }
    }
}

fn of_argument(names: &mut NameKeys<'_>, argument: Argument) -> u64 {
    match argument {
        Argument::None => 0,
        Argument::Count(count, unit) => mix(mix(1, u64::from(count)), names.of(unit)),
        Argument::Word(word) => mix(2, names.of(word)),
        Argument::Hex(value) => mix(3, u64::from(value)),
    }
}

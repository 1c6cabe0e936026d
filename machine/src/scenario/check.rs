//! Compares the expectations of a scenario with the results of the run.

use std::collections::BTreeSet;

use hw_mpu401::Counters;
use portcls_emulator::trace::{Event, SerialEdge, SerialSource, TraceLog};
use portcls_emulator::{BUG_CHECKS, NtStatus, Stop, Violation};
use portcls_guest::Leak;

use super::file::{CardExpectTable, PinExpectTable, RoutineTable, TimeTable};
use super::outcome::Check;
use super::pattern::{Pattern, Shown, shown};
use super::pins::Pin;
use super::plan::Plan;
use super::timing::{Kind, runs};
use super::values::{Bytes, Time};
use crate::card_device::WIRES;
use crate::machine::Machine;
use crate::pin_client::Received;

/// The most bytes that the words of a result show.
const SHOWN_BYTES: usize = 32;

/// The results of a run.
pub(super) struct Facts<'a, 'm> {
    pub trace: &'a TraceLog,
    pub machine: &'a Machine,
    pub plan: &'a Plan,
    pub pins: &'a [Pin<'m>],
    pub violations: Vec<Violation>,
    /// What the driver left behind; `None` when the driver was not unloaded.
    pub leaks: Option<&'a [Leak]>,
    /// The status with which the driver refused to start.
    pub refused: Option<NtStatus>,
    pub stop: Option<&'a Stop>,
}

impl Facts<'_, '_> {
    /// True when the driver broke a rule that the scenario does not name.
    pub fn breaks_a_rule(&self) -> bool {
        let named = &self.plan.expect.table.violations;
        let is_named = |id: &str| named.iter().any(|name| name.eq_ignore_ascii_case(id));
        self.violations.iter().any(|violation| !is_named(violation.rule.id))
    }

    /// True when the run ended in the bug check or the hang that the scenario names.
    pub fn expects_the_stop(&self) -> bool {
        let table = &self.plan.expect.table;
        match self.stop {
            Some(Stop::BugCheck(bug)) => {
                table.bug_check.as_ref().is_some_and(|expected| expected.0 == bug.code.number())
            }
            Some(stop @ Stop::Hang(_)) => {
                let words = stop.to_string();
                table.hang.as_ref().is_some_and(|part| words.contains(part.as_str()))
            }
            _ => false,
        }
    }
}

/// The results of all expectations. Some expectations hold even if the scenario does not name them,
/// such as that no rule is broken.
pub(super) fn checks(facts: &Facts<'_, '_>) -> Vec<Check> {
    let table = &facts.plan.expect.table;
    let mut all = Vec::new();
    let first = CardExpectTable {
        number: 1,
        wire_out: table.wire_out.clone(),
        wire_out_count: table.wire_out_count,
        lost: table.lost,
    };
    all.extend(card_checks(facts, &first, ""));
    all.extend(read_checks("", table.read.as_ref(), table.read_count, &all_read(facts)));
    all.extend(status_checks(facts));
    for card in &table.card {
        all.extend(card_checks(facts, card, &format!("card {}, ", card.number)));
    }
    for pin in &table.pin {
        all.extend(pin_checks(facts, pin));
    }
    for (kind, key, tables) in [(Kind::Isr, "isrs", &table.isrs), (Kind::Dpc, "dpcs", &table.dpcs)]
    {
        for routine in tables {
            all.extend(routine_checks(facts.trace, kind, key, routine));
        }
    }
    let expect = &facts.plan.expect;
    if !(expect.order.is_empty() && expect.never.is_empty() && expect.times.is_empty()) {
        let events = shown(facts.trace);
        all.extend(order_check(&events, &expect.order));
        all.extend(expect.never.iter().map(|pattern| never_check(&events, pattern)));
        let times = table.times.iter().zip(&expect.times);
        all.extend(times.map(|(table, pattern)| time_check(facts.trace, &events, table, pattern)));
    }
    all.extend(rule_checks(facts));
    all.extend(leak_check(facts));
    all.extend(end_checks(facts));
    all
}

/// A check that two values are equal.
fn equal<T: PartialEq>(name: String, expected: T, came: T, words: impl Fn(&T) -> String) -> Check {
    if expected == came {
        return Check::passed(name, words(&came));
    }
    Check::failed(name, format!("{} expected, {} came", words(&expected), words(&came)))
}

fn number(value: &u64) -> String {
    value.to_string()
}

fn byte_words(bytes: &[u8]) -> String {
    if bytes.is_empty() {
        return "no bytes".to_owned();
    }
    let shown: Vec<String> =
        bytes.iter().take(SHOWN_BYTES).map(|byte| format!("{byte:02X}")).collect();
    let shown = shown.join(" ");
    match bytes.len() {
        count if count > SHOWN_BYTES => format!("{shown} ... {count} bytes"),
        _ => shown,
    }
}

/// A check of bytes, each with its time in ns. A failed check tells how many bytes are equal before
/// the first difference, and the time of the difference.
fn bytes_check(name: String, expected: &Bytes, timed: &[(u8, u64)]) -> Check {
    let came: Vec<u8> = timed.iter().map(|&(byte, _)| byte).collect();
    if expected.0 == came {
        return Check::passed(name, byte_words(&came));
    }
    let same = expected.0.iter().zip(&came).take_while(|(one, other)| one == other).count();
    let difference = match same {
        0 => "they differ from the first byte on".to_owned(),
        1 => "the first byte is the same".to_owned(),
        _ => format!("the first {same} bytes are the same"),
    };
    let words =
        format!("{} expected, {} came; {difference}", byte_words(&expected.0), byte_words(&came));
    // If bytes are missing at the end, the last byte is the place to look at.
    let shows = timed.get(same).or(timed.last());
    Check::failed(name, words).at(shows.map(|&(_, time_ns)| time_ns))
}

/// The bytes that a driver put on MIDI OUT of a card, with the times of their start bits. Bytes
/// that the card sends by itself do not count.
fn wire_out(trace: &TraceLog, card: usize) -> Vec<(u8, u64)> {
    let byte = |event: portcls_emulator::trace::TimedEvent| match event.event {
        Event::Serial { lane, byte, edge: SerialEdge::Start, source, .. }
            if source == SerialSource::Outside
                && trace.name(lane) == "out"
                && trace.name(event.who) == WIRES[card] =>
        {
            Some((byte, event.time_ns))
        }
        _ => None,
    };
    trace.events().filter_map(byte).collect()
}

fn card_checks(facts: &Facts<'_, '_>, table: &CardExpectTable, prefix: &str) -> Vec<Check> {
    let index = table.number as usize - 1;
    let mut all = Vec::new();
    if table.wire_out.is_some() || table.wire_out_count.is_some() {
        let came = wire_out(facts.trace, index);
        let count = came.len() as u64;
        if let Some(expected) = table.wire_out_count {
            all.push(equal(format!("{prefix}wire-out-count"), expected, count, number));
        }
        if let Some(expected) = &table.wire_out {
            all.push(bytes_check(format!("{prefix}wire-out"), expected, &came));
        }
    }
    if let Some(expected) = table.lost {
        let Counters { overwritten, rx_overrun, .. } =
            facts.machine.devices()[index].card_counters();
        all.push(equal(format!("{prefix}lost"), expected, overwritten + rx_overrun, number));
    }
    all
}

/// The bytes that the application read from all pins, pin after pin in the order of their opening.
fn all_read(facts: &Facts<'_, '_>) -> Vec<(u8, u64)> {
    facts.pins.iter().flat_map(read_of).collect()
}

/// The bytes that a pin received. With each: when its request was completed, in ns since power-on.
fn read_of(pin: &Pin<'_>) -> Vec<(u8, u64)> {
    let chunks = pin.received.iter();
    chunks.flat_map(|chunk| chunk.bytes.iter().map(|&byte| (byte, chunk.completed_ns))).collect()
}

fn read_checks(
    prefix: &str,
    expected: Option<&Bytes>,
    expected_count: Option<u64>,
    came: &[(u8, u64)],
) -> Vec<Check> {
    let count = expected_count
        .map(|expected| equal(format!("{prefix}read-count"), expected, came.len() as u64, number));
    let bytes = expected.map(|expected| bytes_check(format!("{prefix}read"), expected, came));
    count.into_iter().chain(bytes).collect()
}

fn pin_checks(facts: &Facts<'_, '_>, table: &PinExpectTable) -> Vec<Check> {
    let prefix = format!("pin {}, ", table.name);
    let named = |index: &usize| facts.plan.pins[*index].id == table.name;
    let pins: Vec<&Pin<'_>> = (0..facts.pins.len()).filter(named).map(|i| &facts.pins[i]).collect();
    let read: Vec<(u8, u64)> = pins.iter().flat_map(|pin| read_of(pin)).collect();
    let mut all = read_checks(&prefix, table.read.as_ref(), table.read_count, &read);
    if let Some(expected) = &table.statuses {
        let expected: Vec<NtStatus> = expected.iter().map(|status| status.0).collect();
        let came: Vec<NtStatus> = pins.iter().flat_map(|pin| pin.statuses.clone()).collect();
        let words = |statuses: &Vec<NtStatus>| match statuses.len() {
            0 => "no status".to_owned(),
            _ => statuses.iter().map(NtStatus::to_string).collect::<Vec<_>>().join(", "),
        };
        all.push(equal(format!("{prefix}statuses"), expected, came, words));
    }
    if let Some(expected) = &table.times {
        let expected: Vec<u64> = expected.iter().map(|time| time.0).collect();
        let chunks: Vec<&Received> = pins.iter().flat_map(|pin| &pin.received).collect();
        let came: Vec<u64> = chunks.iter().map(|chunk| chunk.time_ns).collect();
        let words = |times: &Vec<u64>| match times.len() {
            0 => "no times".to_owned(),
            _ => times.iter().map(|time_ns| us(*time_ns)).collect::<Vec<_>>().join(", "),
        };
        let same = expected.iter().zip(&came).take_while(|(one, other)| one == other).count();
        let shows = chunks.get(same).or(chunks.last()).map(|chunk| chunk.completed_ns);
        all.push(equal(format!("{prefix}times"), expected, came, words).at(shows));
    }
    if let Some(expected) = table.in_flight {
        let came = pins.iter().map(|pin| pin.in_flight() as u64).sum();
        all.push(equal(format!("{prefix}in-flight"), expected, came, number));
    }
    all
}

fn status_checks(facts: &Facts<'_, '_>) -> Vec<Check> {
    let trace = facts.trace;
    let last_of = |name: &str| {
        let mut last = None;
        for event in trace.events() {
            if let Event::Return { function, status, .. } = event.event
                && trace.name(function) == name
            {
                last = Some((status, event.time_ns));
            }
        }
        last
    };
    let check = |(name, expected): (&String, &super::values::Status)| {
        let words = |status: &Option<NtStatus>| match status {
            None => "no return".to_owned(),
            Some(status) => status.to_string(),
        };
        let last = last_of(name);
        let came = last.map(|(status, _)| status);
        let check = equal(format!("status of {name}"), Some(expected.0), came, words);
        check.at(last.map(|(_, time_ns)| time_ns))
    };
    facts.plan.expect.table.status.iter().map(check).collect()
}

/// The index of the event that follows the first mark that begins with these words.
fn behind_mark(trace: &TraceLog, words: &str) -> Option<usize> {
    let is_it = |event: portcls_emulator::trace::TimedEvent| match event.event {
        Event::Mark(text) => trace.text(text).starts_with(words),
        _ => false,
    };
    trace.events().position(is_it).map(|index| index + 1)
}

/// The index of the event at which a search begins; a failed check when the trace does not have the
/// mark.
fn start(trace: &TraceLog, name: &str, since: Option<&String>) -> Result<usize, Check> {
    let Some(words) = since else { return Ok(0) };
    behind_mark(trace, words)
        .ok_or_else(|| Check::failed(name, format!("no mark begins with '{words}'")))
}

fn us(time_ns: u64) -> String {
    format!("{}.{:03} us", time_ns / 1_000, time_ns % 1_000)
}

fn routine_checks(trace: &TraceLog, kind: Kind, key: &str, table: &RoutineTable) -> Vec<Check> {
    let name = match &table.routine {
        Some(routine) => format!("{key} {routine}"),
        None => key.to_owned(),
    };
    let from = match start(trace, &name, table.since.as_ref()) {
        Ok(from) => from,
        Err(check) => return vec![check],
    };
    let mut found = runs(trace, from);
    found.retain(|run| {
        run.kind == kind && table.routine.as_ref().is_none_or(|routine| *routine == run.name)
    });
    let count = found.len() as u64;
    let mut all = Vec::new();
    if let Some(expected) = table.count {
        all.push(equal(format!("{name}, count"), expected, count, number));
    }
    if let Some(most) = table.most {
        let name = format!("{name}, most");
        all.push(match count <= most {
            true => Check::passed(name, count.to_string()),
            false => Check::failed(name, format!("{most} at most expected, {count} came")),
        });
    }
    if let Some(Time(max_ns)) = table.max {
        let name = format!("{name}, max");
        let longest = found.iter().max_by_key(|run| run.own_ns);
        all.push(match longest.and_then(|run| Some((run, run.own_ns?))) {
            None => Check::failed(name, "it never ran to its end".to_owned()),
            Some((_, own_ns)) if own_ns <= max_ns => Check::passed(name, us(own_ns)),
            Some((run, own_ns)) => {
                let (most, came, at) = (us(max_ns), us(own_ns), us(run.begin_ns));
                let words = format!("{most} at most expected, {came} came, at {at}");
                Check::failed(name, words).at(run.begin_ns)
            }
        });
    }
    all
}

fn order_check(events: &[Shown], order: &[Pattern]) -> Option<Check> {
    let (first, _) = order.split_first()?;
    let mut rest = events.iter();
    let mut before: Option<(&Pattern, &Shown)> = None;
    for pattern in order {
        match (rest.find(|event| event.fits(pattern)), before) {
            (Some(found), _) => before = Some((pattern, found)),
            (None, None) => {
                return Some(Check::failed("order", format!("'{}' never comes", first.text)));
            }
            (None, Some((known, event))) => {
                let words = format!(
                    "'{}' expected after '{}', which came at {}; it does not come any more",
                    pattern.text,
                    known.text,
                    us(event.event.time_ns)
                );
                return Some(Check::failed("order", words).at(event.event.time_ns));
            }
        }
    }
    Some(Check::passed("order", format!("{} events in this order", order.len())))
}

fn never_check(events: &[Shown], pattern: &Pattern) -> Check {
    let name = format!("never {}", pattern.text);
    let mut found = events.iter().filter(|event| event.fits(pattern));
    match found.next() {
        None => Check::passed(name, "it did not come"),
        Some(first) => {
            let count = 1 + found.count();
            let times = if count == 1 { "once".to_owned() } else { format!("{count} times") };
            let at = us(first.event.time_ns);
            let words = format!("it came {times}, first at {at}: {}", first.words());
            Check::failed(name, words).at(first.event.time_ns)
        }
    }
}

fn time_check(trace: &TraceLog, events: &[Shown], table: &TimeTable, pattern: &Pattern) -> Check {
    let name = format!("time of {}", pattern.text);
    let from = match start(trace, &name, table.since.as_ref()) {
        Ok(from) => from,
        Err(check) => return check,
    };
    let Some(found) = events[from..].iter().find(|event| event.fits(pattern)) else {
        return Check::failed(name, "it never comes");
    };
    let came_ns = found.event.time_ns.saturating_sub(found.mark_ns);
    let (expected_ns, within_ns) = (table.at.0, table.within.as_ref().map_or(0, |time| time.0));
    if came_ns.abs_diff(expected_ns) <= within_ns {
        return Check::passed(name, us(came_ns));
    }
    let late = if came_ns > expected_ns { "later" } else { "earlier" };
    let difference = us(came_ns.abs_diff(expected_ns));
    let words = format!("{} expected, {} came, {difference} {late}", us(expected_ns), us(came_ns));
    Check::failed(name, words).at(found.event.time_ns)
}

/// The checks of broken rules. The driver must break each rule that the scenario names, and no
/// other rule.
fn rule_checks(facts: &Facts<'_, '_>) -> Vec<Check> {
    let named = &facts.plan.expect.table.violations;
    let mut all = Vec::new();
    let mut told = BTreeSet::new();
    for violation in &facts.violations {
        let id = violation.rule.id;
        if !told.insert(id) {
            continue;
        }
        let at = us(violation.time_ns);
        let words = format!("{id} at {at}: {}", violation.message);
        all.push(match named.iter().any(|name| name.eq_ignore_ascii_case(id)) {
            true => Check::passed("violations", words),
            false => Check::failed("violations", words).at(violation.time_ns),
        });
    }
    for name in named {
        if !told.iter().any(|id| name.eq_ignore_ascii_case(id)) {
            all.push(Check::failed("violations", format!("{name} expected, it was kept")));
        }
    }
    all
}

fn leak_check(facts: &Facts<'_, '_>) -> Option<Check> {
    let expected = facts.plan.expect.table.leaks;
    let Some(leaks) = facts.leaks else {
        let words = "the driver was not unloaded; write a step with pnp = \"unload\"";
        return expected.map(|_| Check::failed("leaks", words));
    };
    let words: Vec<String> = leaks.iter().map(Leak::to_string).collect();
    let words = if words.is_empty() { "nothing".to_owned() } else { words.join(", ") };
    match (expected, leaks.len() as u64) {
        (None, 0) => None,
        (None, _) => Some(Check::failed("leaks", format!("nothing expected, {words} is left"))),
        (Some(expected), count) if expected == count => Some(Check::passed("leaks", words)),
        (Some(expected), count) => {
            let words = format!("{expected} expected, {count} came: {words}");
            Some(Check::failed("leaks", words))
        }
    }
}

fn bug_check_words(number: u32) -> String {
    let entry = BUG_CHECKS.iter().find(|entry| entry.code.number() == number);
    format!("{} ({number:X})", entry.map_or("bug check", |entry| entry.name))
}

/// The checks of a refused start, and of the end of the run.
fn end_checks(facts: &Facts<'_, '_>) -> Vec<Check> {
    let table = &facts.plan.expect.table;
    let mut all = Vec::new();
    if let Some(expected) = &table.refused {
        let words = |status: &Option<NtStatus>| match status {
            None => "no refusal".to_owned(),
            Some(status) => status.to_string(),
        };
        all.push(equal("refused".to_owned(), Some(expected.0), facts.refused, words));
    }
    let end = facts.stop.map_or_else(|| "the run went to its end".to_owned(), Stop::to_string);
    let end_ns = facts.stop.map(Stop::time_ns);
    let passed = facts.expects_the_stop();
    let mut name_end = |name: &str, expected: String| {
        all.push(match passed {
            true => Check::passed(name, end.clone()),
            false => Check::failed(name, format!("{expected} expected, but: {end}")).at(end_ns),
        });
    };
    if let Some(expected) = &table.bug_check {
        name_end("bug-check", bug_check_words(expected.0));
    }
    if let Some(expected) = &table.hang {
        name_end("hang", format!("'{expected}'"));
    }
    let is_named = table.bug_check.is_some() || table.hang.is_some();
    match facts.stop {
        None => {}
        Some(stop @ Stop::TimeLimit { .. }) if !stop.is_end_of_longest_run() => {}
        Some(_) if is_named => {}
        Some(stop) => all.push(Check::failed("end", stop.to_string()).at(end_ns)),
    }
    all
}

//! The causal diff on small texts: findings, owners, and what follows.

use portcls_emulator::trace::TraceLog;
use portcls_report::diff::{
    Diff, DiffOptions, FindingKind, Mode, Owner, Residual, Start, Undriven, diff,
};
use portcls_report::explain::explain;
use portcls_report::marks::between_marks;
use portcls_report::text::parse;

fn log(lines: &str) -> TraceLog {
    let text = format!("# portcls-emu trace 2\n{lines}");
    parse(&text).unwrap_or_else(|error| panic!("{error}\n{text}")).1
}

fn differ(first: &str, second: &str) -> Diff {
    diff(&log(first), &log(second), DiffOptions::default())
}

/// A call of Write with three bytes, each after a poll.
const WRITE: &str = "\
0.000 D port call Write, 3 bytes
1.000 D bus in 331 -> 80 ; status: can write, no data
2.000 D bus out 330 <- 90 ; data
3.000 D bus in 331 -> 80 ; status: can write, no data
4.000 D bus out 330 <- 3C ; data
5.000 D bus in 331 -> 80 ; status: can write, no data
6.000 D bus out 330 <- 40 ; data
6.000 D port return Write, 3 bytes
36.000 - wire out 90 start
356.000 - wire out 90
356.000 - wire out 3C start
676.000 - wire out 3C
676.000 - wire out 40 start
996.000 - wire out 40
";

#[test]
fn one_poll_more_a_byte_is_a_finding_of_the_driver_with_a_count() {
    let poll = "bus in 331 -> 80 ; status: can write, no data\n";
    let more = "\
0.000 D port call Write, 3 bytes
1.000 D POLL2.000 D POLL3.000 D bus out 330 <- 90 ; data
4.000 D POLL5.000 D POLL6.000 D bus out 330 <- 3C ; data
7.000 D POLL8.000 D POLL9.000 D bus out 330 <- 40 ; data
9.000 D port return Write, 3 bytes
37.000 - wire out 90 start
357.000 - wire out 90
357.000 - wire out 3C start
677.000 - wire out 3C
677.000 - wire out 40 start
997.000 - wire out 40
"
    .replace("POLL", poll);
    let found = differ(WRITE, &more);
    assert_eq!(found.roots(), 1, "{}", found.text(9));
    let finding = &found.findings[0];
    let said = (finding.owner, finding.kind, finding.count, finding.least, finding.most);
    assert_eq!(said, (Owner::Driver, FindingKind::Polls, 3, 1, 1), "{}", found.text(9));
    assert!(finding.context.starts_with("Write, at DISPATCH_LEVEL"), "{}", found.text(9));
}

#[test]
fn a_byte_that_is_gone_follows_from_its_write() {
    let is_kept = |line: &&str| !line.contains("3C") && !line.starts_with("3.000");
    let kept: Vec<&str> = WRITE.lines().filter(is_kept).collect();
    let mut less = kept.join("\n");
    for (from, to) in [("5.000", "3.000"), ("6.000 D", "4.000 D"), ("676", "356"), ("996", "676")] {
        less = less.replace(from, to);
    }
    let found = differ(WRITE, &less);
    assert_eq!(found.roots(), 1, "{}", found.text(9));
    let root = &found.findings[0];
    assert_eq!((root.owner, root.kind), (Owner::Driver, FindingKind::Gone), "{}", found.text(9));
    let byte = found.findings.iter().find(|finding| finding.title == "no longer: byte 3C out");
    let byte = byte.unwrap_or_else(|| panic!("{}", found.text(9)));
    assert_eq!(byte.owner, Owner::Card);
    assert!(byte.follows_from.is_some(), "{}", found.text(9));
}

#[test]
fn a_read_of_another_value_follows_from_the_byte_that_came_in() {
    let came = "\
0.000 - wire in 90 start
320.000 - wire in 90
320.000 - line irq 9 = 1
320.000 I isr call irq 9
321.000 I bus in 330 -> 90 ; data
321.000 - line irq 9 = 0
322.000 I isr return irq 9, claimed
";
    let found = differ(came, &came.replace("90", "80"));
    assert_eq!((found.roots(), found.findings.len()), (1, 2), "{}", found.text(9));
    assert_eq!(found.findings[0].owner, Owner::Scenario);
    let read = &found.findings[1];
    assert_eq!((read.owner, read.follows_from), (Owner::Card, Some(1)), "{}", found.text(9));
}

/// The application stops a pin, and the driver polls a register after a delay.
fn stopped(stop_us: u32, asked_us: u32, end_us: u32) -> String {
    let taken_us = end_us - stop_us;
    format!(
        "== 100.000 a\n{stop_us}.000 P app stop\n\
         {end_us}.000 P kernel wait a delay of {asked_us}.000, over after {taken_us}.000\n\
         {end_us}.001 R bus in 331 -> BF ; status: can write, no data\n"
    )
}

#[test]
fn a_delay_that_ends_at_the_next_clock_interrupt_is_no_finding() {
    let found = differ(&stopped(800, 1_000, 2_000), &stopped(1_100, 1_000, 3_000));
    assert_eq!((found.roots(), found.findings.len()), (1, 1), "{}", found.text(9));
    assert_eq!(found.findings[0].title, "app: stop 300.000 us later");
    let found = differ(&stopped(800, 1_000, 2_000), &stopped(800, 1_000, 3_000));
    assert_eq!(found.findings.len(), 1, "a whole interval is more than the rest of one");
}

#[test]
fn a_delay_of_another_time_is_one_finding() {
    let found = differ(&stopped(800, 1_000, 2_000), &stopped(800, 1_500, 3_000));
    assert_eq!(found.findings.len(), 1, "{}", found.text(9));
    let finding = &found.findings[0];
    assert_eq!((finding.owner, finding.kind), (Owner::Driver, FindingKind::Due));
    let title = "the end of the delay of 1000.000 us -> the end of the delay of 1500.000 us";
    assert_eq!(finding.title, title);
    // The delays have different lengths but end at the same time.
    let found = differ(&stopped(800, 1_200, 2_000), &stopped(900, 1_100, 2_000));
    assert_eq!(found.findings.len(), 1, "{}", found.text(9));
    assert_eq!(found.findings[0].title, "app: stop 100.000 us later");
}

#[test]
fn a_step_follows_the_clock_only_in_a_trace_without_facts_about_causes() {
    let without = |text: String| {
        let is_delay = |line: &&str| line.contains("a delay of");
        text.lines().filter(|line| !is_delay(line)).collect::<Vec<_>>().join("\n")
    };
    let [first, second] = [stopped(800, 1_000, 2_000), stopped(1_100, 1_000, 3_000)].map(without);
    let found = differ(&first, &second);
    assert_eq!(found.findings.len(), 2, "{}", found.text(9));
    let older = |text: &str| {
        let text = format!("# portcls-emu trace 1\n{text}\n").replace(" R bus", " P bus");
        parse(&text).expect("version 1 still reads").1
    };
    let found = diff(&older(&first), &older(&second), DiffOptions::default());
    assert_eq!(found.findings.len(), 1, "{}", found.text(9));
}

#[test]
fn a_delay_between_two_polls_belongs_to_the_polls() {
    let polls = |busy: u32| {
        let mut text =
            "== 0.000 a\n0.000 P port call Init\n1.000 P bus in 331 -> FF ; status: busy\n"
                .to_owned();
        for ms in 1..=busy {
            text += &format!("{ms}000.000 P kernel wait a delay of 500.000, over after 999.000\n");
            let state = if ms == busy { "BF ; status: ready" } else { "FF ; status: busy" };
            text += &format!("{ms}001.000 P bus in 331 -> {state}\n");
        }
        text
    };
    let found = differ(&polls(3), &polls(4));
    assert_eq!(found.findings.len(), 1, "{}", found.text(9));
    assert_eq!(found.findings[0].kind, FindingKind::Polls, "{}", found.text(9));
}

#[test]
fn another_status_of_the_driver_is_its_finding() {
    let failed = WRITE.replace("return Write, 3 bytes", "return Write, STATUS_IO_DEVICE_ERROR");
    let found = differ(WRITE, &failed);
    assert_eq!(found.findings.len(), 1, "{}", found.text(9));
    let finding = &found.findings[0];
    assert_eq!((finding.owner, finding.kind), (Owner::Driver, FindingKind::Value));
    assert_eq!(finding.came, "return Write, STATUS_IO_DEVICE_ERROR");
}

#[test]
fn events_without_a_common_cause_may_change_places_but_it_is_told() {
    let swapped = WRITE.replace(
        "6.000 D port return Write, 3 bytes\n36.000 - wire out 90 start\n",
        "36.000 - wire out 90 start\n6.000 D port return Write, 3 bytes\n",
    );
    let found = differ(WRITE, &swapped);
    assert_eq!(found.findings.len(), 1, "{}", found.text(9));
    assert_eq!(found.findings[0].kind, FindingKind::Order);
}

#[test]
fn a_tolerance_leaves_a_residual() {
    let later = WRITE.replace("2.000 D bus out 330", "2.040 D bus out 330");
    let with = |tolerance: &str| {
        let tolerance = tolerance.parse().expect("a tolerance");
        let options = DiffOptions { tolerance, ..DiffOptions::default() };
        diff(&log(WRITE), &log(&later), options)
    };
    let found = with("50ns");
    let residual = Some(Residual { least_ns: 40, most_ns: 40, over_half: 1 });
    assert_eq!((found.findings.len(), found.residual), (0, residual), "{}", found.text(9));
    assert!(found.text(9).contains("warning: 1 delay uses more than half"), "{}", found.text(9));
    let found = with("4%");
    let residual = Some(Residual { least_ns: 40, most_ns: 40, over_half: 1 });
    assert_eq!((found.findings.len(), found.residual), (0, residual), "{}", found.text(9));
    assert_eq!(with("10us|2%").residual.map(|residual| residual.over_half), Some(0));
    assert_eq!(with("39ns").roots(), 1);
    assert_eq!(with("3%").roots(), 1);
    assert_eq!(differ(WRITE, &later).roots(), 1);
}

#[test]
fn times_are_counted_where_only_the_order_is_compared() {
    let later = WRITE.replace("2.000 D bus out 330", "2.500 D bus out 330");
    let with = |mode, second: &str| {
        diff(&log(WRITE), &log(second), DiffOptions { mode, ..DiffOptions::default() })
    };
    let found = with(Mode::Order, &later);
    assert_eq!(found.findings, [], "{}", found.text(9));
    assert_eq!((found.passed.delays, found.passed.largest_delay_ns), (1, 500));
    assert!(found.text(9).contains("the largest by 0.500 us"), "{}", found.text(9));
    let value = with(Mode::Order, &later.replace("out 330 <- 90", "out 330 <- 91"));
    assert_eq!(value.roots(), 1, "{}", value.text(9));
    assert_eq!(with(Mode::Causal, &later).roots(), 1);
}

#[test]
fn an_exact_comparison_takes_each_event_at_its_time() {
    // In the second trace the wait is a whole interval of the clock longer.
    let trace = |poll_ms: u32| {
        let poll = "R bus in 331 -> BF ; status: can write, no data";
        format!("== 100.000 a\n800.000 P app stop\n{}.001 {poll}\n", poll_ms * 1_000)
    };
    let with = |mode, first: &str, second: &str| {
        let tolerance = "5us".parse().expect("a tolerance");
        let options = DiffOptions { mode, tolerance, ..DiffOptions::default() };
        diff(&log(first), &log(second), options)
    };
    assert_eq!(with(Mode::Exact, &trace(2), &trace(2)).findings, []);
    assert_eq!(with(Mode::Exact, &trace(2), &trace(3)).roots(), 1);
    let later = WRITE.replace("2.000 D bus out 330", "2.001 D bus out 330");
    assert_eq!(with(Mode::Causal, WRITE, &later).findings, []);
    assert_eq!(with(Mode::Exact, WRITE, &later).roots(), 1, "the tolerance does not count");
}

#[test]
fn actors_without_an_order_may_change_places() {
    let swapped = WRITE.replace(
        "6.000 D port return Write, 3 bytes\n36.000 - wire out 90 start\n",
        "36.000 - wire out 90 start\n6.000 D port return Write, 3 bytes\n",
    );
    for mode in [Mode::Exact, Mode::Causal] {
        let with = |unordered: &[&str]| {
            let unordered = unordered.iter().map(|&actor| actor.to_owned()).collect();
            let options = DiffOptions { mode, unordered, ..DiffOptions::default() };
            diff(&log(WRITE), &log(&swapped), options).findings.len()
        };
        assert_eq!((with(&[]), with(&["wire"]), with(&["line"])), (1, 0, 1));
    }
}

#[test]
fn the_rule_of_polls_says_which_numbers_are_equal() {
    let polled = |count: u32| {
        WRITE.replacen("331 -> 80 ;", &format!("331 -> 80  x{count} every 0.010 ;"), 1)
    };
    let with = |rule: &str, first: &str, second: &str| {
        let options = DiffOptions { polls: rule.parse().expect("a rule"), ..Default::default() };
        diff(&log(first), &log(second), options)
    };
    assert_eq!(with("exact", &polled(4), &polled(6)).findings[0].kind, FindingKind::Polls);
    assert_eq!(with("count:2", &polled(4), &polled(6)).findings, []);
    assert_eq!(with("count:1", &polled(4), &polled(6)).roots(), 1);
    assert_eq!(with("any", &polled(4), &polled(90)).findings, []);
    assert_eq!(with("any", &polled(4), &polled(90)).passed.polls, 1);
    let none = WRITE.replacen("1.000 D bus in 331 -> 80 ; status: can write, no data\n", "", 1);
    assert_eq!(with("any", WRITE, &none).roots(), 1, "no poll is not any number of polls");
}

#[test]
fn bits_that_mean_nothing_count_only_if_they_shall() {
    let other = WRITE.replacen("331 -> 80", "331 -> BF", 1);
    let with = |undriven| {
        diff(&log(WRITE), &log(&other), DiffOptions { undriven, ..DiffOptions::default() })
    };
    assert_eq!(with(Undriven::Compare).findings[0].kind, FindingKind::Bits);
    let found = with(Undriven::Ignore);
    assert_eq!((found.findings.len(), found.passed.bits), (0, 1), "{}", found.text(9));
}

#[test]
fn a_part_of_a_trace_begins_and_ends_at_marks() {
    let trace = log("== 1.000 one\n0.000 P app a\n== 2.000 two\n0.000 P app b\n== 3.000 one\n");
    let events = |from, to| between_marks(&trace, from, to).map(|part| part.events().count());
    assert_eq!(events(Some("one"), Some("two")), Ok(2));
    assert_eq!(events(Some("two"), Some("one")), Ok(2));
    assert_eq!(events(None, Some("two")), Ok(2));
    assert_eq!(events(Some("two"), None), Ok(3));
    assert_eq!(events(Some("three"), None), Err("three".to_owned()));
}

#[test]
fn calls_that_never_return_nest_as_deep_as_the_trace_is_long() {
    let deep = "1.000 P port call Write\n".repeat(20_000);
    let isrs = "1.000 I isr call irq 9\n".repeat(20_000);
    for lines in [deep, isrs] {
        assert_eq!(differ(&lines, &lines).findings.len(), 0);
        let more = format!("{lines}2.000 P app end\n");
        assert_eq!(differ(&lines, &more).roots(), 1);
    }
}

#[test]
fn what_came_before_the_first_mark_of_a_part_does_not_count() {
    let part = |clock: &str| format!("== {clock} a\n1.000 P app stop\n2.000 - wire in 90 start\n");
    let with = |start, second: &str| {
        diff(&log(&part("100.000")), &log(second), DiffOptions { start, ..DiffOptions::default() })
    };
    assert_eq!(with(Start::PowerOn, &part("107.000")).roots(), 1);
    assert_eq!(with(Start::FirstEvent, &part("107.000")).findings, []);
    let later = part("107.000").replace("1.000 P", "1.500 P");
    let found = with(Start::FirstEvent, &later);
    assert_eq!(found.findings[0].title, "app: stop 0.500 us later", "{}", found.text(9));
    let spot = found.findings[0].second.as_ref().expect("it is in the second trace");
    assert_eq!((spot.time_ns, spot.since_mark_ns), (108_500, 1_500));
}

#[test]
fn beside_an_older_trace_an_event_keeps_its_number() {
    let kernel = "0.000 P kernel queue a DPC\n0.000 P kernel timer tick, expired\n";
    let write = "1.000 D bus out 330 <- VALUE ; data\n";
    let newer = log(&format!("{kernel}{}", write.replace("VALUE", "90")));
    let text = format!("# portcls-emu trace 1\n{}", write.replace("VALUE", "91"));
    let (_, older) = parse(&text).expect("version 1 reads");
    let there = diff(&newer, &older, DiffOptions::default());
    let back = diff(&older, &newer, DiffOptions::default());
    assert_eq!((there.events, back.events), ([3, 1], [1, 3]));
    let numbers = |found: &Diff| {
        let spots = [&found.findings[0].first, &found.findings[0].second];
        spots.map(|spot| spot.as_ref().expect("a place in both").event)
    };
    assert_eq!((numbers(&there), numbers(&back)), ([2, 0], [0, 2]), "{}", there.text(9));
    let places = |found: &Diff| {
        let places = &found.findings[0].places;
        places.iter().map(|place| (place.first, place.second)).collect::<Vec<_>>()
    };
    assert_eq!(places(&there), [(Some(2), Some(0))], "the page draws at these");
    assert_eq!(places(&back), [(Some(0), Some(2))]);
}

#[test]
fn times_that_lie_far_apart_have_a_distance_with_an_end() {
    let last = "18446744073709551.615";
    let lines = format!(
        "0.000 P port call Write\n== {last} late\n 0.000 P port return Write\n== 0.000 early\n\
         0.000 P kernel timer tick, due in {last}, expires in {last}\n0.000 - bus irq 9 = 1\n"
    );
    let found = differ(&lines, &lines.replace("irq 9 = 1", "irq 9 = 0"));
    assert!(!found.findings.is_empty());
    for time_ns in [0, u64::MAX] {
        let explained = explain(&log(&lines), time_ns).expect("an event");
        assert!(explained.text().contains("us since power-on"), "{}", explained.text());
    }
}

#[test]
fn a_service_routine_that_passes_another_one_is_one_finding() {
    let rise = |time_us: u32| format!("{time_us}.000 - line irq 9 = 1\n");
    let routine = |begin_us: u32, byte: &str| {
        let end_us = begin_us + 1;
        format!(
            "{begin_us}.000 I isr call irq 9\n{end_us}.000 I bus in 330 -> {byte} ; data\n\
             {end_us}.000 - line irq 9 = 0\n{end_us}.000 I isr return irq 9, claimed\n"
        )
    };
    let (head, tail) = ("0.000 P port call Init\n", "90.000 P port return Init\n");
    let (rises, other) = ([rise(10), rise(30)], routine(30, "90"));
    let [first, second] = rises;
    let in_time = format!("{head}{first}{}{second}{other}{tail}", routine(10, "FE"));
    let late = format!("{head}{first}{second}{other}{}{tail}", routine(55, "FE"));
    let found = differ(&in_time, &late);
    assert_eq!(found.roots(), 1, "{}", found.text(12));
    assert_eq!(differ(&late, &in_time).findings.len(), found.findings.len());
}

#[test]
fn what_is_late_by_the_same_time_at_the_same_moment_is_one_finding() {
    let trace = |late_us: u32| {
        format!(
            "== 0.000 go\n0.000 P app starts\n100.000 - wire out 90 start\n\
             150.000 - wire2 serial in 3C start\n\
             {}.000 - wire out 90\n{}.000 - wire2 serial in 3C\n{}.000 P app is over\n",
            420 + late_us,
            470 + late_us,
            600 + late_us
        )
    };
    let found = differ(&trace(0), &trace(40));
    assert_eq!(found.roots(), 1, "{}", found.text(12));
    assert!(found.findings.len() >= 2 && found.findings[1].follows_from == Some(1));
    // If the two are late by different times, each is a finding of its own.
    let other = trace(0).replace("470.000", "520.000").replace("420.000", "460.000");
    assert_eq!(differ(&trace(0), &other).roots(), 2);
}

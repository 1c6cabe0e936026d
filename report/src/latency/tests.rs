//! Small traces, measured.

use portcls_emulator::trace::TraceLog;

use super::{Budget, Latency, Span, latency, table, usual_bins};
use crate::text::parse;

/// A timer's DPC that polls and writes two bytes, and is interrupted for 5 us.
const INTERRUPTED: &str = "\
# portcls-emu trace 2
== 0.000 go
    0.000   D  kernel    timer sequencer, due in 90.000, expires in 100.000
  100.000 -    kernel    timer sequencer, expired
  103.000   D  dpc       call sequencer
  104.000   D  bus       in  331 -> BF            ; status: can write, no data
  105.000   D  bus       out 330 <- 90            ; data
  105.000 -    wire      out 90 start
  106.000   D  bus       in  331 -> FF  x3 every 10.000 ; status: busy, no data
  130.000 -    line      irq 9 = 1
  132.000    I isr       call irq 9
  133.000    I bus       in  330 -> FE            ; ACK
  133.000 -    line      irq 9 = 0
  135.000    I kernel    queue service group
  137.000    I isr       return irq 9, claimed
  140.000   D  bus       in  331 -> BF            ; status: can write, no data
  141.000   D  bus       out 330 <- 3C            ; data
  150.000   D  dpc       return sequencer
  151.000   D  dpc       call service group
  153.000   D  dpc       return service group
  425.000 -    wire      out 90
  425.000 -    wire      out 3C start
  745.000 -    wire      out 3C
";

fn log(text: &str) -> TraceLog {
    parse(text).expect("a good trace").1
}

fn measured(text: &str) -> Latency {
    latency(&log(text), usual_bins())
}

/// The times of a span: their number, and the longest time and the sum in us.
fn times(latency: &Latency, span: Span, name: &str) -> (u64, u64, u64) {
    let found = latency.series.iter().find(|series| (series.span, &*series.name) == (span, name));
    let found = found.unwrap_or_else(|| panic!("{span:?} {name} in {:?}", latency.series));
    (found.count, found.max_ns / 1_000, found.total_ns / 1_000)
}

#[test]
fn a_routine_runs_for_its_time_without_the_routine_that_interrupts_it() {
    let found = measured(INTERRUPTED);
    assert_eq!(times(&found, Span::Isr, "irq 9"), (1, 5, 5));
    assert_eq!(times(&found, Span::Dpc, "sequencer"), (1, 42, 42));
    assert_eq!(times(&found, Span::Dpc, "service group"), (1, 2, 2));
}

#[test]
fn a_routine_waits_from_its_line_its_place_in_the_queue_or_its_timer() {
    let found = measured(INTERRUPTED);
    assert_eq!(times(&found, Span::Line, "irq 9"), (1, 2, 2));
    assert_eq!(times(&found, Span::Queue, "service group"), (1, 16, 16));
    assert_eq!(times(&found, Span::Queue, "sequencer"), (1, 3, 3));
}

#[test]
fn polls_count_up_to_the_write_of_a_byte_and_a_byte_is_late_from_the_due_time() {
    let found = measured(INTERRUPTED);
    assert_eq!((found.bytes_written, found.polls), (2, 5));
    assert_eq!(times(&found, Span::Poll, "out"), (2, 35, 36));
    // The timer was due at 90 us; the bytes start at 105 and 425 us.
    assert_eq!(times(&found, Span::Late, "sequencer"), (2, 335, 350));
}

#[test]
fn the_run_the_levels_and_the_lane_add_up() {
    let found = measured(INTERRUPTED);
    assert_eq!(found.run_ns, 745_000);
    let levels: Vec<_> = found.levels.iter().map(|at| (at.level, at.time_ns / 1_000)).collect();
    assert_eq!(
        levels,
        [("device level", 5), ("DISPATCH_LEVEL", 44), ("PASSIVE_LEVEL or idle", 696)]
    );
    assert_eq!(found.lanes.len(), 1);
    assert_eq!((found.lanes[0].bytes, found.lanes[0].busy_ns), (2, 640_000));
}

/// Three bytes come in, and an application reads two of them at once. The byte FE between these two
/// never reached the application.
#[test]
fn a_read_waits_from_the_end_of_its_last_byte() {
    let found = measured(
        "\
# portcls-emu trace 2
== 0.000 go
    0.000 -    wire      in C0 start
  320.000 -    wire      in C0
  320.000 -    wire      in FE start
  640.000 -    wire      in FE
  640.000 -    wire      in 05 start
  960.000 -    wire      in 05
  970.000 -    line      irq 9 = 1
  971.000    I isr       call irq 9
  972.000    I bus       in  330 -> 05            ; data
  972.000 -    line      irq 9 = 0
  973.000    I isr       return irq 9, claimed
  990.000   D  app       read completes: C0 05
",
    );
    assert_eq!(times(&found, Span::Read, "app"), (1, 30, 30));
    assert_eq!(times(&found, Span::Line, "irq 9"), (1, 1, 1));
}

#[test]
fn a_long_read_counts_the_bytes_that_its_note_leaves_out() {
    let mut text = "# portcls-emu trace 2\n== 0.000 go\n".to_owned();
    for number in 0..20 {
        let (start, end) = (number * 320, number * 320 + 320);
        text += &format!("{start}.000 -    wire      in {:02X} start\n", 0x10 + number);
        text += &format!("{end}.000 -    wire      in {:02X}\n", 0x10 + number);
    }
    let shown: Vec<String> = (0..16).map(|number| format!("{:02X}", 0x10 + number)).collect();
    text += &format!(" 6090.000   D  app       read completes: {} ... 19 bytes\n", shown.join(" "));
    // The 19th byte ended at 6080 us.
    assert_eq!(times(&measured(&text), Span::Read, "app"), (1, 10, 10));
}

#[test]
fn a_percentile_is_a_time_that_occurred_and_bins_have_their_lower_edge() {
    let mut text = "# portcls-emu trace 2\n== 0.000 go\n".to_owned();
    for number in 1..=200_u64 {
        let begin = number * 1_000;
        text += &format!("{begin}.000   D  dpc       call work\n");
        text += &format!("{}.000   D  dpc       return work\n", begin + number);
    }
    let found = latency(&log(&text), vec![10_000, 100_000]);
    let series = &found.series[0];
    assert_eq!((series.span, series.count, series.max_ns), (Span::Dpc, 200, 200_000));
    assert_eq!((series.average_ns, series.p99_ns), (100_500, 198_000));
    assert_eq!(series.bins, [9, 90, 101]);
    assert_eq!((series.worst.at_ns, series.worst.since_mark_ns), (200_000_000, 200_000_000));
}

#[test]
fn a_budget_is_broken_by_a_longer_time_only() {
    let found = measured(INTERRUPTED);
    let budget = |span, limit_us: u64| Budget { span, limit_ns: limit_us * 1_000 };
    assert!(found.breaches(&[budget(Span::Dpc, 42), budget(Span::Isr, 5)]).is_empty());
    let breaches = found.breaches(&[budget(Span::Dpc, 41), budget(Span::Line, 1)]);
    let told: Vec<_> = breaches.iter().map(|it| (it.span, &*it.name, it.above)).collect();
    assert_eq!(told, [(Span::Dpc, "sequencer", 1), (Span::Line, "irq 9", 1)]);
    assert_eq!(found.unmeasured(&[budget(Span::Read, 1), budget(Span::Dpc, 1)]), [Span::Read]);
}

#[test]
fn a_routine_that_never_returns_has_no_length() {
    let found = measured(
        "\
# portcls-emu trace 2
== 0.000 go
   10.000   D  dpc       call stuck
   12.000   D  bus       in  331 -> FF            ; status: busy, no data
",
    );
    assert!(found.series.iter().all(|series| series.span != Span::Dpc), "{:?}", found.series);
}

#[test]
fn a_trace_without_an_event_has_no_latency() {
    let found = measured("# portcls-emu trace 2\n");
    assert_eq!((found.run_ns, found.series.len(), found.lanes.len()), (0, 0, 0));
    assert!(found.text(&[]).starts_with("conclusion no service routine and no DPC ran;"));
}

#[test]
fn a_table_has_a_line_for_each_run_and_a_star_at_a_broken_budget() {
    let runs = [
        ("one".to_owned(), Ok(measured(INTERRUPTED))),
        ("another card".to_owned(), Err("the driver does not start".to_owned())),
    ];
    let budget = Budget { span: Span::Dpc, limit_ns: 41_000 };
    let text = table(&runs, &[budget]);
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 3, "{text}");
    assert!(lines[1].contains(" 42.000* ") && lines[1].contains(" 5.000  "), "{text}");
    assert!(lines[2].ends_with("the driver does not start"), "{text}");
}

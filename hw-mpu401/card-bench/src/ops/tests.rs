//! What a script may say, the errors of bad scripts, what a run prints, and
//! the built-in suite.

use std::fs;
use std::path::Path;

use hw_mpu401::{Fault, InitialState, Mpu401, Register, card, cards, families};

use super::*;

fn script(text: &str) -> Script {
    Script::parse("t.ops", text).expect("the script of a test is valid")
}

fn run_on_card(name: &str, text: &str) -> RunReport {
    let mut profiles = cards().iter().chain(families());
    let profile = profiles.find(|profile| profile.name == name).expect("a known card or family");
    run(&script(text), profile)
}

fn failures(name: &str, text: &str) -> Vec<String> {
    run_on_card(name, text).failures().map(|failure| failure.to_string()).collect()
}

fn error(text: &str) -> String {
    Script::parse("t.ops", text).expect_err("the script is not valid").to_string()
}

#[test]
fn the_first_title_of_each_script_is_found_without_a_look_at_its_accesses() {
    for (name, text) in hw_mpu401::conformance::SCRIPTS {
        let script = Script::parse(name, text).expect("a script of the project is valid");
        assert_eq!(Script::first_title(text).as_ref(), Some(&script.scenarios[0].title), "{name}");
    }
    assert_eq!(Script::first_title("\u{FEFF}# title: a\ntitle: b # c\n"), Some("b".to_owned()));
    assert_eq!(Script::first_title("init idle\nR S\n"), None);
}

#[test]
fn a_run_prints_each_access_with_its_time_and_its_result() {
    let report = run_on_card(
        "roland-mpu401",
        "title: A note
         source: Measured: firmware 1.5A
         init uart stale=40
         R D -> 40            # stale
         W D 90
         P S 40 00 1000 10 -> ok took 10..40
         in 80 3C
         wait 1000.5
         wire -> 90
         irq -> up
         R S -> 40/C0
         R S",
    );
    assert_eq!(
        report.to_string(),
        "\
# portcls-emu ops 1
# t.ops on roland-mpu401, 1.000 us an access
# time     us since init, at the end of the line
#
#    time   line  access
== A note
    0.000      3  init uart stale=40
    1.000      4  R D -> 40                                     ; ok
    2.000      5  W D 90
   25.000      6  P S 40 00 1000 10 -> ok                       ; 3 reads, ok
   25.000      7  in 80 3C
 1025.500      8  wait 1000.5
 1025.500      9  wire -> 90                                    ; ok
 1025.500     10  irq -> up                                     ; ok
 1026.500     11  R S -> 3F                                     ; FAILED: expected 40/C0, got 3F
 1027.500     12  R S -> 3F
# 4 as expected, 1 not
"
    );
    assert_eq!(report.verdict(), Verdict::Failed);
    let failure = report.failures().next().expect("one");
    assert_eq!(
        failure.to_string(),
        "t.ops:11: expected 40/C0, got 3F (roland-mpu401, A note, 1026.500 us)"
    );
}

#[test]
fn a_line_for_a_card_stands_instead_of_the_one_for_all() {
    let text = "init uart
                W D 55
                R S -> 80/C0
                  @roland-mpu401 @clone-dumb -> C0/C0
                R S -> any
                  @clone-dumb -> 00";
    assert_eq!(failures("smsc-superio", text), [""; 0]);
    assert_eq!(failures("roland-mpu401", text), [""; 0]);
    let clone = failures("clone-dumb", text);
    assert_eq!(clone, ["t.ops:5: expected 00, got C0 (clone-dumb, t.ops, 3.000 us)"]);
}

#[test]
fn what_is_said_of_a_card_holds_for_those_that_are_like_it() {
    let text = "like clone-dumb: es1688 smsc-superio
                init uart
                W D 55
                R S -> FF
                  @clone-dumb -> C0/C0
                  @smsc-superio -> 80";
    assert_eq!(failures("clone-dumb", text), [""; 0]);
    assert_eq!(failures("smsc-superio", text), [""; 0]);
    let es1688 = failures("es1688", text);
    assert_eq!(es1688, ["t.ops:4: expected C0/C0, got 80 (es1688, t.ops, 2.000 us)"]);
    assert!(error("init idle\nlike sb16: clone-dumb").starts_with("t.ops:2:1: 'like' is not"));
}

#[test]
fn a_scenario_is_run_on_the_cards_it_is_meant_for() {
    let text = "title: one\ncards: sb16\ninit idle\nR S -> 00\ntitle: two\ninit idle\nR S";
    let report = run_on_card("smsc-superio", text);
    assert_eq!(report.verdict(), Verdict::NothingChecked);
    assert_eq!(report.scenarios[0].has_failed(), None);
    assert!(report.to_string().contains("== one\n# not meant for this card\n== two\n"));
    assert!(report.to_string().ends_with("# nothing was checked\n"));
    assert_eq!(run_on_card("sb16", text).verdict(), Verdict::Failed);
}

#[test]
fn times_are_checked_since_init_and_since_the_line_began() {
    let text = "init uart
                wait 100
                R S -> any within 101..101 took 1..1
                R S -> any within 103..200
                P S 80 00 3 10 -> timeout took 22..22 within 0..100";
    assert_eq!(
        failures("smsc-superio", text),
        [
            "t.ops:4: expected any within 103..200, got 80 at 102.000 (smsc-superio, t.ops, \
             102.000 us)",
            "t.ops:5: expected timeout within 0..100 took 22..22, got timeout at 125.000 after \
             23.000 (smsc-superio, t.ops, 125.000 us)",
        ]
    );
}

#[test]
fn init_in_the_middle_starts_a_new_card_at_time_0() {
    let text = "init uart\nW D 90\nwait 1000\ninit uart\nR S -> 80 within 1..1\nwire -> none";
    assert_eq!(failures("smsc-superio", text), [""; 0]);
}

#[test]
fn a_repeat_runs_its_lines_that_often() {
    let report = run_on_card("smsc-superio", "init uart\nrepeat 3\n  W D 90\n  R S -> 80\nend");
    assert_eq!(report.met(), 3);
    let text = "init uart\nrepeat 3\n  in 90\nend\nwait 960\nrepeat 3\nR D -> 90\nend\nR S -> 80";
    assert_eq!(failures("smsc-superio", text), [""; 0], "input is back to back");
}

#[test]
fn clock_bytes_of_the_card_are_left_out_and_those_of_the_host_are_not() {
    let idle = "init idle\nwait 1000000\nwire -> none\nwait 1000000\nwire all -> count 40";
    assert_eq!(failures("roland-mpu401", idle), [""; 0]);
    let uart = "init uart\nW D F8\nwait 1000\nwire -> F8\nwire -> none";
    assert_eq!(failures("roland-mpu401", uart), [""; 0]);
    let both = "init idle\nW C 3F\nwait 24900\nR D -> FE\nwait 100000\nW D F8\nwait 1000
                wire -> F8";
    assert_eq!(failures("roland-mpu401", both), [""; 0]);
}

#[test]
fn bytes_that_differ_are_shown_beside_those_expected() {
    let text = "init uart\nW D 90\nW D 3C\nwait 1000\nwire -> 90 3C 40\nwire -> count 1..2";
    assert_eq!(
        failures("smsc-superio", text),
        [
            "t.ops:5: expected 90 3C 40, got 90 3C (smsc-superio, t.ops, 1002.000 us)",
            "t.ops:6: expected count 1..2, got count 0 (smsc-superio, t.ops, 1002.000 us)",
        ]
    );
}

#[test]
fn drain_reads_while_a_byte_waits_and_no_more_than_it_may() {
    let text = "init uart
                in 90 3C 40
                wait 1000
                drain 2 -> 90 3C took 4..4
                drain 300 -> 40 took 3..3
                drain 300 -> none
                in 80 3C
                wait 1000
                drain 300 -> count 2";
    assert_eq!(failures("fifo-chip", text), [""; 0]);
    let wrong = "init uart\nin 90 3C\nwait 1000\ndrain 9 -> 90\ndrain 9 -> count 1..2";
    assert_eq!(
        failures("fifo-chip", wrong),
        [
            "t.ops:4: expected 90, got 90 3C (fifo-chip, t.ops, 1005.000 us)",
            "t.ops:5: expected count 1..2, got count 0 (fifo-chip, t.ops, 1006.000 us)",
        ]
    );
}

#[test]
fn a_byte_can_be_expected_to_differ() {
    let text = "init uart\nR S -> not FF\nR S -> not 40/C0\nR S -> not 80/C0";
    assert_eq!(
        failures("smsc-superio", text),
        ["t.ops:4: expected not 80/C0, got 80 (smsc-superio, t.ops, 3.000 us)"]
    );
}

#[test]
fn the_times_of_bytes_on_the_wire_are_checked_with_a_tolerance() {
    let text = "init uart
                W D 90
                W D 3C
                W D 40
                wait 2000
                wire -> 90 3C 40 starts 33+-0.5 320+-1 any
                wire -> none
                repeat 3
                W D 55
                wait 400
                end
                wire -> count 3 pace 401..401 within 3000..4000";
    assert_eq!(failures("fifo-chip", text), [""; 0]);
    let wrong = "init uart
                 W D 90
                 W D 3C
                 wait 2000
                 wire -> 90 3C starts 33..33 321..322
                 W D 40
                 wait 400
                 wire -> 40 pace 320..320
                 W D 55
                 wait 400
                 wire -> any starts any any";
    assert_eq!(
        failures("fifo-chip", wrong),
        [
            "t.ops:5: expected 90 3C starts 33..33 321..322, got 90 3C starts 33.000 320.000 \
             (fifo-chip, t.ops, 2002.000 us)",
            "t.ops:8: expected 40 pace 320..320, got 40 without a pace: fewer than two bytes \
             (fifo-chip, t.ops, 2403.000 us)",
        ]
    );
}

#[test]
fn an_error_says_where_what_and_how_to_mend_it() {
    let cases = [
        ("", "t.ops:1:1: the script is empty; write init and accesses"),
        ("# nothing\n\n", "t.ops:2:1: the script is empty; write init and accesses"),
        ("title: a\n", "t.ops:1:1: this scenario does nothing; write init and accesses"),
        ("R S", "t.ops:1:1: the card has no state yet; begin with a line like init idle"),
        (
            "init hot",
            "t.ops:1:6: 'hot' is not a state of the card; \
             write init power-on, init idle, init uart or init uart stale=40",
        ),
        (
            "init idle\n  W C 3",
            "t.ops:2:7: '3' is not a byte; a byte is two hexadecimal digits, like 3F",
        ),
        (
            "init uart stale=4",
            "t.ops:1:17: '4' is not a byte; a byte is two hexadecimal digits, like 3F",
        ),
        (
            "init idle\nR C",
            "t.ops:2:3: 'C' is not a register that is read; \
             S is STATUS, D is DATA and C, which is only written, is COMMAND",
        ),
        (
            "init idle\nP S 40 80 10 1",
            "t.ops:2:8: '80' is not a value that can be met; \
             set no bit in the value that the mask leaves out",
        ),
        (
            "init idle\nP S 40 00 0 1",
            "t.ops:2:11: '0' is not a number that fits here; use 1 to 10000000, in decimal",
        ),
        (
            "init idle\nP S 40 00 10",
            "t.ops:2:13: the time between two reads is missing; \
             write P S MASK VALUE TIMES PAUSE, like P S 40 00 1000 10",
        ),
        (
            "init idle\nwait 1.2345",
            "t.ops:2:6: '1.2345' is not a time; \
             a time is a decimal number of us with up to three digits behind the point",
        ),
        (
            "init idle\nR S ->80",
            "t.ops:2:5: '->80' is not expected here; \
             write -> before what is expected, with spaces",
        ),
        (
            "init idle\nW D 00 -> 00",
            "t.ops:2:8: '->' is not expected here; nothing can be expected of this line",
        ),
        (
            "init idle\nR S -> 80 within 5..1",
            "t.ops:2:18: '5..1' is not a span; \
             write the first and the last time in us, like 26000..28000",
        ),
        (
            "init idle\nR S\n@nobody -> 80",
            "t.ops:3:2: 'nobody' is not a card; name each card once; the cards are ",
        ),
        (
            "init idle\nW D 00\n  @sb16 -> 80",
            "t.ops:3:3: '@sb16' is not expected here; \
             write @CARD -> RESULT, with one card or several, below what it is about",
        ),
        (
            "init idle\nrepeat 2\nR S",
            "t.ops:2:1: this repeat has no end; write end behind its last line",
        ),
        (
            "init idle\nend",
            "t.ops:2:1: 'end' is not expected here; write repeat and some lines before it",
        ),
        (
            "init idle\nr s",
            "t.ops:2:1: 'r' is not a thing to do; did you mean R? a line begins with init, \
             hold, fault, R, W, P, drain, wait, in, wire, irq, enable, gate, activate, \
             deactivate, corrupt, causes, repeat or end, or with title:, source:, cards:, \
             differs, open or like",
        ),
        (
            "init idle\nirq -> dwn",
            "t.ops:2:8: 'dwn' is not a result of this line; did you mean down?",
        ),
        (
            "init idle\nR S -> 80 witin 1..2",
            "t.ops:2:11: 'witin' is not expected here; did you mean within?",
        ),
        ("init unart", "t.ops:1:6: 'unart' is not a state of the card; did you mean uart?"),
        ("init idle\nR S\n@sb61 -> 80", "t.ops:3:2: 'sb61' is not a card; did you mean sb16?"),
        (
            "init idle\nR S -> not FF/C0",
            "t.ops:2:12: 'FF/C0' is not a value that can be met; \
             set no bit before the / that the mask behind it leaves out",
        ),
        (
            "init idle\nR S -> 80 pace 320+-1",
            "t.ops:2:11: 'pace' is not expected here; end the line here, \
             or begin a comment with #",
        ),
        (
            "init idle\nwire -> any starts 320",
            "t.ops:2:20: '320' is not a span; write the first and the last time in us, like \
             26000..28000, or a tolerance, like 320+-2",
        ),
        (
            "init idle\nrepeat 60000\nR S\nR S\nend",
            "t.ops:4:1: with this line the scenario may need more than 100000 steps; \
             split the scenario, or repeat and poll less often",
        ),
        (
            "init idle\nwait 3600000000\nwait 1",
            "t.ops:3:1: with this line the scenario may need more than 3600000000 us of waiting; \
             split the scenario, or repeat and poll less often",
        ),
        (
            "init uart\nrepeat 4097\nin 90\nend",
            "t.ops:3:1: with this line the scenario may need more than 4096 bytes on MIDI IN; \
             split the scenario, or repeat and poll less often",
        ),
    ];
    for (text, wanted) in cases {
        let error = error(text);
        assert!(error.starts_with(wanted), "{text:?}: {error}");
    }
}

#[test]
fn a_script_may_have_carriage_returns_a_byte_order_mark_and_tabs() {
    let text = "\u{FEFF}init\tuart\r\n\tR S -> 80/C0 # é\r\n";
    assert_eq!(failures("smsc-superio", text), [""; 0]);
    assert_eq!(error("init uart # é\n\té"), error("init uart\n\té"));
    assert!(error("init uart\n\té").starts_with("t.ops:2:2: 'é'"));
}

#[test]
fn another_model_is_run_under_a_name_of_its_own() {
    let text = "init idle\nR S -> BF\n  @mine -> 80";
    let script = Script::parse_for("t.ops", text, &["mine"]).expect("valid");
    let sb16 = card("sb16").expect("a known card");
    let report = run_on(&script, "mine", 2_000, |initial| Mpu401::new(sb16, initial));
    assert_eq!(report.verdict(), Verdict::Passed, "{report}");
    assert_eq!(report.scenarios[0].lines.as_ref().expect("run")[1].time_ns, 2_000);
}

#[test]
fn a_script_can_be_looked_at() {
    let script = script("title: a # b\nsource: c\nsource: d\nopen sb16: e\ninit power-on\nR S");
    let scenario = &script.scenarios[0];
    let sources: Vec<&str> = scenario.sources.iter().map(|source| source.text.as_str()).collect();
    assert_eq!((scenario.title.as_str(), sources), ("a", vec!["c", "d"]));
    assert_eq!(scenario.remarks[0].ground.cards, ["sb16"]);
    let action = |block: usize| &scenario.blocks[block].steps[0].action;
    assert_eq!(*action(0), Action::Card(CardAction::Init(InitialState::PowerOn)));
    assert_eq!(*action(1), Action::Host(HostAction::Read(Register::Command)));
}

#[test]
fn the_suite_that_is_built_in_can_be_read_and_its_table_has_every_card() {
    let report = check(cards());
    assert_eq!(report.rows.len(), suite().iter().map(|s| s.scenarios.len()).sum::<usize>());
    assert!(report.rows.iter().all(|row| row.cells.len() == cards().len()));
    assert!(report.to_string().contains("roland-mpu401"));
    assert!(report.markdown().contains("| 1 | roland-mpu401 |"));
}

#[test]
fn the_page_of_the_format_has_every_action_in_the_order_of_the_table() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/ops.md");
    let page = fs::read_to_string(path).expect("the page is there").replace("\r\n", "\n");
    let cell = |form: &str| format!("`{}`", form.replace(", ", "`, `"));
    let rows: String =
        actions().map(|(form, meaning)| format!("| {} | {meaning} |\n", cell(form))).collect();
    assert!(page.contains(&rows), "docs/ops.md has not these rows:\n{rows}");
}

#[test]
fn a_hold_and_a_fault_are_read_and_written_back() {
    let text = "init uart\nhold 1.5\nfault hanging-note 2\nfault hanging-note off";
    let script = script(text);
    let steps = script.scenarios[0].blocks.iter().flat_map(|block| &block.steps);
    let actions: Vec<Action> = steps.map(|step| step.action.clone()).collect();
    let card = |action| Action::Card(action);
    let fault = |bytes| card(CardAction::Fault(Fault::HangingNote, bytes));
    assert_eq!(actions[1..], [card(CardAction::Hold(1_500)), fault(2), fault(0)]);
    let written: Vec<String> = actions.iter().map(ToString::to_string).collect();
    assert_eq!(written[1..].join("\n"), text.split_once('\n').expect("several lines").1);
}

#[test]
fn a_line_about_what_acts_from_outside_is_written_as_it_was_read() {
    let lines = [
        "in 90 3C framing",
        "in baud 38400 90",
        "in break 500.5",
        "enable rx tx",
        "enable none",
        "gate closed",
        "gate open",
        "deactivate",
        "activate",
        "corrupt out 40 3",
        "corrupt in 01 1",
        "causes",
    ];
    let text = format!("init idle\n{}", lines.join("\n"));
    let script = Script::parse("t.ops", &text).expect("a script");
    let steps = script.scenarios[0].blocks.iter().flat_map(|block| &block.steps);
    let written: Vec<String> = steps.skip(1).map(|step| step.action.to_string()).collect();
    assert_eq!(written, lines);
}

#[test]
fn a_mistake_in_a_line_about_what_acts_from_outside_is_named() {
    let cases = [
        ("in break 31.999", "t.ops:2:10: '31.999' is not as long as a bit; write in break 500"),
        ("in baud 250001 90", "t.ops:2:9: '250001' is not a number that fits here; use 1 to"),
        ("in baud 299 90", "t.ops:2:9: '299' is not a speed; write in baud 38400"),
        ("in baud 38400 90 framing", "t.ops:2:18: 'framing' is not a byte; write in baud 38400"),
        ("in 90 framing 3C", "t.ops:2:15: '3C' is not expected here; end the line behind framing"),
        ("enable", "t.ops:2:7: a cause is missing; write enable rx"),
        ("enable rx rx", "t.ops:2:11: 'rx' is not named for the first time; write enable rx"),
        ("enable irq", "t.ops:2:8: 'irq' is not a cause; "),
        ("gate close", "t.ops:2:6: 'close' is not a position of the gate; did you mean closed?"),
        ("corrupt wire 40 3", "t.ops:2:9: 'wire' is not a MIDI line; "),
        ("corrupt out 40 0", "t.ops:2:16: '0' is not a number that fits here; use 1 to 1000000"),
        ("causes -> up", "t.ops:2:11: 'up' is not a cause; "),
        ("gate open -> up", "t.ops:2:11: '->' is not expected here; nothing can be expected"),
    ];
    for (line, expected) in cases {
        let found = error(&format!("init idle\n{line}"));
        assert!(found.starts_with(expected), "{line}:\n{found}\n{expected}");
    }
    assert_eq!(failures("smsc-superio", "init idle\ncauses -> none\ncauses -> any"), [""; 0]);
    let failed = failures("smsc-superio", "init uart\ncauses -> rx tx");
    assert_eq!(failed, ["t.ops:2: expected rx tx, got none (smsc-superio, t.ops, 0.000 us)"]);
}

#[test]
fn a_ground_has_a_strength_and_its_cards() {
    let script = script(
        "title: a
         source measured roland-mpu401: b
         source sheet: c
         source sb16: d
         differs log sb16 awe64: e
         init uart",
    );
    let scenario = &script.scenarios[0];
    let facts = |ground: &Ground| (ground.strength, ground.cards.len(), ground.text.clone());
    let sources: Vec<_> = scenario.sources.iter().map(facts).collect();
    let wanted =
        [(Some(Strength::Measured), 1, "b"), (Some(Strength::Sheet), 0, "c"), (None, 1, "d")];
    assert_eq!(sources, wanted.map(|(strength, cards, text)| (strength, cards, text.to_owned())));
    assert_eq!(facts(&scenario.remarks[0].ground), (Some(Strength::Log), 2, "e".to_owned()));
}

#[test]
fn a_ground_that_is_not_whole_is_refused() {
    let hint = "write source: TEXT, or source STRENGTH CARD...: TEXT, where STRENGTH is measured, \
                sheet, driver, log or assumed";
    let no_card = error("title: a\nsource measured sb16 b");
    assert!(no_card.starts_with("t.ops:2:22: 'b' is not a card; "), "{no_card}");
    assert_eq!(
        error("title: a\nsource measured sb16"),
        format!("t.ops:2:21: a text behind a : is missing; {hint}")
    );
    let open = "t.ops:2:1: 'open' is not complete; write open CARD...: WHY";
    assert_eq!(error("title: a\nopen measured sb16: b"), open);
    let differs = "t.ops:2:1: 'differs' is not complete; write differs CARD...: WHY, or differs \
                   STRENGTH CARD...: WHY";
    assert_eq!(error("title: a\ndiffers measured: b"), differs);
}

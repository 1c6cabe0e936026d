//! Tests of scenarios and of the mistakes in them.

use std::path::Path;

use super::*;

/// A scenario with these lines after its title.
fn text(lines: &str) -> String {
    format!("version = 1\ntitle = \"A test\"\n{lines}")
}

fn run(lines: &str) -> Outcome {
    let scenarios = read("test.toml", &text(lines), Path::new(".")).expect("it is a scenario");
    scenarios[0].run()
}

/// The error of a scenario with these lines; the first of these lines is line 3.
fn error(lines: &str) -> String {
    let found = read("test.toml", &text(lines), Path::new("."));
    found.expect_err(&format!("it is no scenario: {lines}")).to_string()
}

const PLAY: &str = "[machine]\ncard = \"smsc-superio\"\n[[step]]\nopen = \"render\"\n[[step]]\n\
                    state = \"run\"\n[[step]]\nwrite = \"90 3C 40\"\n[[step]]\nwait = \"2ms\"\n";

#[test]
fn a_scenario_can_be_run_on_any_thread() {
    fn is_free<T: Send + Sync>() {}
    is_free::<Scenario>();
}

#[test]
fn a_mistake_has_its_place_and_says_what_to_write() {
    let mut others = Vec::new();
    for (lines, expected) in [
        ("[machin]", "3:2: there is no key 'machin'; did you mean machine?"),
        ("[machine]\nfoo = 1", "4:1: there is no key 'foo'; write one of card"),
        ("[machine]\ncard = \"sb17\"", "4:8: there is no card 'sb17'; did you mean sb16?"),
        ("[machine]\nport = \"G\"", "4:8: 'G' is no port; use 0 to FFFE"),
        ("[machine]\nirq = 16", "4:7: irq 16 is not possible; write 2 to 15"),
        ("[machine]\ntiming = \"slow\"", "4:10: 'slow' is no choice of latencies; use min, typ"),
        ("[machine]\naccess = \"1\"", "4:10: '1' is no time; give a number and a unit"),
        ("[machine]\nstale = 1", "4:9: a card at power-on has no stale byte"),
        ("[machine]\nresources = [\"x\"]", "4:1: 'x' is no resource;"),
        ("[machine]\neach-card = []", "4:1: each-card names no card;"),
        ("[machine]\ncard = \"no.toml\"", "4:8: cannot read no.toml: No such file or directory;"),
        ("[driver]\nname = \"uarts\"", "4:8: there is no driver 'uarts'; did you mean uart?"),
        ("[driver]\npath = \"no.sys\"", "4:8: cannot read no.sys:"),
        ("[driver]\nregistry = { X = \"1\" }", "4:18: 'X = 1' is no registry value; give NAME="),
        ("[[step]]\nat = \"1ms\"", "3:1: the step does nothing; write one of open"),
        ("[[step]]\nmark = \"a\"\nwait = \"1ms\"", "5:8: a step does one thing; put mark and wait"),
        ("[[step]]\nmark = \"a\"\ndue = \"1ms\"", "5:7: due does not go with mark; leave it out"),
        ("[[step]]\nopne = \"render\"", "4:1: there is no key 'opne'; did you mean open?"),
        ("[[step]]\nopen = \"rendr\"", "4:8: 'rendr' is not possible here; did you mean render?"),
        ("[[step]]\nwrite = \"F8\"", "4:9: no render pin is open here;"),
        ("[[step]]\nopen = \"render\"\n[[step]]\nopen = \"render\"", "6:8: a pin 'render' is open"),
        ("[[step]]\nopen = \"render\"\n[[step]]\nread = 1", "6:8: no capture pin is open here;"),
        ("[[step]]\nopen = \"render\"\n[[step]]\nwrite = \"9\"", "6:9: '9' is no byte; write two"),
        ("[[step]]\nopen = \"render\"\n[[step]]\nclose = \"rendr\"", "6:9: no pin 'rendr' is open"),
        ("[[step]]\nhold = \"DISPATCH_LEVEL\"", "4:8: hold needs a time; write for"),
        ("[[step]]\nhold = \"DISPATCH\"\nfor = \"1us\"", "4:8: 'DISPATCH' is no level"),
        ("[[step]]\nfault = \"edges\"", "4:9: there is no fault 'edges'; did you mean edge?"),
        (
            "[[step]]\nfault = \"ack-lots\"",
            "4:9: there is no fault 'ack-lots'; did you mean ack-lost?",
        ),
        ("[[step]]\nfault = \"ack-lost\"\ncard = 2", "5:8: there is no card 2; the machine has 1"),
        (
            "[[step]]\nfault = \"ack-lost\"\nskip = 1",
            "5:8: skip does not go with the fault ack-lost of a card; leave it out",
        ),
        (
            "[[step]]\nfault = \"edge\"\ncard = 1",
            "5:8: card does not go with the fault edge; leave it out",
        ),
        (
            "[[step]]\ncable = \"F8\"\nwire = \"frame\"",
            "5:8: 'frame' is no fault of a sender; write framing, or baud and 300 to 250000",
        ),
        ("[[step]]\ncable = \"F8\"\nwire = \"baud 9\"", "5:8: 'baud 9' is no fault of a sender;"),
        ("[[step]]\nmark = \"a\"\nwire = \"framing\"", "5:8: wire does not go with mark; leave it"),
        ("[driver]\ninf = \"no.inf\"", "4:7: cannot read no.inf: No such file or directory;"),
        ("[driver]\ninf = \"a.inf:\"", "4:7: 'a.inf:' names no INF; write x.inf, or x.inf:MODEL"),
        ("[[step]]\nfault = \"byte-to-card\"", "4:9: byte-to-card can go in several ways; write"),
        ("[[step]]\npower = \"D9\"", "4:9: 'D9' is not possible here;"),
        ("[[step]]\ncable = \"F8\"\ncard = 2", "5:8: there is no card 2; the machine has 1"),
        ("[[step]]\ncable = \"F8\"\ntimes = 2", "5:9: times needs a distance; write every"),
        (
            "[[step]]\nmark = \"a\"\nstatus = \"OK\"",
            "5:10: 'OK' is no status; write STATUS_SUCCESS",
        ),
        ("[[step]]\nmark = 1", "4:8: integer `1` is not possible here; write a text"),
        ("[step]\nmark = \"a\"", "3:1: a table is not possible here; write a list as in"),
        ("[machine]\nirq = \"9\"", "4:7: string \"9\" is not possible here; write a whole number"),
        ("[[step]]\nwrite = 90", "4:9: integer `90` is not possible here; write a text in \"\""),
        (
            "[[step]]\nrequests = 1\nrefill = \"yes\"",
            "5:10: string \"yes\" is not possible here; write true or false, without \"\"",
        ),
        (
            "[expect]\nviolations = \"X\"",
            "4:14: string \"X\" is not possible here; write a list as",
        ),
        ("[expect]\nviolations = [\"IrqlRetrun\"]", "4:15: there is no rule 'IrqlRetrun'; did you"),
        (
            "[expect]\nnever = [\"out 330 while asleep\"]",
            "4:10: 'out 330 while asleep' has no known",
        ),
        ("[expect]\npin = [{ name = \"x\" }]", "4:17: no step opens a pin 'x'; leave it out"),
        ("[expect]\ncard = [{ number = 2 }]", "4:20: there is no card 2;"),
        ("[expect]\nbug-check = \"X\"", "4:13: 'X' is no bug check;"),
        ("[golden]\ntime = \"5\"", "4:8: '5' is no time;"),
        ("[golden]\npolls = \"some\"", "4:9: 'some' is not possible here; write exact"),
        ("[golden]\nfilter = \"register\"", "4:10: 'register' is not possible here; did you mean"),
        ("[machine", "3:9: this is no TOML:"),
    ] {
        let error = error(lines);
        let expected = format!("test.toml:{expected}");
        if !error.starts_with(&expected) {
            others.push(format!(
                "{lines}
    {error}
    {expected}"
            ));
        }
    }
    assert!(
        others.is_empty(),
        "{}",
        others.join(
            "
"
        )
    );
}

#[test]
fn a_mistake_in_the_inf_of_a_driver_has_its_place_in_both_files() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../guest/drivers/inf");
    let error = |lines: &str| read("t.toml", &text(lines), &folder).unwrap_err().to_string();
    let model = error("[driver]\ninf = \"second_range.inf:PNPB007\"");
    assert!(model.starts_with("t.toml:4:7: second_range.inf:"), "{model}");
    assert!(model.contains("PNPB007"), "{model}");
    // The port of the card is in no range of the INF.
    let place = error(
        "[machine]\ncard = \"roland-mpu401\"\nport = \"400\"\n\
         [driver]\ninf = \"second_range.inf\"",
    );
    assert!(place.starts_with("t.toml:7:7: "), "{place}");
    assert!(place.contains("has room for the MPU-401 at port 400"), "{place}");
    let values = read("t.toml", &text("[driver]\ninf = \"second_range.inf\""), &folder).unwrap();
    assert!(values[0].run().header.machine.contains("mpu401"));
}

#[test]
fn a_golden_tells_the_edition_of_its_scenario() {
    let lines = format!("{PLAY}[golden]\nfrom = \"app writes\"");
    let scenarios = read("test.toml", &text(&lines), Path::new(".")).unwrap();
    let golden = scenarios[0].run().golden_text().unwrap();
    let edition = &scenarios[0].edition;
    assert!(golden.contains(&format!("\n# scenario {edition}\n")), "{golden}");
    let other = text(&lines.replace("2ms", "3ms"));
    let other = read("test.toml", &other, Path::new(".")).unwrap();
    let judgement = crate::judgement::judge(&other[0], Some(&golden));
    assert!(judgement.is_other_edition && !judgement.differs());
    let same = crate::judgement::judge(&scenarios[0], Some(&golden));
    assert!(!same.is_other_edition);
    let older = golden.replace(&format!("# scenario {edition}\n"), "");
    let older = crate::judgement::judge(&other[0], Some(&older));
    assert!(!older.is_other_edition, "a golden without an edition tells nothing");
}

#[test]
fn the_head_of_a_scenario_is_needed() {
    let read = |text: &str| read("t.toml", text, Path::new(".")).unwrap_err().to_string();
    assert!(read("version = 1").starts_with("t.toml:1:1: the key title is missing; write it"));
    assert!(read("title = \"x\"").starts_with("t.toml:1:1: the key version is missing; write it"));
    let later = read("title = \"x\"\nversion = 2");
    assert!(later.starts_with("t.toml:2:11: this program reads no version 2; write"), "{later}");
    let long = " ".repeat(MAX_SCENARIO_BYTES + 1);
    assert!(read(&long).contains("the limit is 1048576"));
}

#[test]
fn cards_that_exclude_each_other_are_no_machine() {
    let two = |second: &str| {
        error(&format!("[machine]\ncard = \"smsc-superio\"\n[[machine.cards]]\n{second}"))
    };
    let same_port = two("card = \"sb16\"\nirq = 5");
    assert!(same_port.contains("two cards are at port 330; give each card ports"), "{same_port}");
    let same_line = two("card = \"roland-mpu401\"\nport = \"300\"");
    assert!(same_line.contains("one card has irq 9 by edge, another by level"), "{same_line}");
}

#[test]
fn a_scenario_for_several_cards_is_one_for_each() {
    let lines = "[machine]\neach-card = [\"sb16\", \"smsc-superio\"]\n[golden]\n";
    let scenarios = read("folder/start.toml", &text(lines), Path::new(".")).unwrap();
    let goldens: Vec<String> = scenarios.iter().map(Scenario::golden_file).collect();
    assert_eq!(goldens, ["start.sb16.trace", "start.smsc-superio.trace"]);
    assert!(scenarios[1].run().header.machine.contains("card smsc-superio"));
}

#[test]
fn what_is_expected_comes_or_the_result_says_what_came() {
    let good = run(&format!("{PLAY}[expect]\nwire-out = \"90 3C 40\"\nlost = 0"));
    assert_eq!(good.verdict(), Verdict::Passed);
    let bad = run(&format!("{PLAY}[expect]\nwire-out = \"90 3E 40\"\nwire-out-count = 2"));
    assert_eq!(bad.verdict(), Verdict::Failed);
    let words: Vec<String> = bad.checks.iter().map(Check::to_string).collect();
    assert_eq!(
        words,
        [
            "wire-out-count: 2 expected, 3 came",
            "wire-out: 90 3E 40 expected, 90 3C 40 came; the first byte is the same",
        ]
    );
    assert_eq!(run(PLAY).verdict(), Verdict::NothingChecked);
}

#[test]
fn a_step_that_is_refused_ends_the_scenario_unless_it_says_so() {
    let refused = "[[step]]\nopen = \"render\"\n[[step]]\nwrite = \"F8\"\n";
    let failed = run(&format!("{refused}[[step]]\nmark = \"never\"\n"));
    assert_eq!(failed.verdict(), Verdict::Failed);
    let words = failed.checks[0].to_string();
    assert!(words.starts_with("step 2 (line 6), write: STATUS_SUCCESS expected, but"), "{words}");
    assert!(!failed.golden_text().unwrap().contains("never"));
    let named = run(&format!("{refused}status = \"STATUS_INVALID_DEVICE_STATE\"\n"));
    assert_eq!(named.verdict(), Verdict::Passed);
}

#[test]
fn events_in_order_never_and_at_a_time_are_looked_for_in_the_trace() {
    let outcome = run(&format!(
        "{PLAY}[expect]\norder = [\"call Write\", \"out 330 <- 40\", \"out 40 start\"]\n\
         never = [\"out 330 while busy\", \"out 330 <- 3C at DISPATCH_LEVEL\"]\n\
         times = [{{ event = \"out 90 start\", at = \"34us\" }}, \
         {{ event = \"out 3C start\", at = \"300us\", within = \"50us\" }}]"
    ));
    let words: Vec<String> = outcome.checks.iter().map(Check::to_string).collect();
    assert_eq!(words[0], "order: 3 events in this order");
    assert_eq!(words[1], "never out 330 while busy: it did not come");
    assert!(words[2].contains("it came once, first at 200014.000 us: bus out 330 <- 3C"));
    assert_eq!(words[3], "time of out 90 start: 34.000 us");
    assert_eq!(
        words[4],
        "time of out 3C start: 300.000 us expected, 354.000 us came, 54.000 us later"
    );
}

#[test]
fn a_golden_whose_mark_does_not_come_says_which() {
    let outcome = run(&format!("{PLAY}[golden]\nfrom = \"app writes\"\nto = \"the end\""));
    let missing = outcome.golden_text().unwrap_err();
    assert_eq!(
        missing.to_string(),
        "the golden's to names no mark of the trace: none begins with 'the end'"
    );
}

#[test]
fn the_settings_of_a_golden_are_read() {
    let lines = "[golden]\nfilter = \"registers\"\ncompare = \"order\"\ntime = \"5us|2%\"\n\
                 polls = \"count:2\"\nundriven = \"ignore\"\nunordered = [\"wire\", \"line\"]";
    let scenarios = read("test.toml", &text(lines), Path::new(".")).unwrap();
    let golden = scenarios[0].golden.clone().unwrap();
    assert_eq!((golden.compare, golden.polls), (Compare::Order, Polls::Count(2)));
    assert_eq!((golden.time.of(1_000_000), golden.undriven), (20_000, Undriven::Ignore));
    assert_eq!(golden.unordered, ["wire", "line"]);
}

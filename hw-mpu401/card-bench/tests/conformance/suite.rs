//! Every scenario of the suite on every card, and the pages about the suite.

use std::fs;
use std::path::Path;

use hw_mpu401::{CardTiming, Mpu401, card, cards};
use mpu401_card_bench::ops::{
    Remark, RemarkKind, RunReport, Scenario, Script, Verdict, check, check_with, run, run_on, suite,
};

use crate::reference::Reference;

#[test]
fn every_card_does_what_the_suite_expects_of_it() {
    let report = check(cards());
    let failures: Vec<String> =
        report.runs.iter().flat_map(RunReport::failures).map(|f| f.to_string()).collect();
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn every_card_does_as_expected_at_every_point_of_its_ranges() {
    let drawn = (1..=4).map(CardTiming::Seeded);
    for timing in [CardTiming::Shortest, CardTiming::Longest].into_iter().chain(drawn) {
        let report = check_with(cards(), timing);
        let failures: Vec<String> =
            report.runs.iter().flat_map(RunReport::failures).map(|f| f.to_string()).collect();
        assert!(failures.is_empty(), "{timing:?}: {}", failures.join("\n"));
    }
}

#[test]
fn every_script_checks_something_on_every_card_that_it_is_meant_for() {
    for report in check(cards()).runs {
        let is_meant = report.scenarios.iter().any(|scenario| scenario.lines.is_some());
        assert!(!is_meant || report.verdict() != Verdict::NothingChecked, "{report}");
    }
}

#[test]
fn the_slow_model_agrees_with_the_chip_on_every_scenario_in_uart_mode() {
    for mut script in suite() {
        script.scenarios.retain(stays_in_uart_mode);
        for card in cards() {
            let access_ns = card.behaviour.access_ns;
            let chip = run_on(&script, &card.name, access_ns, |state| Mpu401::new(card, state));
            let slow = run_on(&script, &card.name, access_ns, |state| Reference::new(card, state));
            assert_eq!(chip.to_string(), slow.to_string());
        }
    }
}

/// Whether each `init` of the scenario is one into UART mode, and no FF leaves this mode. The slow
/// model knows all that such a scenario does.
fn stays_in_uart_mode(scenario: &Scenario) -> bool {
    let mut actions = scenario.blocks.iter().flat_map(|block| &block.steps).map(|step| {
        let text = step.action.to_string();
        text == "W C FF" || text.starts_with("init") && !text.starts_with("init uart")
    });
    !actions.any(|leaves| leaves)
}

#[test]
fn every_scenario_says_where_it_comes_from_and_every_difference_says_why() {
    let scripts = suite();
    let problems: Vec<String> = scripts
        .iter()
        .flat_map(|script| script.scenarios.iter().map(move |scenario| (script, scenario)))
        .flat_map(|(script, scenario)| {
            let place = format!("{}:{}", script.file, scenario.line);
            unexplained(script, scenario)
                .into_iter()
                .map(move |problem| format!("{place}: {problem}"))
        })
        .collect();
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

/// The things that a scenario does not explain.
fn unexplained(script: &Script, scenario: &Scenario) -> Vec<String> {
    let mut problems = Vec::new();
    if scenario.sources.is_empty() {
        problems.push("no source".to_owned());
    }
    let differs = scenario.remarks.iter().filter(|remark| remark.kind == RemarkKind::Differs);
    let grounds = scenario.sources.iter().chain(differs.map(|remark| &remark.ground));
    for ground in grounds.filter(|ground| ground.strength.is_none()) {
        problems.push(format!("no strength: {}", ground.text));
    }
    let steps = || scenario.blocks.iter().flat_map(|block| &block.steps);
    for (card, _) in steps().flat_map(|step| &step.of_cards) {
        let known = script.likes.iter().find(|like| like.others.contains(card));
        let names = [Some(card), known.map(|like| &like.known)];
        let is_about =
            |remark: &Remark| names.iter().flatten().any(|n| remark.ground.cards.contains(n));
        if !scenario.remarks.iter().any(is_about) {
            problems.push(format!("{card} is expected to do otherwise, and no line says why"));
        }
    }
    for remark in scenario.remarks.iter().filter(|remark| remark.kind == RemarkKind::Differs) {
        for card in &remark.ground.cards {
            if !steps().any(|step| step.of_cards.iter().any(|(name, _)| name == card)) {
                problems.push(format!("{card} is said to do otherwise, and does not"));
            }
        }
    }
    problems.dedup();
    problems
}

#[test]
fn every_file_of_the_folder_is_in_the_suite() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../ops");
    let mut files: Vec<String> = fs::read_dir(folder)
        .expect("the folder is there")
        .map(|entry| entry.expect("readable").file_name().into_string().expect("ASCII"))
        .collect();
    let mut known: Vec<String> = suite().into_iter().map(|script| script.file).collect();
    files.sort();
    known.sort();
    assert_eq!(files, known);
}

/// Set `UPDATE_PAGES=1` to write the page.
#[test]
fn the_page_of_the_cards_is_up_to_date() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/cards.md");
    let page = check(cards()).markdown();
    if std::env::var_os("UPDATE_PAGES").is_some() {
        fs::write(&path, &page).expect("the page can be written");
    }
    let written = fs::read_to_string(&path).expect("the page is there").replace("\r\n", "\n");
    assert!(written == page, "docs/cards.md is not up to date: run with UPDATE_PAGES=1");
}

#[test]
fn the_example_of_the_format_page_prints_what_the_page_shows() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/ops.md");
    let page = fs::read_to_string(path).expect("the page is there").replace("\r\n", "\n");
    let mut blocks = page.split("```\n").skip(1).step_by(2);
    let script = blocks.next().expect("a script");
    let script = Script::parse("first-note.ops", script).expect("the example is valid");
    let report = run(&script, card("roland-mpu401").expect("a known card"));
    assert_eq!(Some(report.to_string().as_str()), blocks.next());
}

//! The workflow of `docs/ci.md`: its lines do what the page says.

use std::path::PathBuf;
use std::process::Command;

use crate::support::{Folder, Ran, driver_path};

/// The code blocks of the page in a language.
fn blocks(language: &str) -> Vec<String> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../docs/ci.md");
    let page = std::fs::read_to_string(path).expect("the page");
    let fence = format!("```{language}\n");
    let parts = page.split(&fence).skip(1);
    parts.map(|part| part.split("```").next().expect("a block").to_owned()).collect()
}

/// The steps of the workflow that call the program, in their order. A step that runs in each shard
/// is in the list once for each shard.
fn steps() -> Vec<String> {
    let [workflow] = &blocks("yaml")[..] else { panic!("one workflow") };
    let shards = workflow.lines().find_map(|line| line.trim().strip_prefix("shard: ["));
    let shards = shards.and_then(|rest| rest.strip_suffix(']')).expect("the shards");
    let runs = workflow.lines().filter_map(|line| line.trim().strip_prefix("- run: "));
    let ours = runs.filter(|run| run.starts_with("portcls-emu "));
    let of_shards = |run: &str| -> Vec<String> {
        let variable = "${{ matrix.shard }}";
        match run.contains(variable) {
            true => shards.split(", ").map(|shard| run.replace(variable, shard)).collect(),
            false => vec![run.to_owned()],
        }
    };
    ours.flat_map(of_shards).collect()
}

/// Runs a line of the workflow in a shell that finds the program and has `CI` set.
fn run_line(folder: &Folder, line: &str) -> Ran {
    let program = folder.command(&[]).get_program().to_owned();
    let bin = PathBuf::from(program).parent().expect("a folder").to_owned();
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap_or_default());
    let mut shell = Command::new("sh");
    shell.args(["-c", line]).current_dir(folder.path()).env("PATH", path).env("CI", "true");
    Ran::new(shell.output().expect("a shell"))
}

/// A folder as the page describes it, with a driver and an accepted golden.
fn team() -> Folder {
    let folder = Folder::new();
    for name in ["driver", "scenarios"] {
        std::fs::create_dir(folder.path().join(name)).expect("a folder");
    }
    put_driver(&folder, "x64/uart.sys");
    let [scenario] = &blocks("toml")[..] else { panic!("one scenario") };
    folder.put("scenarios/note-out.toml", scenario);
    let ran = folder.run(&["check", "--accept", "scenarios/note-out.toml"]);
    assert_eq!(ran.code, 0, "{}{}", ran.text(), ran.stderr);
    folder
}

fn put_driver(folder: &Folder, name: &str) {
    let bytes = std::fs::read(driver_path(name)).expect("a driver of the project");
    folder.put("driver/mine.sys", bytes);
}

#[test]
fn the_workflow_of_the_page_passes_and_fails_as_it_says() {
    let folder = team();
    let steps = steps();
    assert!(steps.len() >= 4, "{steps:?}");
    for step in &steps {
        let ran = run_line(&folder, step);
        assert_eq!(ran.code, 0, "{step}: {}{}", ran.text(), ran.stderr);
    }
    // The same driver for another processor makes the same accesses.
    put_driver(&folder, "x86/uart.sys");
    for step in &steps {
        assert_eq!(run_line(&folder, step).code, 0, "{step}");
    }
    put_driver(&folder, "x64/no_busy_test.sys");
    let ends: Vec<i32> = steps.iter().map(|step| run_line(&folder, step).code).collect();
    assert_eq!(ends.first(), Some(&1), "the shard with the scenario: {steps:?}");
    assert_eq!(ends.last(), Some(&1), "the verdict");
    assert!(folder.path().join("failed/scenarios/note-out.diff.txt").exists());
}

//! Thirty scenario files read, run and compared with their goldens.
//!
//! The benchmark makes the goldens itself before the time counts. The limit is 2 s for all files.
//! The verb `check` does this work on all processors of the computer.

use std::path::{Path, PathBuf};

use criterion::{Criterion, criterion_group, criterion_main};
use portcls_machine::judgement::{JudgedAs, judge};
use portcls_machine::scenario::{self, Scenario};

/// How many scenario files are checked.
const SCENARIOS: usize = 30;

/// The scenario files of the project, in order of their names, each with its text.
fn files() -> Vec<(PathBuf, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scenarios");
    let entries = std::fs::read_dir(folder).expect("the scenarios");
    let paths = entries.map(|entry| entry.expect("an entry").path());
    let mut paths: Vec<PathBuf> =
        paths.filter(|path| path.extension().is_some_and(|end| end == "toml")).collect();
    paths.sort();
    let text = |path: PathBuf| {
        let text = std::fs::read_to_string(&path).expect("a text");
        (path, text)
    };
    paths.into_iter().map(text).collect()
}

fn read(path: &Path, text: &str) -> Vec<Scenario> {
    let name = path.file_name().expect("a file").to_string_lossy();
    scenario::read(&name, text, path.parent().expect("a folder")).expect("a scenario")
}

fn thirty_scenarios(criterion: &mut Criterion) {
    let mut chosen = Vec::new();
    for (path, text) in files() {
        let scenarios = read(&path, &text);
        let goldens: Vec<Option<String>> =
            scenarios.iter().map(|scenario| judge(scenario, None).made).collect();
        if goldens.iter().all(Option::is_some) && chosen.len() < SCENARIOS {
            chosen.push((path, text, goldens));
        }
    }
    assert_eq!(chosen.len(), SCENARIOS, "files whose scenarios have goldens");
    let mut group = criterion.benchmark_group("check");
    group.sample_size(10);
    group.bench_function("30 scenario files", |bencher| {
        bencher.iter(|| {
            for (path, text, goldens) in &chosen {
                for (scenario, golden) in read(path, text).iter().zip(goldens) {
                    let judged = judge(scenario, golden.as_deref()).judged_as();
                    assert_eq!(judged, JudgedAs::Good, "{path:?}");
                }
            }
        });
    });
    group.finish();
}

criterion_group!(benches, thirty_scenarios);
criterion_main!(benches);

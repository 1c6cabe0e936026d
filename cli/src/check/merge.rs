//! `merge`: joins the results of all shards of a check.

use std::collections::BTreeMap;

use super::facts::{CheckFacts, VERSION};
use super::print;
use crate::arguments::MergeArguments;
use crate::console::Console;
use crate::failure::{Exit, Failure};
use crate::input::{Input, Obstacle};

/// The longest document in bytes.
const MAX_BYTES: usize = 1 << 28;

/// Joins the documents of all shards and prints the results. The exit code is the same as after one
/// check of all files.
///
/// # Errors
/// [`Failure::CannotRead`], [`Failure::NotResults`], [`Failure::ShardsDoNotFit`] and
/// [`Failure::CannotWrite`].
pub fn run(arguments: &MergeArguments) -> Result<Exit, Failure> {
    let mut parts = Vec::new();
    for input in &arguments.files {
        parts.push((input.name(), read(input)?));
    }
    print(&together(parts)?, arguments.format, Console::Stdout)
}

fn read(input: &Input) -> Result<CheckFacts, Failure> {
    let name = input.name();
    let bytes = input.bytes(MAX_BYTES).map_err(|obstacle| {
        let error = match obstacle {
            Obstacle::System(error) => error,
            Obstacle::TooBig(_) => std::io::Error::other("it is too long"),
        };
        Failure::cannot_read(input, &error, "give what check --shard I/N --format json printed")
    })?;
    let facts: CheckFacts = serde_json::from_slice(&bytes)
        .map_err(|error| Failure::NotResults { name: name.clone(), reason: error.to_string() })?;
    if facts.version != VERSION || facts.verb != "check" {
        let reason = "it is the document of another verb or version".to_owned();
        return Err(Failure::NotResults { name, reason });
    }
    Ok(facts)
}

/// The facts of all shards as one set.
fn together(parts: Vec<(String, CheckFacts)>) -> Result<CheckFacts, Failure> {
    let refuse = |reason: String| Err(Failure::ShardsDoNotFit { reason });
    let Some((first_name, first)) = parts.first() else {
        return refuse("there is none".to_owned());
    };
    let Some(of) = first.shard.map(|shard| shard.of) else {
        return refuse(format!("{first_name} is no shard: it was checked without --shard"));
    };
    let files = first.files.clone();
    let first_name = first_name.clone();
    let mut by_index: BTreeMap<usize, String> = BTreeMap::new();
    let mut scenarios = Vec::new();
    for (name, facts) in parts {
        let Some(shard) = facts.shard.filter(|shard| shard.of == of) else {
            return refuse(format!("{name} is no shard of {of}, as {first_name} is"));
        };
        if facts.files != files {
            return refuse(format!("{name} and {first_name} had other scenario files"));
        }
        if let Some(other) = by_index.insert(shard.index, name.clone()) {
            return refuse(format!("{other} and {name} are both shard {} of {of}", shard.index));
        }
        scenarios.extend(facts.scenarios);
    }
    let missing: Vec<String> = (1..=of)
        .filter(|index| !by_index.contains_key(index))
        .map(|index| index.to_string())
        .collect();
    if !missing.is_empty() {
        return refuse(format!("of {of} shards these are missing: {}", missing.join(", ")));
    }
    // Each file of the set must have a result in one of the shards.
    if let Some(file) = files.iter().find(|&file| !scenarios.iter().any(|one| one.file == *file)) {
        return refuse(format!("no shard has a result for {file}"));
    }
    scenarios.sort_by(|a, b| (&a.file, &a.name).cmp(&(&b.file, &b.name)));
    Ok(CheckFacts::new(None, files, scenarios))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::facts::{ScenarioFacts, Shard, Verdict};

    fn part(index: usize, of: usize, verdict: Verdict) -> (String, CheckFacts) {
        let files: Vec<String> = (1..=of).map(|file| format!("{file}.toml")).collect();
        let facts = ScenarioFacts::new(&index.to_string(), &format!("{index}.toml"), verdict);
        (format!("r{index}.json"), CheckFacts::new(Some(Shard { index, of }), files, vec![facts]))
    }

    #[test]
    fn the_shards_of_a_set_are_one_result() {
        let parts = vec![part(2, 2, Verdict::Failed), part(1, 2, Verdict::Ok)];
        let all = together(parts).unwrap();
        let names: Vec<&str> = all.scenarios.iter().map(|one| one.name.as_str()).collect();
        assert_eq!((names, all.exit(), all.shard), (vec!["1", "2"], Exit::CheckFailed, None));
    }

    #[test]
    fn an_incomplete_set_is_refused() {
        let reason = |parts| together(parts).unwrap_err().to_string();
        let one = reason(vec![part(1, 3, Verdict::Ok)]);
        assert!(one.contains("of 3 shards these are missing: 2, 3"), "{one}");
        let twice = reason(vec![part(1, 2, Verdict::Ok), part(1, 2, Verdict::Ok)]);
        assert!(twice.contains("both shard 1 of 2"), "{twice}");
        let other = reason(vec![part(1, 2, Verdict::Ok), part(2, 3, Verdict::Ok)]);
        assert!(other.contains("no shard of 2"), "{other}");
        let mut empty = part(2, 2, Verdict::Ok);
        empty.1.scenarios.clear();
        let lost = reason(vec![part(1, 2, Verdict::Ok), empty]);
        assert!(lost.contains("no shard has a result for 2.toml"), "{lost}");
        let mut whole = part(1, 1, Verdict::Ok);
        whole.1.shard = None;
        assert!(reason(vec![whole]).contains("without --shard"));
        assert!(reason(Vec::new()).contains("there is none"));
    }
}

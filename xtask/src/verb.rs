//! The verbs: the name of each, its arguments, and its work in one line.

use std::fmt::Write as _;

use crate::program::{Failure, Outcome, cargo, run, script};
use crate::{fuzz, licences, made, measure, package, program, release, tidy, wasm32, windows};

/// One command.
pub struct Verb {
    /// The name of the verb on the command line.
    pub name: &'static str,
    /// The arguments of the verb, in the form that the list shows.
    pub arguments: &'static str,
    /// What the verb does, in one line.
    pub does: &'static str,
    /// The function that does the work.
    pub run: fn(&[String]) -> Outcome,
}

/// Every verb, in the order of the list.
pub static VERBS: &[Verb] = &[
    verb("pages", "", "writes the pages in docs/ that are made from the code", made::pages),
    verb("layouts", "", "writes guest/src/layout/table.rs from layout.txt", made::layouts),
    verb("drivers", "[TARGET/NAME...]", "builds guest/drivers/bin/, or one driver", made::drivers),
    verb("header", "", "writes hw-mpu401/capi/include/mpu401.h", made::header),
    verb(
        "goldens",
        "TEST...",
        "accepts what a test now prints: behaviour::lives::NAME",
        made::goldens,
    ),
    verb("fuzz", "TARGET [SECONDS [SEED]]", "fuzzes a reader of outside input, or all", fuzz::fuzz),
    verb("benches", "[NAME]", "runs the benchmarks, or one file of them", measure::benches),
    verb("speed", "", "writes the first table of docs/speed.md", measure::speed),
    verb("tidy", "", "checks sources, manifests and README against each other", tidy::tidy),
    verb("licences", "", "checks the licence of every dependency", licences::licences),
    verb("no-std", "", "checks that hw-mpu401 needs no std", no_std),
    verb(
        "package",
        "",
        "packages the published crates and checks what is in them",
        package::package,
    ),
    verb("windows", "", "type-checks the project for Windows, on any system", windows::windows),
    verb("wasm32", "", "runs suites on a processor with 32-bit addresses, in node", wasm32::wasm32),
    verb("release", "FOLDER", "packs the program for this system into FOLDER", release::release),
    verb("ci", "", "what a change has to pass: .ci/run", ci),
];

const fn verb(
    name: &'static str,
    arguments: &'static str,
    does: &'static str,
    run: fn(&[String]) -> Outcome,
) -> Verb {
    Verb { name, arguments, does, run }
}

/// The verb with this name.
///
/// # Errors
/// A message that names the nearest verb, or says how to list the verbs if no verb is near.
pub fn find<'a>(verbs: &'a [Verb], name: &str) -> Result<&'a Verb, Failure> {
    if let Some(verb) = verbs.iter().find(|verb| verb.name == name) {
        return Ok(verb);
    }
    let names = verbs.iter().map(|verb| verb.name);
    let hint = match names.filter_map(|known| Some((distance(name, known)?, known))).min() {
        Some((_, nearest)) => format!("did you mean `{nearest}`?"),
        None => "`cargo xtask` lists the verbs".to_owned(),
    };
    Err(Failure::Usage(format!("there is no verb `{name}`; {hint}")))
}

/// The number of changed letters that lead from a word to a verb. `None` if it is more than a third
/// of the letters of the shorter one, rounded up.
///
/// `nearest` of `mpu401-card-bench` can do more, but this crate cannot use it. This crate depends
/// on no room, so that `cargo xtask` works while a room cannot be built.
fn distance(word: &str, verb: &str) -> Option<usize> {
    let distance = strsim::damerau_levenshtein(word, verb);
    (distance <= word.len().min(verb.len()).div_ceil(3)).then_some(distance)
}

/// The list of the verbs, one line for each.
pub fn list(verbs: &[Verb]) -> String {
    let call = |verb: &Verb| format!("{} {}", verb.name, verb.arguments).trim_end().to_owned();
    let width = verbs.iter().map(|verb| call(verb).len()).max().unwrap_or_default();
    let mut text = String::from("cargo xtask VERB\n\n");
    for verb in verbs {
        let _ = writeln!(text, "  {:width$}  {}", call(verb), verb.does);
    }
    text
}

/// Builds the program of `no-std/`. The program has its own panic handler. If a crate that the
/// program uses needed std, there would be two panic handlers, and the build would fail.
fn no_std(arguments: &[String]) -> Outcome {
    program::no_arguments("no-std", arguments)?;
    run(cargo(&[
        "build",
        "--quiet",
        "--locked",
        "--manifest-path",
        "hw-mpu401/no-std/Cargo.toml",
    ]))?;
    println!("hw-mpu401 and all below it were built without std");
    Ok(())
}

fn ci(arguments: &[String]) -> Outcome {
    program::no_arguments("ci", arguments)?;
    run(script(".ci/run"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_verb_leads_to_the_nearest_one_and_is_wrong_usage() {
        let message = |name| match find(VERBS, name) {
            Err(Failure::Usage(message)) => message,
            _ => panic!("{name} is no verb"),
        };
        assert_eq!(message("page"), "there is no verb `page`; did you mean `pages`?");
        assert_eq!(message("licenses"), "there is no verb `licenses`; did you mean `licences`?");
        assert_eq!(message("teapots"), "there is no verb `teapots`; `cargo xtask` lists the verbs");
    }

    #[test]
    fn the_list_has_a_line_of_under_100_columns_for_each_verb() {
        let list = list(VERBS);
        for verb in VERBS {
            assert_eq!(list.matches(&format!("\n  {}", verb.name)).count(), 1, "{}", verb.name);
        }
        assert!(list.lines().all(|line| line.len() < 100), "{list}");
    }
}

//! Files that programs write: pages, layouts, drivers, the C header, goldens.

use std::process::Command;

use serde_json::Value;

use crate::program::{
    Failure, MINGW_X64, MINGW_X86, Outcome, ZIGLANG, cargo, no_arguments, output_of, require, run,
    script,
};
use crate::project::{list, own_packages, text};

/// Writes the pages of the rules, of the bug checks, of the contract, of the cards, of the verdicts
/// and of the summary, the schema of scenarios, and the template of `new`.
pub fn pages(arguments: &[String]) -> Outcome {
    no_arguments("pages", arguments)?;
    let cards = ["test", "-p", "mpu401-card-bench", "--test", "conformance", "the_page_of"];
    let others = ["test", "-p", "portcls-tests", "--test", "registers", "the_page_of"];
    let schema = ["test", "-p", "portcls-tests", "--test", "scenarios", "the_schema_of"];
    let verdicts = ["test", "-p", "portcls-emu", "--test", "program", "the_page_of"];
    let template = ["test", "-p", "portcls-emu", "--bin", "portcls-emu", "the_template_of"];
    for arguments in [&cards[..], &others, &schema, &verdicts, &template] {
        let mut command = cargo(arguments);
        command.env("UPDATE_PAGES", "1");
        run(command)?;
    }
    Ok(())
}

/// Writes the table of structure layouts. The layouts come from the compilers of the drivers.
pub fn layouts(arguments: &[String]) -> Outcome {
    no_arguments("layouts", arguments)?;
    require(&MINGW_X64)?;
    require(&MINGW_X86)?;
    let mut command = cargo(&["test", "-p", "portcls-guest", "--test", "layout"]);
    command.env("UPDATE_LAYOUT", "1");
    run(command)
}

/// Builds all test drivers, or only the named drivers.
pub fn drivers(arguments: &[String]) -> Outcome {
    let wants = |target: &str| {
        let is_of = |name: &String| name.split('/').next() == Some(target);
        arguments.is_empty() || arguments.iter().any(is_of)
    };
    for (target, tool) in [("x64", &MINGW_X64), ("x86", &MINGW_X86), ("msvc-x64", &ZIGLANG)] {
        if wants(target) {
            require(tool)?;
        }
    }
    let mut command = script("guest/drivers/build.sh");
    command.args(arguments);
    run(command)
}

/// Writes the C header from the Rust sources.
pub fn header(arguments: &[String]) -> Outcome {
    no_arguments("header", arguments)?;
    let mut command = cargo(&["test", "-p", "hw-mpu401-capi", "--test", "header"]);
    command.env("UPDATE_HEADER", "1");
    run(command)
}

/// Accepts the present output of the named tests as their goldens. The name of a test is
/// `TARGET::NAME_OF_THE_TEST`. The target is a file of tests or a library.
pub fn goldens(arguments: &[String]) -> Outcome {
    if arguments.is_empty() {
        let usage = "name each test by its file and its path: behaviour::lives::NAME_OF_THE_TEST";
        return Err(Failure::Usage(usage.to_owned()));
    }
    let packages = own_packages()?;
    for argument in arguments {
        let golden = find_golden(&packages, argument)?;
        let mut list = golden.command();
        list.args(["--", "--exact", "--list", golden.test]);
        if !output_of(list)?.contains(&format!("{}: test", golden.test)) {
            return Err(Failure::Usage(format!("there is no test `{argument}`")));
        }
        let mut accept = golden.command();
        accept.env("INSTA_UPDATE", "always").args(["--", "--exact", golden.test]);
        run(accept)?;
    }
    println!("accepted; read `git diff` before you commit");
    Ok(())
}

/// A test that compares goldens.
#[derive(Debug, PartialEq, Eq)]
struct Golden<'a> {
    package: &'a str,
    /// The options that choose the target: `--test` with its name, or `--lib`.
    target: Vec<&'a str>,
    test: &'a str,
}

impl Golden<'_> {
    fn command(&self) -> Command {
        let mut command = cargo(&["test", "--quiet", "-p", self.package]);
        command.args(&self.target);
        command
    }
}

/// Finds the package and the target of a test, by the name of the target. Exactly one file
/// of tests or library must have this name.
fn find_golden<'a>(packages: &'a [Value], argument: &'a str) -> Result<Golden<'a>, Failure> {
    let Some((target, test)) = argument.split_once("::") else {
        let message = format!("`{argument}` names no test: write TARGET::NAME_OF_THE_TEST");
        return Err(Failure::Usage(message));
    };
    let mut found = Vec::new();
    for package in packages {
        for candidate in list(&package["targets"]) {
            let kind = candidate["kind"][0].as_str().unwrap_or_default();
            let target = match kind {
                _ if text(candidate, "name") != target => continue,
                "test" => vec!["--test", target],
                "lib" => vec!["--lib"],
                _ => continue,
            };
            found.push(Golden { package: text(package, "name"), target, test });
        }
    }
    match found.len() {
        1 => Ok(found.remove(0)),
        0 => Err(Failure::Usage(format!("no crate has tests `{target}`"))),
        _ => {
            let packages: Vec<&str> = found.iter().map(|golden| golden.package).collect();
            let packages = packages.join(" and ");
            Err(Failure::Usage(format!("`{target}` is in {packages}: run that one by hand")))
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn packages() -> Vec<Value> {
        let target = |name: &str, kind: &str| json!({"name": name, "kind": [kind]});
        let whole = [target("golden", "test"), target("twice", "test")];
        let chip = [target("the_chip", "lib"), target("twice", "test")];
        vec![json!({"name": "whole", "targets": whole}), json!({"name": "chip", "targets": chip})]
    }

    #[test]
    fn a_golden_is_found_by_the_name_of_its_file_or_library() {
        let packages = packages();
        let golden = find_golden(&packages, "golden::start::a_test");
        let expected =
            Golden { package: "whole", target: vec!["--test", "golden"], test: "start::a_test" };
        assert_eq!(golden, Ok(expected));
        let golden = find_golden(&packages, "the_chip::a_test");
        let expected = Golden { package: "chip", target: vec!["--lib"], test: "a_test" };
        assert_eq!(golden, Ok(expected));
    }

    #[test]
    fn a_golden_that_cannot_be_meant_is_wrong_usage() {
        let packages = packages();
        for argument in ["golden", "teapot::a_test", "twice::a_test"] {
            let golden = find_golden(&packages, argument);
            assert!(matches!(golden, Err(Failure::Usage(_))), "{argument}: {golden:?}");
        }
    }
}

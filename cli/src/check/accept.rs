//! New goldens: decides when a trace may become the golden, and writes it.
//!
//! With `--review` this file asks the user about each scenario.

use std::env;
use std::ffi::OsStr;
use std::fs;
use std::io::{BufRead, Write};

use super::Checked;
use super::facts::Verdict;
use super::files::shown;
use super::text;
use crate::failure::Failure;
use crate::input::Input;

/// Refuses in CI an option that writes or removes goldens, because no person looks at the goldens
/// there.
///
/// # Errors
/// [`Failure::AcceptInCi`].
pub fn refuse_in_ci(option: &'static str) -> Result<(), Failure> {
    match is_ci(env::var_os("CI").as_deref()) {
        true => Err(Failure::AcceptInCi { option }),
        false => Ok(()),
    }
}

/// Whether the environment says that this is a CI system: the variable CI has a value other
/// than empty, 0 or false.
fn is_ci(value: Option<&OsStr>) -> bool {
    value.is_some_and(|value| {
        let value = value.to_string_lossy();
        !matches!(value.trim().to_ascii_lowercase().as_str(), "" | "0" | "false")
    })
}

/// Writes the trace of a scenario as its golden.
///
/// Does nothing if the scenario has no golden, if the golden already has this text, or if the
/// verdict is that the driver ended the run.
///
/// # Errors
/// [`Failure::CannotWrite`].
pub fn accept(checked: &mut Checked) -> Result<(), Failure> {
    let (Some(made), Some(path)) = (&checked.made, &checked.golden) else { return Ok(()) };
    // A run that the driver ended must not become the golden, unless the scenario expects this end.
    if matches!(checked.facts.verdict, Verdict::DriverDied) {
        return Ok(());
    }
    if fs::read(path).is_ok_and(|old| old == made.as_bytes()) {
        return Ok(());
    }
    fs::write(path, made).map_err(|error| Failure::cannot_write(shown(path), &error))?;
    let facts = &mut checked.facts;
    facts.accepted = true;
    if checked.is_golden_all
        && matches!(facts.verdict, Verdict::Failed | Verdict::NoGolden | Verdict::Invalid)
    {
        facts.verdict = Verdict::Ok;
        facts.explain = None;
    }
    Ok(())
}

/// A person's answer about a scenario.
enum Answer {
    Accept,
    Skip,
    Quit,
}

/// Asks about each scenario whose golden is missing, damaged or different, until the user quits.
///
/// # Errors
/// [`Failure::CannotWrite`], and [`Failure::CannotRead`] for the answers.
pub fn review(
    all: &mut [Checked],
    from: &mut impl BufRead,
    to: &mut impl Write,
) -> Result<(), Failure> {
    let waits = |checked: &&mut Checked| checked.is_golden_bad && checked.made.is_some();
    for checked in all.iter_mut().filter(waits) {
        match ask(checked, from, to)? {
            Answer::Accept => accept(checked)?,
            Answer::Skip => {}
            Answer::Quit => break,
        }
    }
    Ok(())
}

fn ask(checked: &Checked, from: &mut impl BufRead, to: &mut impl Write) -> Result<Answer, Failure> {
    let made = checked.made.as_deref().unwrap_or_default();
    let old = checked.golden.as_ref().and_then(|path| fs::read(path).ok());
    let old = old.map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    let mut say = |words: &str| {
        let written = to.write_all(words.as_bytes()).and_then(|()| to.flush());
        written.map_err(|error| Failure::cannot_write("stdout", &error))
    };
    say(&format!("{}\n", text::details(&checked.facts).trim_start()))?;
    loop {
        say("a accept, s skip, o the old trace, n the new trace, q quit: ")?;
        let mut line = String::new();
        let read = from.read_line(&mut line);
        let answers = "give one of the letters in a line";
        if read.map_err(|error| Failure::cannot_read(&Input::Stdin, &error, answers))? == 0 {
            return Ok(Answer::Quit);
        }
        match line.trim() {
            "a" => return Ok(Answer::Accept),
            "s" => return Ok(Answer::Skip),
            "q" => return Ok(Answer::Quit),
            "o" => say(&format!("{}\n", old.as_deref().unwrap_or("there is no golden yet")))?,
            "n" => say(&format!("{made}\n"))?,
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::facts::ScenarioFacts;

    #[test]
    fn a_ci_system_says_so_with_any_other_word_than_no() {
        let ci = |value: Option<&str>| is_ci(value.map(OsStr::new));
        for value in [None, Some(""), Some("0"), Some("false"), Some("False")] {
            assert!(!ci(value), "{value:?}");
        }
        for value in ["1", "true", "yes", "github"] {
            assert!(ci(Some(value)), "{value}");
        }
    }

    #[test]
    fn a_person_accepts_one_scenario_and_skips_another() {
        let folder = tempfile::tempdir().unwrap();
        let checked = |name: &str| Checked {
            facts: ScenarioFacts::new(name, &format!("{name}.toml"), Verdict::Failed),
            file: folder.path().join(format!("{name}.toml")),
            page: None,
            golden: Some(folder.path().join(format!("{name}.trace"))),
            made: Some("new text\n".to_owned()),
            is_golden_bad: true,
            is_golden_all: true,
        };
        let mut all = [checked("a"), checked("b"), checked("c")];
        fs::write(folder.path().join("a.trace"), "old text\n").unwrap();
        let mut said = Vec::new();
        review(&mut all, &mut "o\nn\nx\ns\na\nq\n".as_bytes(), &mut said).unwrap();
        let said = String::from_utf8(said).unwrap();
        assert!(said.contains("old text") && said.contains("new text"), "{said}");
        let golden = |name: &str| fs::read_to_string(folder.path().join(name)).ok();
        assert_eq!(golden("a.trace").as_deref(), Some("old text\n"));
        assert_eq!(golden("b.trace").as_deref(), Some("new text\n"));
        assert_eq!(golden("c.trace"), None);
        let verdicts = all.map(|checked| checked.facts.verdict);
        assert_eq!(verdicts, [Verdict::Failed, Verdict::Ok, Verdict::Failed]);
    }
}

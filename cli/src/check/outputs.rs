//! The files that a check writes in addition to goldens.
//!
//! The folder of `--out` gets up to three files for each scenario that failed: the new trace, a
//! text that says what is wrong, and a page. `--html` gets the page of the only scenario.

use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};

use portcls_machine::report::html::Page;

use super::facts::{ScenarioFacts, Verdict};
use super::files::shown;
use super::{Checked, text};
use crate::arguments::CheckArguments;
use crate::console::{self, Console};
use crate::failure::Failure;
use crate::output::{Output, prepare};

/// The outputs that the user wants in addition to goldens.
pub struct Outputs {
    /// The folder for failures.
    pub folder: Option<OutFolder>,
    /// The page of the only scenario.
    pub page: Option<Output>,
}

impl Outputs {
    /// Finds the places of the outputs. `files` are all scenario files of the check.
    ///
    /// # Errors
    /// [`Failure::OneScenarioForAPage`], [`Failure::OutBesideGoldens`] and the errors of
    /// [`prepare`].
    pub fn prepare(arguments: &CheckArguments, files: &[PathBuf]) -> Result<Outputs, Failure> {
        let inputs = files.iter().map(PathBuf::as_path);
        let page = prepare(&[("--html", arguments.html.as_ref())], inputs)?.remove(0);
        if page.is_some() && files.len() > 1 {
            return Err(Failure::OneScenarioForAPage);
        }
        let folder = arguments.out.as_deref().map(|folder| OutFolder::new(folder, files));
        Ok(Outputs { folder: folder.transpose()?, page })
    }

    /// The stream for the results.
    pub fn console(&self) -> Console {
        let is_taken = self.page.as_ref().is_some_and(Output::is_stdout);
        if is_taken { Console::Stderr } else { Console::Stdout }
    }

    /// Writes the page of the only scenario, if the user wants it. If the file is not a scenario,
    /// there is no page, and the results say why.
    ///
    /// # Errors
    /// [`Failure::OneScenarioForAPage`], [`Failure::TooMuchForAPage`] and [`Failure::CannotWrite`].
    pub fn write_page(&self, all: &mut [Checked]) -> Result<(), Failure> {
        let Some(output) = &self.page else { return Ok(()) };
        let [only] = all else {
            return if all.is_empty() { Ok(()) } else { Err(Failure::OneScenarioForAPage) };
        };
        match &only.page {
            Some(Ok(page)) => output.write(|to| page.write(to)),
            Some(Err(_)) => only.page.take().expect("it is there").map(drop),
            None => Ok(()),
        }
    }

    /// Writes the files of each scenario that failed into the folder for failures, and removes the
    /// files of each scenario that passed.
    ///
    /// # Errors
    /// [`Failure::CannotWrite`].
    pub fn keep_failed(&self, all: &mut [Checked]) -> Result<(), Failure> {
        let Some(folder) = &self.folder else { return Ok(()) };
        for one in all {
            let words = text::details(&one.facts);
            let page = match &one.page {
                Some(Ok(page)) => Some(page),
                Some(Err(failure)) if one.facts.verdict != Verdict::Ok => {
                    console::warning(failure);
                    None
                }
                _ => None,
            };
            let left = Left { trace: one.made.as_deref(), words: words.trim_start(), page };
            folder.keep(&one.file, &mut one.facts, left)?;
        }
        Ok(())
    }
}

/// What the files of a scenario contain if the scenario failed.
struct Left<'a> {
    /// The new trace.
    trace: Option<&'a str>,
    /// What is wrong with the scenario.
    words: &'a str,
    /// The trace with its findings.
    page: Option<&'a Page>,
}

/// The folder for failures.
pub struct OutFolder {
    folder: PathBuf,
}

impl OutFolder {
    /// The folder. It is made when the first file goes into it.
    ///
    /// # Errors
    /// [`Failure::OutBesideGoldens`] when one of these scenario files is directly in the folder.
    fn new(folder: &Path, files: &[PathBuf]) -> Result<OutFolder, Failure> {
        let real = |path: &Path| fs::canonicalize(path).ok();
        let own = real(folder);
        let parent = |file: &PathBuf| real(file).and_then(|file| file.parent().map(Path::to_owned));
        if own.is_some() && files.iter().any(|file| parent(file) == own) {
            return Err(Failure::OutBesideGoldens { folder: shown(folder) });
        }
        Ok(OutFolder { folder: folder.to_owned() })
    }

    /// The file for the new trace of a scenario. `file` is the scenario's file.
    pub fn new_trace(&self, file: &Path, name: &str) -> PathBuf {
        self.path(file, name, ".new.trace")
    }

    fn path(&self, file: &Path, name: &str, end: &str) -> PathBuf {
        self.folder.join(below(file)).with_file_name(format!("{name}{end}"))
    }

    /// Writes the outputs of a scenario that failed, or removes them if the scenario did not fail.
    /// `file` is the scenario's file.
    ///
    /// # Errors
    /// [`Failure::CannotWrite`].
    fn keep(&self, file: &Path, facts: &mut ScenarioFacts, left: Left<'_>) -> Result<(), Failure> {
        let is_good = facts.verdict == Verdict::Ok;
        let page = left.page.map(|page| {
            let mut bytes = Vec::new();
            page.write(&mut bytes).expect("a Vec takes every byte");
            bytes
        });
        for (end, content) in [
            (".new.trace", left.trace.map(str::as_bytes)),
            (".diff.txt", Some(left.words.as_bytes())),
            (".diff.html", page.as_deref()),
        ] {
            let path = self.path(file, &facts.name, end);
            let write = || match content {
                Some(content) if !is_good => {
                    fs::create_dir_all(path.parent().expect("the file is in a folder"))?;
                    fs::write(&path, content)?;
                    Ok(true)
                }
                _ => match fs::remove_file(&path) {
                    Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
                    _ => Ok(false),
                },
            };
            let is_written =
                write().map_err(|error| Failure::cannot_write(shown(&path), &error))?;
            if is_written {
                facts.outputs.push(shown(&path));
            }
        }
        Ok(())
    }
}

/// The place of a file below the folder: its path without parts that lead out of the folder.
fn below(file: &Path) -> PathBuf {
    let inside = |part: &Component<'_>| matches!(part, Component::Normal(_));
    file.components().filter(inside).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_failed_is_left_until_it_passes() {
        let folder = tempfile::tempdir().unwrap();
        let out = OutFolder::new(&folder.path().join("out"), &[]).unwrap();
        let file = Path::new("../a/b/chord.toml");
        let mut facts = ScenarioFacts::new("chord.sb16", "../a/b/chord.toml", Verdict::Failed);
        let left = || Left { trace: Some("# trace\n"), words: "words", page: None };
        out.keep(file, &mut facts, left()).unwrap();
        let trace = folder.path().join("out/a/b/chord.sb16.new.trace");
        assert_eq!(fs::read_to_string(&trace).unwrap(), "# trace\n");
        assert_eq!(facts.outputs.len(), 2);
        let mut facts = ScenarioFacts::new("chord.sb16", "../a/b/chord.toml", Verdict::Ok);
        out.keep(file, &mut facts, left()).unwrap();
        assert!(!trace.exists() && facts.outputs.is_empty());
    }

    #[test]
    fn the_folder_of_a_scenario_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("chord.toml");
        fs::write(&file, "").unwrap();
        assert!(OutFolder::new(folder.path(), &[file]).is_err());
    }
}

//! What a failed check leaves in the folder of `--out`.
//!
//! These are the new trace and the findings.

use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};

use super::facts::ScenarioFacts;
use super::files::shown;
use crate::failure::Failure;

/// The folder for what failed.
pub struct OutFolder {
    folder: PathBuf,
}

impl OutFolder {
    /// The folder, which is made when it is needed.
    ///
    /// # Errors
    /// [`Failure::OutBesideGoldens`] when a scenario is in the folder.
    pub fn new(folder: &Path, files: &[PathBuf]) -> Result<OutFolder, Failure> {
        let real = |path: &Path| fs::canonicalize(path).ok();
        let own = real(folder);
        let parent = |file: &PathBuf| real(file).and_then(|file| file.parent().map(Path::to_owned));
        if own.is_some() && files.iter().any(|file| parent(file) == own) {
            return Err(Failure::OutBesideGoldens { folder: shown(folder) });
        }
        Ok(OutFolder { folder: folder.to_owned() })
    }

    /// Leaves the new trace and the findings of a scenario that failed, and removes those of one
    /// that is as expected. `file` is the scenario's file.
    ///
    /// # Errors
    /// [`Failure::CannotWrite`].
    pub fn keep(
        &self,
        file: &Path,
        facts: &mut ScenarioFacts,
        made: Option<&str>,
        words: &str,
    ) -> Result<(), Failure> {
        let base = self.folder.join(below(file)).with_file_name(&facts.name);
        let path = |end: &str| {
            let mut name = base.clone().into_os_string();
            name.push(end);
            PathBuf::from(name)
        };
        let is_good = facts.verdict == super::facts::Verdict::Ok;
        for (path, text) in [(path(".new.trace"), made), (path(".diff.txt"), Some(words))] {
            let write = || match text {
                Some(text) if !is_good => {
                    fs::create_dir_all(path.parent().expect("the file is in a folder"))?;
                    fs::write(&path, text)?;
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

/// The place of a file below the folder: its path without the parts that lead out of the folder.
fn below(file: &Path) -> PathBuf {
    let inside = |part: &Component<'_>| matches!(part, Component::Normal(_));
    file.components().filter(inside).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::facts::Verdict;

    #[test]
    fn what_failed_is_left_until_it_passes() {
        let folder = tempfile::tempdir().unwrap();
        let out = OutFolder::new(&folder.path().join("out"), &[]).unwrap();
        let file = Path::new("../a/b/chord.toml");
        let mut facts = ScenarioFacts::new("chord.sb16", "../a/b/chord.toml", Verdict::Failed);
        out.keep(file, &mut facts, Some("# trace\n"), "words").unwrap();
        let trace = folder.path().join("out/a/b/chord.sb16.new.trace");
        assert_eq!(fs::read_to_string(&trace).unwrap(), "# trace\n");
        assert_eq!(facts.outputs.len(), 2);
        let mut facts = ScenarioFacts::new("chord.sb16", "../a/b/chord.toml", Verdict::Ok);
        out.keep(file, &mut facts, Some("# trace\n"), "words").unwrap();
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

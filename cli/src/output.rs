//! Output files. A file appears whole or not at all.
//!
//! A file is written under a temporary name in the same folder, and renamed when it is complete. A
//! regular file under `/dev`, such as a file in `/dev/shm`, is written in the same way. A device,
//! a pipe, a file under `/proc` and stdout cannot be replaced, so the program writes to them
//! directly. Before the run the program checks that it can make a file in the folder of each output
//! file.

use std::ffi::OsStr;
use std::fmt;
use std::fs::{self, File};
use std::io::{self, BufWriter, ErrorKind, Write};
use std::path::{Path, PathBuf, is_separator};

use crate::console;
use crate::failure::Failure;
use crate::partial_file::PartialFile;

/// The place of an output, as the user gives it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Target {
    /// Standard output.
    Stdout,
    /// A path.
    Path(PathBuf),
}

impl From<PathBuf> for Target {
    fn from(path: PathBuf) -> Target {
        let is_stdout = path.as_os_str() == "-" || path == Path::new("/dev/stdout");
        if is_stdout { Target::Stdout } else { Target::Path(path) }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Target::Stdout => f.write_str("stdout"),
            Target::Path(path) => {
                f.write_str(&path.display().to_string().replace(char::is_control, "?"))
            }
        }
    }
}

/// The place of an output, as the file system sees it.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Place {
    Stdout,
    /// A device, a pipe or a file under `/proc`. It takes bytes but cannot be replaced.
    Device(PathBuf),
    /// A file in a folder that exists. The file need not exist.
    File {
        path: PathBuf,
        folder: PathBuf,
    },
}

/// An output that the user asked for.
#[derive(Debug)]
pub struct Output {
    option: &'static str,
    target: Target,
    place: Place,
}

/// Finds the places of the outputs. Checks that the outputs differ, that none is one of the
/// `inputs`, and that the program can make a file in the folder of each output file. The results
/// are in the order of `wanted`.
///
/// # Errors
/// [`Failure::SameOutput`], [`Failure::OutputIsInput`] and [`Failure::CannotWrite`].
pub fn prepare<'p>(
    wanted: &[(&'static str, Option<&Target>)],
    inputs: impl IntoIterator<Item = &'p Path>,
) -> Result<Vec<Option<Output>>, Failure> {
    let inputs: Vec<PathBuf> =
        inputs.into_iter().filter_map(|path| fs::canonicalize(path).ok()).collect();
    let mut outputs: Vec<Option<Output>> = Vec::new();
    for &(option, target) in wanted {
        let Some(target) = target else {
            outputs.push(None);
            continue;
        };
        let output = Output { option, target: target.clone(), place: locate(target)? };
        if let Some(first) = outputs.iter().flatten().find(|other| other.place == output.place) {
            return Err(Failure::SameOutput {
                first: first.option,
                second: option,
                place: target.to_string(),
            });
        }
        if let Place::File { path, .. } = &output.place
            && inputs.contains(path)
        {
            return Err(Failure::OutputIsInput { option, path: target.to_string() });
        }
        outputs.push(Some(output));
    }
    for output in outputs.iter().flatten() {
        output.probe()?;
    }
    Ok(outputs)
}

impl Output {
    /// The target as the user gave it.
    pub fn target(&self) -> &Target {
        &self.target
    }

    /// True when the output goes to stdout.
    pub fn is_stdout(&self) -> bool {
        self.place == Place::Stdout
    }

    /// The path of the output as the user gave it; `None` for stdout.
    pub fn file(&self) -> Option<&Path> {
        match &self.target {
            Target::Path(path) => Some(path),
            Target::Stdout => None,
        }
    }

    /// Checks that a file can be made in the folder of an output file.
    fn probe(&self) -> Result<(), Failure> {
        match &self.place {
            Place::Stdout | Place::Device(_) => Ok(()),
            Place::File { folder, .. } => self.temporary(folder).map(drop),
        }
    }

    fn temporary(&self, folder: &Path) -> Result<PartialFile, Failure> {
        PartialFile::new_in(folder).map_err(|error| self.cannot_write(&error))
    }

    /// Writes the output.
    ///
    /// # Errors
    /// [`Failure::CannotWrite`]; in this case no new file stays in the folder.
    pub fn write(
        &self,
        content: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> Result<(), Failure> {
        self.write_whole(content)?;
        log::info!("{}: written for {}", self.target, self.option);
        Ok(())
    }

    /// Writes the text of a trace. On stdout it may have colours; see [`console::write_trace`].
    ///
    /// # Errors
    /// The errors of [`Output::write`].
    pub fn write_trace(
        &self,
        content: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> Result<(), Failure> {
        if self.is_stdout() { console::write_trace(content) } else { self.write(content) }
    }

    fn write_whole(
        &self,
        content: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> Result<(), Failure> {
        match &self.place {
            Place::Stdout => console::write_stdout(content),
            Place::Device(path) => {
                let written = File::options().write(true).open(path).and_then(|device| {
                    let mut device = BufWriter::new(device);
                    let result = content(&mut device).and_then(|()| device.flush());
                    drop(device.into_parts());
                    result
                });
                match written {
                    Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
                    other => other.map_err(|error| self.cannot_write(&error)),
                }
            }
            Place::File { path, folder } => {
                let mut temporary = self.temporary(folder)?;
                let mut file = BufWriter::new(temporary.file_mut());
                let result = content(&mut file).and_then(|()| file.flush());
                drop(file.into_parts());
                result
                    .and_then(|()| keep_permissions(path, temporary.file_mut()))
                    .and_then(|()| temporary.put_at(path))
                    .map_err(|error| self.cannot_write(&error))
            }
        }
    }

    fn cannot_write(&self, error: &io::Error) -> Failure {
        Failure::cannot_write(self.target.to_string(), error)
    }
}

/// Gives a new file the permissions of the file that it replaces, if there is one.
fn keep_permissions(old: &Path, new: &File) -> io::Result<()> {
    match fs::metadata(old) {
        Ok(old) => new.set_permissions(old.permissions()),
        Err(_) => Ok(()),
    }
}

/// Finds the place of a target.
fn locate(target: &Target) -> Result<Place, Failure> {
    let Target::Path(path) = target else { return Ok(Place::Stdout) };
    let obstacle = |reason: &str, mend| {
        let place = target.to_string();
        Err(Failure::CannotWrite { place, reason: reason.to_owned(), mend })
    };
    let system = |error: io::Error| Failure::cannot_write(target.to_string(), &error);
    // A path that ends in a separator, `.` or `..` names a folder. If the folder does not exist,
    // `fs::metadata` cannot say that it is one, so the name itself must tell.
    let name = path.to_string_lossy();
    let last = name.rsplit(is_separator).next().unwrap_or_default();
    let names_folder = last.len() < name.len() && ["", ".", ".."].contains(&last);
    match fs::metadata(path) {
        Ok(found) if found.is_dir() => obstacle("it is a folder", "give the name of a file"),
        Err(error) if error.kind() == ErrorKind::NotFound && names_folder => {
            obstacle("it names a folder", "give the name of a file")
        }
        Ok(found) => {
            let path = fs::canonicalize(path).map_err(system)?;
            if !found.is_file() || path.starts_with("/proc") {
                return Ok(Place::Device(path));
            }
            if found.permissions().readonly() {
                return obstacle("it is read-only", "make it writable, or choose another name");
            }
            let folder = path.parent().unwrap_or(Path::new("/")).to_owned();
            Ok(Place::File { path, folder })
        }
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let folder = match path.parent() {
                Some(parent) if parent.as_os_str().is_empty() => Path::new("."),
                Some(parent) => parent,
                None => Path::new("/"),
            };
            let Ok(folder) = fs::canonicalize(folder) else {
                return obstacle("its folder does not exist", "make the folder first");
            };
            let name = path.file_name().unwrap_or(OsStr::new(""));
            Ok(Place::File { path: folder.join(name), folder })
        }
        Err(error) => Err(system(error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap();
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }

    fn prepare_one(path: &Path) -> Output {
        let target = Target::from(path.to_owned());
        prepare(&[("--trace", Some(&target))], []).unwrap().remove(0).unwrap()
    }

    #[test]
    fn a_write_that_fails_leaves_no_file_and_keeps_the_old_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out.txt");
        let half = |to: &mut dyn Write| {
            to.write_all(b"half")?;
            Err(io::Error::other("no more"))
        };
        let output = prepare_one(&path);
        assert!(output.write(half).is_err());
        assert_eq!(names(folder.path()), [""; 0]);
        output.write(|to| to.write_all(b"whole")).unwrap();
        assert!(output.write(half).is_err());
        assert_eq!(fs::read(&path).unwrap(), b"whole");
        assert_eq!(names(folder.path()), ["out.txt"]);
    }

    #[test]
    fn the_name_of_a_folder_is_refused_also_when_there_is_none() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["new/", "new/.", "new/.."] {
            let target = Target::from(folder.path().join(name));
            let failure = prepare(&[("--trace", Some(&target))], []).unwrap_err();
            assert!(failure.to_string().contains("folder"), "{name}: {failure}");
        }
        assert_eq!(names(folder.path()), [""; 0]);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_file_in_the_memory_under_dev_is_replaced_as_a_whole() {
        let Ok(folder) = tempfile::tempdir_in("/dev/shm") else {
            println!("SKIPPED: /dev/shm cannot be written");
            return;
        };
        let path = folder.path().join("trace.txt");
        fs::write(&path, "a longer text than the next one").unwrap();
        prepare_one(&path).write(|to| to.write_all(b"new")).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new");
        let half = |to: &mut dyn Write| to.write_all(b"x").and(Err(io::Error::other("no more")));
        assert!(prepare_one(&path).write(half).is_err());
        assert_eq!(fs::read(&path).unwrap(), b"new");
        assert_eq!(names(folder.path()), ["trace.txt"]);
    }

    #[cfg(unix)]
    #[test]
    fn a_link_and_the_permissions_of_a_file_stay() {
        use std::os::unix::fs::{PermissionsExt, symlink};
        let folder = tempfile::tempdir().unwrap();
        let (file, link) = (folder.path().join("file"), folder.path().join("link"));
        fs::write(&file, "old").unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
        symlink(&file, &link).unwrap();
        prepare_one(&link).write(|to| to.write_all(b"new")).unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::read(&file).unwrap(), b"new");
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o640);
    }
}

//! A file that is being written: no half-written file stays behind.
//!
//! When the work fails, the file is removed. When SIGINT or SIGTERM ends the program, a thread
//! removes the file first. Then the program ends by that signal, as its parent expects.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, Once};

use tempfile::NamedTempFile;

/// Runs [`remove_at_signals`] before the first file is made.
static REMOVER: Once = Once::new();

/// The files that are being written now.
static UNFINISHED: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

fn unfinished() -> MutexGuard<'static, Vec<PathBuf>> {
    UNFINISHED.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}

/// A file under a temporary name, which is renamed when it is complete.
pub struct PartialFile {
    file: NamedTempFile,
    // This field is dropped after the file, so the list has the file until the file is gone.
    _listed: Listed,
}

/// An entry of the list of unfinished files.
struct Listed(PathBuf);

impl Drop for Listed {
    fn drop(&mut self) {
        unfinished().retain(|path| *path != self.0);
    }
}

impl PartialFile {
    /// Makes a file in a folder.
    ///
    /// # Errors
    /// What the system says.
    pub fn new_in(folder: &Path) -> io::Result<PartialFile> {
        let mut builder = tempfile::Builder::new();
        builder.prefix(".portcls-emu-").suffix(".part");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            // The permissions for a new file; the system applies the user's mask to them.
            builder.permissions(std::fs::Permissions::from_mode(0o666));
        }
        REMOVER.call_once(remove_at_signals);
        // The thread that removes files at a signal waits for this lock, so it sees the list only
        // when each unfinished file is in it.
        let mut list = unfinished();
        let file = builder.tempfile_in(folder)?;
        list.push(file.path().to_owned());
        let listed = Listed(file.path().to_owned());
        Ok(PartialFile { file, _listed: listed })
    }

    /// The file, to write into.
    pub fn file_mut(&mut self) -> &mut File {
        self.file.as_file_mut()
    }

    /// Gives the file its name; a file that had this name is replaced.
    ///
    /// # Errors
    /// What the system says. The file is then removed.
    pub fn put_at(self, path: &Path) -> io::Result<()> {
        self.file.persist(path).map(drop).map_err(|error| error.error)
    }
}

/// From now on the program removes its unfinished files before SIGINT or SIGTERM ends it. On a
/// system without these signals the function does nothing.
fn remove_at_signals() {
    #[cfg(unix)]
    {
        use signal_hook::consts::{SIGINT, SIGTERM};
        use signal_hook::iterator::Signals;
        // If the system refuses the handlers, a signal ends the program at once, and an unfinished
        // file may stay behind.
        let Ok(mut signals) = Signals::new([SIGINT, SIGTERM]) else { return };
        std::thread::spawn(move || {
            for signal in signals.forever() {
                let list = unfinished();
                for path in list.iter() {
                    let _ = std::fs::remove_file(path);
                }
                let _ = signal_hook::low_level::emulate_default_handler(signal);
            }
        });
    }
}

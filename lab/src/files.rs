//! The files that the page gave, by their names.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use portcls_machine::driver_file::symbols::SideFile;
use portcls_machine::scenario::ScenarioFiles;
use portcls_results::plain_text;

use crate::refusal::Refusal;

/// The longest file in bytes. A longer file could be neither a driver nor a song.
pub const MOST_FILE_BYTES: usize = 64 << 20;

/// The most files that the lab holds.
/// Assumed: a scenario names a handful of files.
pub const MOST_FILES: usize = 256;

/// The most bytes of a name.
const MOST_NAME_BYTES: usize = 255;

/// The files.
#[derive(Clone, Default)]
pub struct Files {
    files: BTreeMap<String, Arc<[u8]>>,
}

impl Files {
    /// Takes a file.
    ///
    /// # Errors
    /// [`Refusal`]: the name is not allowed, the file is too long, or there are too many files.
    pub fn put(&mut self, name: &str, bytes: Vec<u8>) -> Result<(), Refusal> {
        if name.is_empty() || name.len() > MOST_NAME_BYTES || name.contains(char::is_control) {
            let words = format!(
                "a file needs a name of 1 to {MOST_NAME_BYTES} bytes without control characters"
            );
            return Err(Refusal::file("a file", words));
        }
        if bytes.len() > MOST_FILE_BYTES {
            let bytes = bytes.len();
            let words = format!("the file has {bytes} bytes, the limit is {MOST_FILE_BYTES}");
            return Err(Refusal::file(name, words));
        }
        if self.files.len() >= MOST_FILES && !self.files.contains_key(name) {
            let words = format!("{MOST_FILES} files are there already: take out those before");
            return Err(Refusal::file(name, words));
        }
        self.files.insert(name.to_owned(), bytes.into());
        Ok(())
    }

    /// The bytes of a file.
    ///
    /// # Errors
    /// [`Refusal`]: there is no such file.
    pub fn get(&self, name: &str) -> Result<Arc<[u8]>, Refusal> {
        let missing = || Refusal::file(name, "this file was not given: drop it here, or choose it");
        self.find(name).cloned().ok_or_else(missing)
    }

    /// The bytes of a file; `None` if there is no such file. If a name with a folder is not found,
    /// the name without the folder is tried, because a page gets no folders.
    pub fn find(&self, name: &str) -> Option<&Arc<[u8]>> {
        self.files.get(name).or_else(|| self.files.get(bare_name(name)))
    }

    /// The bytes of a text file. A file that a Windows editor wrote in UTF-16 is translated to
    /// UTF-8.
    ///
    /// # Errors
    /// [`Refusal`]: there is no such file.
    pub fn text(&self, name: &str) -> Result<Vec<u8>, Refusal> {
        Ok(plain_text(self.get(name)?.to_vec()))
    }

    /// All files, without their folders: each of them may hold the symbols of a driver.
    pub fn beside(&self) -> Vec<SideFile> {
        let side = |(name, bytes): (&String, &Arc<[u8]>)| SideFile {
            name: bare_name(name).to_owned(),
            bytes: bytes.clone(),
        };
        self.files.iter().map(side).collect()
    }
}

/// The name of a file without its folder.
pub fn bare_name(name: &str) -> &str {
    name.rsplit(['/', '\\']).next().unwrap_or(name)
}

/// The name of a file without its folder and its ending.
pub fn stem(name: &str) -> &str {
    let bare = bare_name(name);
    match bare.rsplit_once('.') {
        Some((stem, _)) if !stem.is_empty() => stem,
        _ => bare,
    }
}

impl ScenarioFiles for Files {
    fn bytes(&self, name: &str, limit: usize) -> Result<Vec<u8>, String> {
        let bytes = self.find(name).ok_or_else(|| {
            format!("{name} was not given; put it in beside the scenario, under this name")
        })?;
        if bytes.len() > limit {
            return Err(format!("{name} has more than {limit} bytes; name a shorter file"));
        }
        Ok(bytes.to_vec())
    }

    fn path(&self, name: &str) -> PathBuf {
        PathBuf::from(name.replace('\\', "/"))
    }

    fn beside(&self) -> Option<Vec<SideFile>> {
        Some(Files::beside(self))
    }
}

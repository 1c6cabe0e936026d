//! Names and source lines for addresses in a driver.
//!
//! An address always has a module and an offset. It also has a function and offset, a source file
//! and a line, if one of these sources knows them:
//! - the driver's export table, and its entry point, which is DriverEntry;
//! - symbols and DWARF that a compiler left in the `.sys`;
//! - symbols and DWARF in a file beside the driver, `NAME.debug` or `NAME.sys.debug`: the same
//!   driver with its symbols (or the output of `objcopy --only-keep-debug`);
//! - a PDB beside the driver: `NAME.pdb`, or a file with the name that the driver has for its PDB.
//!
//! Symbols only help to read a report. So a file that is damaged or of another build is left out,
//! and a note says so.

mod dwarf;
mod file;
mod names;
mod pdb;
mod source_line;

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;

use serde::Serialize;

use crate::image::{FILE_LIMIT, Image, Rights};

pub use source_line::SourceLine;

use dwarf::Dwarf;
use names::Name;
use pdb::Pdb;

/// The names and lines of a driver's addresses.
#[derive(Clone)]
pub struct Symbols {
    module: String,
    /// The address of the first byte of each function, and its name.
    functions: BTreeMap<u32, Name>,
    dwarf: Option<Rc<Dwarf>>,
    pdb: Option<Rc<Pdb>>,
    notes: Vec<String>,
}

/// A file that belongs beside a driver, for a caller that has no disk.
#[derive(Clone, Debug)]
pub struct SideFile {
    /// The name, without a folder.
    pub name: String,
    /// The bytes.
    pub bytes: Arc<[u8]>,
}

/// Reads the file at a path. `None` if there is no such file. The error says why the file is not
/// read.
type ReadFile<'r> = dyn Fn(&Path) -> Option<Result<Vec<u8>, String>> + 'r;

/// The name of an address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Place {
    /// The module: the file's name without `.sys`.
    pub module: String,
    /// The offset in the module, in bytes.
    pub offset: u32,
    /// The function, if its name is known.
    pub function: Option<FunctionOffset>,
    /// The source lines, from the innermost inlined function to the function itself.
    pub lines: Vec<SourceLine>,
}

/// An offset in a function.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FunctionOffset {
    /// The name, without its parameters.
    pub name: String,
    /// The offset from the first byte of the function.
    pub offset: u32,
}

impl Symbols {
    /// The symbols that the image itself gives: its exports, and `DriverEntry` for an entry point
    /// without an export.
    pub fn new(module: &str, image: &Image) -> Symbols {
        let named = image.exports().iter().filter_map(|export| {
            let name = export.name.as_ref()?;
            Some((export.rva, Name::Decorated(name.clone())))
        });
        let mut functions: BTreeMap<u32, Name> = named.collect();
        let entry = || Name::Plain("DriverEntry".to_owned());
        functions.entry(image.entry_rva()).or_insert_with(entry);
        let module = module.to_owned();
        Symbols { module, functions, dwarf: None, pdb: None, notes: Vec::new() }
    }

    /// The symbols from a driver's file and the files beside it. For a file that cannot be used
    /// there is a note.
    pub fn beside(path: &Path, image: &Image, driver: &[u8]) -> Symbols {
        Symbols::with(path, image, driver, &read_from_disk)
    }

    /// Does the same as [`beside`](Symbols::beside), for a caller that has no disk. `files` has the
    /// names and bytes of all files that may belong beside the driver.
    pub fn among(path: &Path, image: &Image, driver: &[u8], files: &[SideFile]) -> Symbols {
        Symbols::with(path, image, driver, &|wanted| {
            let name = wanted.file_name()?.to_str()?;
            let found = files.iter().find(|file| file.name.eq_ignore_ascii_case(name))?;
            Some(Ok(found.bytes.to_vec()))
        })
    }

    /// The symbols from a driver's file and from the files beside it. `read` reads these files.
    fn with(path: &Path, image: &Image, driver: &[u8], read: &ReadFile<'_>) -> Symbols {
        let module = path.file_stem().unwrap_or_default().to_string_lossy();
        let mut symbols = Symbols::new(&module, image);
        symbols.add(image, "the driver", driver);
        for side in side_files(path) {
            symbols.add_file(image, &side, read);
        }
        for side in pdb_files(path, image) {
            symbols.add_file(image, &side, read);
            if symbols.pdb.is_some() {
                break;
            }
        }
        symbols
    }

    /// Adds the symbols from a file, if the file exists.
    fn add_file(&mut self, image: &Image, path: &Path, read: &ReadFile<'_>) {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        match read(path) {
            None => {}
            Some(Ok(bytes)) => self.add(image, &name, &bytes),
            Some(Err(why)) => self.notes.push(format!("{name} is not read: {why}")),
        }
    }

    /// Adds the symbols from the bytes of a file, or a note if the symbols cannot be used.
    pub fn add(&mut self, image: &Image, name: &str, bytes: &[u8]) {
        match file::read(image, bytes) {
            Ok(found) => {
                self.functions.extend(found.functions);
                self.dwarf = found.dwarf.map(Rc::new).or(self.dwarf.take());
                self.pdb = found.pdb.map(Rc::new).or(self.pdb.take());
                self.notes.extend(found.note.map(|note| format!("{name}: {note}")));
            }
            Err(why) => self.notes.push(format!("{name} gives no symbols: {why}")),
        }
    }

    /// The module: the file's name without `.sys`.
    pub fn module(&self) -> &str {
        &self.module
    }

    /// A note for each file that could not be used completely, with the reason.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// The name of a return address. The function and the lines are those of the call, which ends
    /// directly before this address.
    pub fn place_of_return(&self, image: &Image, rva: u32) -> Place {
        let call = self.place(image, rva.saturating_sub(1));
        let function = call
            .function
            .map(|function| FunctionOffset { offset: function.offset + 1, ..function });
        Place { offset: rva, function, ..call }
    }

    /// The name of an address in the image.
    pub fn place(&self, image: &Image, rva: u32) -> Place {
        let section = image.section_at(rva);
        let is_code = section.is_some_and(|section| section.rights.contains(Rights::EXECUTE));
        let begins_before = self.functions.range(..=rva).next_back();
        let named = begins_before.filter(|(start, _)| {
            is_code && section.is_some_and(|section| section.contains(**start, 1))
        });
        let found = named.map(|(&start, name)| (start, name.plain()));
        let address = image.preferred_base().wrapping_add(rva.into());
        let described = self.dwarf.as_ref().filter(|_| is_code).map(|dwarf| dwarf.find(address));
        let (described_function, mut lines) = described.unwrap_or_default();
        if let Some(pdb) = self.pdb.as_ref().filter(|_| is_code && lines.is_empty()) {
            lines = pdb.find(rva);
        }
        let described_function = described_function.and_then(|(start, name)| {
            let start = start.checked_sub(image.preferred_base())?;
            Some((u32::try_from(start).ok()?, Name::Decorated(name).plain()))
        });
        let function = found.max(described_function);
        Place {
            module: self.module.clone(),
            offset: rva,
            function: function
                .map(|(start, name)| FunctionOffset { name, offset: rva.saturating_sub(start) }),
            lines,
        }
    }
}

/// The path of the file from which a debugger reads an image. This is a file beside the driver, if
/// it is not too long, is of the same build and has DWARF. Otherwise it is the driver itself. The
/// function does not look for a PDB, because a debugger finds a PDB without help.
#[must_use]
pub fn file_for_debugger(path: &Path, image: &Image) -> PathBuf {
    let has_dwarf = |side: &PathBuf| {
        fs::metadata(side).is_ok_and(|metadata| metadata.len() <= FILE_LIMIT as u64)
            && fs::read(side).is_ok_and(|bytes| file::has_dwarf_of(image, &bytes))
    };
    let file = side_files(path).into_iter().find(has_dwarf).unwrap_or_else(|| path.to_owned());
    fs::canonicalize(&file).unwrap_or(file)
}

impl fmt::Debug for Symbols {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "symbols of {}, {} functions", self.module, self.functions.len())
    }
}

impl fmt::Display for Place {
    /// Writes the place in the form of WinDbg: `uart!Isr+1C [miniport.cpp @ 88]`, or `uart+1234`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.function {
            Some(FunctionOffset { name, offset: 0 }) => write!(f, "{}!{name}", self.module)?,
            Some(function) => {
                write!(f, "{}!{}+{:X}", self.module, function.name, function.offset)?;
            }
            None => write!(f, "{}+{:X}", self.module, self.offset)?,
        }
        match self.lines.first() {
            Some(SourceLine { file, line }) => write!(f, " [{file} @ {line}]"),
            None => Ok(()),
        }
    }
}

/// Reads a file of symbols, if it exists and is not too long.
fn read_from_disk(path: &Path) -> Option<Result<Vec<u8>, String>> {
    let size = fs::metadata(path).map(|metadata| metadata.len()).ok()?;
    if size > FILE_LIMIT as u64 {
        return Some(Err(format!("it has {size} bytes, the limit is {FILE_LIMIT} (FILE_LIMIT)")));
    }
    Some(fs::read(path).map_err(|error| error.to_string()))
}

/// The files beside a driver that may hold symbols.
fn side_files(path: &Path) -> [PathBuf; 2] {
    let mut appended = path.as_os_str().to_owned();
    appended.push(".debug");
    [path.with_extension("debug"), PathBuf::from(appended)]
}

/// The files beside a driver that may be its PDB: under the driver's name, or under the file name
/// of the PDB's path in the driver. The folders of this path are folders of the computer that built
/// the driver, so the search ignores them.
fn pdb_files(path: &Path, image: &Image) -> Vec<PathBuf> {
    let mut files = vec![path.with_extension("pdb")];
    let told = image.pdb_reference().map(|pdb| pdb.file).unwrap_or_default();
    let name = told.rsplit(['/', '\\', ':']).next().unwrap_or_default();
    let is_pdb = Path::new(name).extension().is_some_and(|it| it.eq_ignore_ascii_case("pdb"));
    let told = path.with_file_name(name);
    if is_pdb && !files.contains(&told) {
        files.push(told);
    }
    files
}

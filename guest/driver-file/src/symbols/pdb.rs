//! Names and source lines from the PDBs that Microsoft and LLVM linkers write.
//!
//! A PDB is used only if it is of the same build as the driver: the driver names its PDB by a GUID
//! and an age. The reader here does not read types and variables. It checks everything that it
//! reads, because a file beside a driver can come from any place. It uses none of the crates that
//! read PDBs, because they trust the file, and panic on many damaged files. For example, pdb2 0.11
//! panics on bad offsets of stream names, and bad sizes of line blocks and modules.
//!
//! This circular dependency stays: `module.rs` reads the part of one object file into the names and
//! lines of all object files. This file declares the types of these names and lines.
//!
//! Source: LLVM, The PDB File Format.

mod container;
mod module;
mod reader;

use std::collections::BTreeMap;
use std::ops::Range;

use crate::image::{Image, NAME_LIMIT, PdbReference, Rights};

use super::names::{FUNCTION_LIMIT, Name};
use super::source_line::{INLINE_LIMIT, SourceLine};

use container::{Container, MAGIC};
use module::Module;
use reader::Reader;

/// The largest number of code ranges with a line that the reader takes from one file. This number
/// of ranges needs 32 MB.
/// Assumed: a large driver has some hundred thousand.
const LINE_LIMIT: usize = 2_000_000;

/// The streams that have a fixed number.
const INFORMATION: u16 = 1;
const DEBUG_INFORMATION: u16 = 3;

/// The stream number that means: no stream.
const NO_STREAM: u16 = 0xFFFF;

/// The first number of the stream with the names of the source files.
const NAMES_SIGNATURE: u32 = 0xEFFE_EFFE;

/// The type of a public symbol, and its flag for a function.
const S_PUB32: u16 = 0x110E;
const PUBLIC_FUNCTION: u32 = 2;

/// The source lines of a PDB.
pub(super) struct Pdb {
    /// The names of the source files; each ends in a zero byte.
    names: Vec<u8>,
    lines: Lines,
}

/// Ranges of code with their lines, by depth. Depth 0 has the functions, depth 1 has the functions
/// that are inlined into functions of depth 0, and so on. In good files, the ranges of one depth
/// are in order and do not overlap.
#[derive(Default)]
pub(super) struct Lines {
    depths: Vec<Vec<Line>>,
    count: usize,
}

struct Line {
    range: Range<u32>,
    /// The offset of the file's name in `Pdb::names`.
    file: u32,
    line: u32,
}

/// The functions that the modules and the public symbols of a PDB name. A module belongs to one
/// object file. When two functions have the same address, the first function stays.
#[derive(Default)]
pub(super) struct Procedures(BTreeMap<u32, Name>);

/// Converts a section and an offset in the section to an address. A PDB gives the place of each
/// symbol as such a pair.
pub(super) struct Addresses<'a>(&'a Image);

/// The needed parts of the stream of debug information.
struct DebugInformation {
    age: u32,
    symbols: u16,
    modules: Vec<ModuleEntry>,
    is_rearranged: bool,
}

struct ModuleEntry {
    stream: u16,
    sizes: [u32; 3],
}

/// The content of a PDB.
pub(super) struct PdbRead {
    pub functions: BTreeMap<u32, Name>,
    pub pdb: Pdb,
    /// The part that could not be used, in words.
    pub note: Option<String>,
}

/// Whether a file claims to be a PDB.
pub(super) fn is_pdb(bytes: &[u8]) -> bool {
    bytes.starts_with(MAGIC)
}

/// Reads a PDB of the image.
///
/// # Errors
/// In words: why the PDB cannot be used.
pub(super) fn read(image: &Image, bytes: &[u8]) -> Result<PdbRead, String> {
    let wanted = image.pdb_reference().ok_or(
        "the driver does not name the PDB that belongs to it; link it with /DEBUG (a debug \
         directory with a CodeView record)",
    )?;
    let damaged = |what: &str| format!("it is damaged: {what}; copy or build it again");
    let container = Container::read(bytes).ok_or_else(|| damaged("no directory of streams"))?;
    let information = container.stream(INFORMATION).unwrap_or_default();
    let (guid, names) = read_information(&information).ok_or_else(|| damaged("no GUID"))?;
    let debug = container.stream(DEBUG_INFORMATION).unwrap_or_default();
    let debug = read_debug_information(&debug).ok_or_else(|| damaged("no list of modules"))?;
    check_build(&wanted, guid, debug.age)?;
    if debug.is_rearranged {
        return Err("its addresses were rearranged after linking (OMAP)".to_owned());
    }
    let names = names.and_then(|stream| container.stream(stream));
    let names = names.and_then(|stream| read_names(&stream)).unwrap_or_default();
    let (addresses, mut lines) = (Addresses(image), Lines::default());
    let mut procedures = Procedures::default();
    let (mut read, mut present) = (0, 0);
    for entry in debug.modules.iter().filter(|entry| entry.stream != NO_STREAM) {
        present += 1;
        let stream = container.stream(entry.stream);
        let read_module = stream.as_deref().and_then(|stream| {
            let module = Module::read(stream, entry.sizes)?;
            module.lines(&addresses, &mut lines)?;
            module.procedures(&addresses, &mut procedures, &mut lines)
        });
        read += u32::from(read_module.is_some());
    }
    let publics = container.stream(debug.symbols).unwrap_or_default();
    procedures.add_publics(&addresses, &publics);
    lines.sort();
    let note = (read < present)
        .then(|| format!("{} of its {present} modules are damaged", present - read));
    let pdb = Pdb { names, lines };
    Ok(PdbRead { functions: procedures.0, pdb, note })
}

/// Refuses any PDB except the PDB that the image names.
fn check_build(wanted: &PdbReference, guid: [u8; 16], age: u32) -> Result<(), String> {
    let found = PdbReference { guid, age, file: String::new() };
    if (wanted.guid, wanted.age) == (found.guid, found.age) {
        return Ok(());
    }
    Err(format!(
        "it is of another build: it is {}, the driver names {}; build both at once",
        found.identity(),
        wanted.identity()
    ))
}

impl Pdb {
    /// The source lines of an address, innermost first.
    pub fn find(&self, rva: u32) -> Vec<SourceLine> {
        let depths = self.lines.depths.iter().rev();
        let found = depths.filter_map(|lines| {
            let after = lines.partition_point(|line| line.range.start <= rva);
            let line = lines[..after].last().filter(|line| rva < line.range.end)?;
            let name = self.names.get(usize::try_from(line.file).ok()?..)?;
            let name = String::from_utf8_lossy(Reader::new(name).string()?).into_owned();
            SourceLine::of(&name, line.line)
        });
        found.collect()
    }
}

impl Lines {
    /// Adds the line of a range at this depth of inlined functions. An empty range, a range with
    /// the line 0, and a range beyond a limit are left out.
    fn add(&mut self, depth: usize, range: Range<u32>, file: u32, line: u32) {
        if range.is_empty() || line == 0 || depth >= INLINE_LIMIT || self.count == LINE_LIMIT {
            return;
        }
        if self.depths.len() <= depth {
            self.depths.resize_with(depth + 1, Vec::new);
        }
        self.depths[depth].push(Line { range, file, line });
        self.count += 1;
    }

    fn sort(&mut self) {
        for lines in &mut self.depths {
            lines.sort_by_key(|line| line.range.start);
        }
    }
}

impl Procedures {
    /// Adds a function of a module. Names in a module are plain. Only a function that the compiler
    /// made, such as a thunk that moves `this`, has a decorated name there.
    fn add(&mut self, rva: Option<u32>, name: &[u8]) {
        let is_decorated = name.starts_with(b"?");
        self.insert(rva, name, if is_decorated { Name::Decorated } else { Name::Plain });
    }

    /// Adds the public functions at addresses for which no module names a function. Public symbols
    /// have decorated names.
    fn add_publics(&mut self, addresses: &Addresses<'_>, records: &[u8]) {
        let mut records = Reader::new(records);
        while let Some(record) = records.u16().and_then(|size| records.take(size.into())) {
            self.add_public(addresses, Reader::new(record));
        }
    }

    fn add_public(&mut self, addresses: &Addresses<'_>, mut record: Reader<'_>) -> Option<()> {
        record.u16().filter(|&kind| kind == S_PUB32)?;
        record.u32().filter(|flags| flags & PUBLIC_FUNCTION != 0)?;
        let (offset, segment) = (record.u32()?, record.u16()?);
        self.insert(addresses.rva(segment, offset), record.string()?, Name::Decorated);
        Some(())
    }

    fn insert(&mut self, rva: Option<u32>, name: &[u8], kind: fn(String) -> Name) {
        let Some(rva) = rva else { return };
        if self.0.len() < FUNCTION_LIMIT && (1..=NAME_LIMIT).contains(&name.len()) {
            let name = || kind(String::from_utf8_lossy(name).into_owned());
            self.0.entry(rva).or_insert_with(name);
        }
    }
}

impl Addresses<'_> {
    /// The address of a place in code. A segment is the number of a section, counted from 1.
    fn rva(&self, segment: u16, offset: u32) -> Option<u32> {
        let range = self.range(segment, offset, offset.checked_add(1)?)?;
        Some(range.start)
    }

    /// The addresses of a range in code.
    fn range(&self, segment: u16, start: u32, end: u32) -> Option<Range<u32>> {
        let section = self.0.sections().get(usize::from(segment).checked_sub(1)?)?;
        let is_inside = start <= end && end <= section.size;
        let is_code = section.rights.contains(Rights::EXECUTE);
        (is_inside && is_code).then(|| section.rva + start..section.rva + end)
    }
}

/// The GUID, and the stream with the names of the source files.
fn read_information(stream: &[u8]) -> Option<([u8; 16], Option<u16>)> {
    let mut stream = Reader::new(stream);
    // Version, time, and an age that tools may increase after linking.
    stream.take(12)?;
    let guid = stream.take(16)?.try_into().ok()?;
    Some((guid, find_names(&mut stream)))
}

/// Looks up `/names` in the hash table of named streams.
fn find_names(stream: &mut Reader<'_>) -> Option<u16> {
    let size = stream.u32()?;
    let strings = stream.take_u32(size)?;
    let count = stream.u32()?;
    stream.u32()?;
    // Two sets of bits: the buckets in use, and the deleted buckets.
    for _ in 0..2 {
        let words = stream.u32()?;
        stream.take_u32(words.checked_mul(4)?)?;
    }
    for _ in 0..count {
        let (name, number) = (stream.u32()?, stream.u32()?);
        let name = strings.get(usize::try_from(name).ok()?..);
        if name.and_then(|name| Reader::new(name).string()) == Some(b"/names") {
            return number.try_into().ok();
        }
    }
    None
}

fn read_names(stream: &[u8]) -> Option<Vec<u8>> {
    let mut stream = Reader::new(stream);
    stream.u32().filter(|&signature| signature == NAMES_SIGNATURE)?;
    stream.u32()?;
    let size = stream.u32()?;
    stream.take_u32(size).map(<[u8]>::to_vec)
}

/// Source: LLVM, The PDB DBI Stream.
fn read_debug_information(stream: &[u8]) -> Option<DebugInformation> {
    let mut stream = Reader::new(stream);
    stream.u32().filter(|&signature| signature == u32::MAX)?;
    stream.u32()?;
    let age = stream.u32()?;
    stream.take(8)?;
    let symbols = stream.u16()?;
    stream.u16()?;
    let module_size = stream.u32()?;
    // The sizes of four parts that the reader skips: section contributions, section map, source
    // files, type servers.
    let mut between = [0; 4];
    for size in &mut between {
        *size = stream.u32()?;
    }
    stream.u32()?;
    let (streams_size, edit_size) = (stream.u32()?, stream.u32()?);
    stream.take(8)?;
    let modules = read_modules(stream.take_u32(module_size)?)?;
    for size in between.into_iter().chain([edit_size]) {
        stream.take_u32(size)?;
    }
    let mut streams = Reader::new(stream.take_u32(streams_size)?);
    let streams: Vec<u16> = std::iter::from_fn(|| streams.u16()).collect();
    // The fourth and the fifth number in this list name streams with tables that map between the
    // addresses before and after a rearrangement.
    let is_rearranged = streams.iter().skip(3).take(2).any(|&number| number != NO_STREAM);
    Some(DebugInformation { age, symbols, modules, is_rearranged })
}

fn read_modules(list: &[u8]) -> Option<Vec<ModuleEntry>> {
    let mut list = Reader::new(list);
    let mut modules = Vec::new();
    while !list.is_empty() {
        // An unused number, the section contribution of 28 bytes, flags.
        list.take(34)?;
        let stream = list.u16()?;
        let sizes = [list.u32()?, list.u32()?, list.u32()?];
        list.take(16)?;
        let names = list.string()?.len() + 1 + list.string()?.len() + 1;
        list.align(names);
        modules.push(ModuleEntry { stream, sizes });
    }
    Some(modules)
}

//! The PDB that belongs to a driver: the debug directory's CodeView record.

use object::pe::{IMAGE_DEBUG_TYPE_CODEVIEW, IMAGE_DIRECTORY_ENTRY_DEBUG};

use super::{Image, NAME_LIMIT};

/// The size of one entry of the debug directory in bytes.
const ENTRY_SIZE: u32 = 28;

/// The largest number of entries that the parser reads.
/// Assumed: linkers write from one to six.
const ENTRY_LIMIT: u32 = 32;

/// The PDB that a linker wrote together with a driver.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PdbReference {
    /// The GUID of the build, in the byte order of the file.
    pub guid: [u8; 16],
    /// The number of times that the PDB was written for this build.
    pub age: u32,
    /// The path that was given to the linker, often with folders of the developer's computer.
    pub file: String,
}

impl PdbReference {
    /// GUID and age in the form of symbol servers, such as `3844DBB920174967BE7AA4A2C20430FA2`.
    pub fn identity(&self) -> String {
        let guid = &self.guid;
        // A GUID is three numbers and eight single bytes. The file holds the numbers with the
        // lowest byte first.
        let order = [3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15];
        let digits: String = order.iter().map(|&byte| format!("{:02X}", guid[byte])).collect();
        format!("{digits}{:X}", self.age)
    }
}

/// Reads the first sound CodeView record of the form RSDS. Damaged records and other forms are
/// skipped.
pub(super) fn read(image: &Image) -> Option<PdbReference> {
    let directory = image.headers.directory(IMAGE_DIRECTORY_ENTRY_DEBUG)?;
    let count = (directory.size / ENTRY_SIZE).min(ENTRY_LIMIT);
    let entries = (0..count).map_while(|index| directory.rva.checked_add(index * ENTRY_SIZE));
    entries.filter_map(|entry| read_entry(image, entry)).next()
}

fn read_entry(image: &Image, entry: u32) -> Option<PdbReference> {
    let field = |offset: u32| image.read_u32(entry.checked_add(offset)?);
    field(12).filter(|&kind| kind == IMAGE_DEBUG_TYPE_CODEVIEW.0)?;
    let (size, record) = (field(16)?, field(20)?);
    let mut header = [0; 24];
    image.read(record, &mut header)?;
    let (signature, rest) = header.split_first_chunk::<4>()?;
    let (guid, age) = rest.split_first_chunk::<16>()?;
    if signature != b"RSDS" {
        return None;
    }
    let length = (size as usize).checked_sub(header.len())?.min(NAME_LIMIT);
    let mut file = vec![0; length];
    image.read(record.checked_add(header.len() as u32)?, &mut file)?;
    let end = file.iter().position(|&byte| byte == 0)?;
    Some(PdbReference {
        guid: *guid,
        age: u32::from_le_bytes(age.try_into().ok()?),
        file: String::from_utf8_lossy(&file[..end]).into_owned(),
    })
}

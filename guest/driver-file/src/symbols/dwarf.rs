//! Source lines from DWARF.

use std::sync::Arc;

use addr2line::Context;
use gimli::{AttributeValue, DW_AT_low_pc, EndianArcSlice, LittleEndian};

use super::source_line::{INLINE_LIMIT, SourceLine};

type Reader = EndianArcSlice<LittleEndian>;

/// The DWARF of a file, indexed by address at the linker's preferred base.
pub(super) struct Dwarf(Context<Reader>);

impl Dwarf {
    /// Reads the sections that `section` gives by name. `None` when there is no readable DWARF.
    pub fn read<'a>(section: impl Fn(&str) -> Option<&'a [u8]>) -> Option<Dwarf> {
        section(".debug_info")?;
        let load = |id: gimli::SectionId| -> Result<Reader, gimli::Error> {
            let bytes: Arc<[u8]> = section(id.name()).unwrap_or(&[]).into();
            Ok(Reader::new(bytes, LittleEndian))
        };
        let dwarf = gimli::Dwarf::load(load).ok()?;
        Context::from_dwarf(dwarf).ok().map(Dwarf)
    }

    /// The function that contains an address: the address of its first byte, and its name in the
    /// linker's form. Also the source lines of the address, innermost first.
    pub fn find(&self, address: u64) -> (Option<(u64, String)>, Vec<SourceLine>) {
        let mut lines = Vec::new();
        let mut function = None;
        let Ok(mut frames) = self.0.find_frames(address).skip_all_loads() else {
            return (function, lines);
        };
        while let Ok(Some(frame)) = frames.next() {
            if lines.len() == INLINE_LIMIT {
                break;
            }
            if let Some(line) = frame.location.as_ref().and_then(line) {
                lines.push(line);
            }
            let start = frame.dw_die_offset.and_then(|offset| self.start(address, offset));
            let name = frame.function.and_then(|name| Some(name.raw_name().ok()?.into_owned()));
            function = start.zip(name);
        }
        (function, lines)
    }

    /// The first address of a function.
    fn start(&self, address: u64, offset: gimli::UnitOffset) -> Option<u64> {
        let unit = self.0.find_dwarf_and_unit(address).skip_all_loads()?;
        let entry = unit.entry(offset).ok()?;
        match entry.attr_value(DW_AT_low_pc)? {
            AttributeValue::Addr(start) => Some(start),
            AttributeValue::DebugAddrIndex(index) => unit.address(index).ok(),
            _ => None,
        }
    }
}

fn line(location: &addr2line::Location<'_>) -> Option<SourceLine> {
    SourceLine::of(location.file?, location.line?)
}

//! One module of a PDB: symbols and lines of one object file.
//!
//! Source: LLVM, The Module Information Stream and CodeView Symbol Records; the numbers are the
//! numbers in Microsoft's cvinfo.h.

use std::collections::HashMap;

use super::reader::Reader;
use super::{Addresses, Lines, Procedures};

/// Symbol records.
const S_THUNK32: u16 = 0x1102;
const S_LPROC32: u16 = 0x110F;
const S_GPROC32: u16 = 0x1110;
const S_LPROC32_ID: u16 = 0x1146;
const S_GPROC32_ID: u16 = 0x1147;
const S_INLINESITE: u16 = 0x114D;
const S_INLINESITE_END: u16 = 0x114E;
const S_INLINESITE2: u16 = 0x115D;

/// Subsections that follow the symbols.
const LINES: u32 = 0xF2;
const FILE_CHECKSUMS: u32 = 0xF4;
const INLINEE_LINES: u32 = 0xF6;

/// The first number of a module's symbols.
const SIGNATURE: u32 = 4;

/// Two line numbers that mean no line: code that the compiler made.
const HIDDEN_LINES: [u32; 2] = [0x00F0_0F00, 0x00FE_EFEE];

/// A module: its symbols, and the needed subsections.
pub(super) struct Module<'a> {
    symbols: Reader<'a>,
    lines: Vec<&'a [u8]>,
    /// An entry for each source file. An entry begins with the place of the file's name. Lines name
    /// a file by the offset of its entry.
    checksums: &'a [u8],
    /// The file and the first line of each function that was inlined somewhere, by the number of
    /// the function.
    inlinees: HashMap<u32, (u32, u32)>,
}

/// The function or the inlined function that symbols belong to.
#[derive(Clone, Copy)]
struct Scope {
    segment: u16,
    offset: u32,
    /// The depth in inlined functions; 0 is the function itself.
    depth: usize,
}

impl<'a> Module<'a> {
    /// Reads a module's stream. It begins with three parts of the given sizes: the symbols, the
    /// lines in the form before 2005, and the subsections. The lines in the old form are not read.
    pub fn read(stream: &'a [u8], sizes: [u32; 3]) -> Option<Module<'a>> {
        let mut stream = Reader::new(stream);
        let mut symbols = Reader::new(stream.take_u32(sizes[0])?);
        if !symbols.is_empty() && symbols.u32()? != SIGNATURE {
            return None;
        }
        stream.take_u32(sizes[1])?;
        let mut module =
            Module { symbols, lines: Vec::new(), checksums: &[], inlinees: HashMap::new() };
        let mut subsections = Reader::new(stream.take_u32(sizes[2])?);
        while !subsections.is_empty() {
            let (kind, size) = (subsections.u32()?, subsections.u32()?);
            let bytes = subsections.take_u32(size)?;
            subsections.align(bytes.len());
            match kind {
                LINES => module.lines.push(bytes),
                FILE_CHECKSUMS => module.checksums = bytes,
                INLINEE_LINES => module.read_inlinees(bytes)?,
                _ => {}
            }
        }
        Some(module)
    }

    fn read_inlinees(&mut self, bytes: &[u8]) -> Option<()> {
        let mut inlinees = Reader::new(bytes);
        let has_more_files = inlinees.u32()? == 1;
        while !inlinees.is_empty() {
            let (function, file, line) = (inlinees.u32()?, inlinees.u32()?, inlinees.u32()?);
            if has_more_files {
                let count = inlinees.u32()?;
                inlinees.take_u32(count.checked_mul(4)?)?;
            }
            self.inlinees.insert(function, (file, line));
        }
        Some(())
    }

    /// Adds the functions, and the lines of the functions that were inlined into these functions.
    pub fn procedures(
        &self,
        addresses: &Addresses,
        procedures: &mut Procedures,
        lines: &mut Lines,
    ) -> Option<()> {
        let mut symbols = self.symbols;
        let mut scope = None;
        while !symbols.is_empty() {
            let size = symbols.u16()?;
            let mut record = Reader::new(symbols.take(usize::from(size))?);
            match record.u16()? {
                S_LPROC32 | S_GPROC32 | S_LPROC32_ID | S_GPROC32_ID => {
                    // Links to other records, the size of the code, the place of its body, and its
                    // type.
                    record.take(28)?;
                    let (offset, segment) = (record.u32()?, record.u16()?);
                    record.u8()?;
                    procedures.add(addresses.rva(segment, offset), record.string()?);
                    scope = Some(Scope { segment, offset, depth: 0 });
                }
                S_THUNK32 => {
                    record.take(12)?;
                    let (offset, segment) = (record.u32()?, record.u16()?);
                    record.take(3)?;
                    procedures.add(addresses.rva(segment, offset), record.string()?);
                }
                kind @ (S_INLINESITE | S_INLINESITE2) => {
                    record.take(8)?;
                    let function = record.u32()?;
                    if kind == S_INLINESITE2 {
                        record.u32()?;
                    }
                    if let Some(scope) = &mut scope {
                        scope.depth += 1;
                        self.inline_site(function, record, *scope, addresses, lines);
                    }
                }
                S_INLINESITE_END => {
                    if let Some(scope) = &mut scope {
                        scope.depth = scope.depth.saturating_sub(1);
                    }
                }
                // The end of a function needs no work: the next function replaces the scope.
                _ => {}
            }
        }
        Some(())
    }

    /// Adds the lines of one place where a function was inlined. The record holds a small program
    /// that moves an offset and a line. A program that cannot be read ends early.
    fn inline_site(
        &self,
        function: u32,
        mut program: Reader<'_>,
        scope: Scope,
        addresses: &Addresses,
        lines: &mut Lines,
    ) -> Option<()> {
        let &(mut file, mut line) = self.inlinees.get(&function)?;
        let (mut base, mut offset) = (0_u32, 0_u32);
        // The open range. It ends at the beginning of the next range, or after a length in the
        // program.
        let mut open: Option<(u32, u32, u32)> = None;
        let mut close = |open: Option<(u32, u32, u32)>, end: u32| {
            let (start, file, line) = open?;
            let start = scope.offset.checked_add(start)?;
            let end = scope.offset.checked_add(end)?;
            let range = addresses.range(scope.segment, start, end)?;
            lines.add(scope.depth, range, self.file_name(file)?, line);
            Some(())
        };
        while !program.is_empty() {
            let operation = compressed(&mut program)?;
            if operation == 0 {
                break;
            }
            let operand = compressed(&mut program)?;
            let mut begins = false;
            let mut length = None;
            match operation {
                1 => offset = operand,
                2 => base = operand,
                3 => (offset, begins) = (offset.checked_add(operand)?, true),
                4 => {
                    let end = offset.checked_add(operand)?;
                    close(open.take(), base.checked_add(end)?);
                    offset = end;
                }
                5 => file = operand,
                6 => line = line.wrapping_add(signed(operand)),
                11 => {
                    line = line.wrapping_add(signed(operand >> 4));
                    (offset, begins) = (offset.checked_add(operand & 0xF)?, true);
                }
                12 => {
                    length = Some(operand);
                    (offset, begins) = (offset.checked_add(compressed(&mut program)?)?, true);
                }
                // The reader does not need these: the end of a statement, its columns, and whether
                // it is an expression.
                7..=10 | 13 => {}
                _ => return None,
            }
            if begins {
                let start = base.checked_add(offset)?;
                close(open.replace((start, file, line)), start);
                if let Some(length) = length {
                    close(open.take(), start.checked_add(length)?);
                }
            }
        }
        Some(())
    }

    /// Adds the lines of the functions themselves.
    pub fn lines(&self, addresses: &Addresses, lines: &mut Lines) -> Option<()> {
        for part in &self.lines {
            let mut part = Reader::new(part);
            let (offset, segment) = (part.u32()?, part.u16()?);
            // A flag: columns follow the lines of a block. The reader skips the columns.
            part.u16()?;
            let size = part.u32()?;
            let mut starts: Vec<(u32, u32, u32)> = Vec::new();
            while !part.is_empty() {
                let (file, count, block_size) = (part.u32()?, part.u32()?, part.u32()?);
                let mut block = Reader::new(part.take_u32(block_size.checked_sub(12)?)?);
                for _ in 0..count {
                    let (start, line) = (block.u32()?, block.u32()? & 0x00FF_FFFF);
                    starts.push((start, file, line));
                }
            }
            starts.sort_by_key(|&(start, ..)| start);
            let ends = starts.iter().skip(1).map(|&(start, ..)| start).chain([size]);
            for (&(start, file, line), end) in starts.iter().zip(ends) {
                if HIDDEN_LINES.contains(&line) {
                    continue;
                }
                let (start, end) = (offset.checked_add(start)?, offset.checked_add(end)?);
                let name = self.file_name(file);
                if let Some((range, name)) = addresses.range(segment, start, end).zip(name) {
                    lines.add(0, range, name, line);
                }
            }
        }
        Some(())
    }

    /// The place of a file's name in `Pdb::names`. `file` is the offset of the file's entry in
    /// `checksums`.
    fn file_name(&self, file: u32) -> Option<u32> {
        let entry = self.checksums.get(usize::try_from(file).ok()?..)?;
        Reader::new(entry).u32()
    }
}

/// Reads a number of one, two or four bytes. The first bits of the number say how many bytes it
/// has.
fn compressed(program: &mut Reader<'_>) -> Option<u32> {
    let first = u32::from(program.u8()?);
    let mut next = |number: u32| Some(number << 8 | u32::from(program.u8()?));
    match first {
        0x00..=0x7F => Some(first),
        0x80..=0xBF => next(first & 0x3F),
        0xC0..=0xDF => {
            let second = next(first & 0x1F)?;
            let third = next(second)?;
            next(third)
        }
        _ => None,
    }
}

/// Converts a number whose lowest bit is its sign to a number that can be added.
fn signed(operand: u32) -> u32 {
    match operand & 1 {
        0 => operand >> 1,
        _ => (operand >> 1).wrapping_neg(),
    }
}

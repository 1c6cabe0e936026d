//! The container of a PDB: a file of blocks that holds numbered streams.
//!
//! Source: LLVM, The MSF File Format.

use std::cell::Cell;

use super::reader::Reader;

/// The first bytes of every PDB.
pub(super) const MAGIC: &[u8; 32] = b"Microsoft C/C++ MSF 7.00\r\n\x1A\x44\x53\0\0\0";

/// The size that means: no stream.
const NO_STREAM: u32 = 0xFFFF_FFFF;

/// The streams of a file.
pub(super) struct Container<'a> {
    file: &'a [u8],
    block_size: usize,
    /// The size of each stream in bytes, and the numbers of its blocks.
    streams: Vec<(usize, Vec<u32>)>,
    /// The number of bytes that may still be read from streams. At first it is the size of the
    /// file. So the size of the file limits the cost in memory and time, even if many streams have
    /// the same blocks.
    left: Cell<usize>,
}

impl<'a> Container<'a> {
    /// Reads the directory of streams.
    pub fn read(file: &'a [u8]) -> Option<Container<'a>> {
        let mut header = Reader::new(file);
        header.take(MAGIC.len()).filter(|magic| magic == MAGIC)?;
        let block_size = usize::try_from(header.u32()?).ok()?;
        // Source: LLVM names block sizes of 512 to 4096 bytes. Newer linkers of Microsoft write
        // blocks of up to 32768 bytes.
        if !block_size.is_power_of_two() || !(512..=32_768).contains(&block_size) {
            return None;
        }
        header.take(4)?;
        let file_size = usize::try_from(header.u32()?).ok()?.checked_mul(block_size)?;
        if file_size > file.len() {
            return None;
        }
        let directory_size = usize::try_from(header.u32()?).ok()?;
        header.take(4)?;
        let mut container =
            Container { file, block_size, streams: Vec::new(), left: Cell::new(file.len()) };
        // The header lists blocks, and these blocks list the blocks of the directory.
        let block_count = directory_size.div_ceil(block_size);
        let list_size = block_count.checked_mul(4)?;
        let lists = numbers(&mut header, list_size.div_ceil(block_size))?;
        let list = container.gather(&lists, list_size)?;
        let blocks = numbers(&mut Reader::new(&list), block_count)?;
        let directory = container.gather(&blocks, directory_size)?;
        container.streams = container.directory(&directory)?;
        container.left.set(file.len());
        Some(container)
    }

    /// The bytes of a stream. `None` if the directory has no such number, if a block lies outside
    /// of the file, or if `left` is less than the size of the stream.
    pub fn stream(&self, number: u16) -> Option<Vec<u8>> {
        let (size, blocks) = self.streams.get(usize::from(number))?;
        self.gather(blocks, *size)
    }

    fn directory(&self, directory: &[u8]) -> Option<Vec<(usize, Vec<u32>)>> {
        let mut directory = Reader::new(directory);
        // A stream number has 16 bits.
        let count = usize::from(u16::try_from(directory.u32()?).ok()?);
        let sizes = numbers(&mut directory, count)?;
        let mut streams = Vec::with_capacity(sizes.len());
        for size in sizes {
            let size = if size == NO_STREAM { 0 } else { usize::try_from(size).ok()? };
            streams.push((size, numbers(&mut directory, size.div_ceil(self.block_size))?));
        }
        Some(streams)
    }

    /// The bytes of some blocks, one after the other.
    fn gather(&self, blocks: &[u32], size: usize) -> Option<Vec<u8>> {
        self.left.set(self.left.get().checked_sub(size)?);
        let mut bytes = Vec::with_capacity(size);
        for &block in blocks {
            let start = usize::try_from(block).ok()?.checked_mul(self.block_size)?;
            let wanted = self.block_size.min(size - bytes.len());
            bytes.extend_from_slice(self.file.get(start..start.checked_add(wanted)?)?);
        }
        (bytes.len() == size).then_some(bytes)
    }
}

fn numbers(reader: &mut Reader<'_>, count: usize) -> Option<Vec<u32>> {
    let bytes = reader.take(count.checked_mul(4)?)?;
    let mut numbers = Reader::new(bytes);
    Some(std::iter::from_fn(|| numbers.u32()).collect())
}

//! Reads little-endian fields from bytes that no code has checked yet.

/// The bytes that were not read yet. A read beyond the end is `None`, and no function panics.
#[derive(Clone, Copy)]
pub(super) struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    pub fn new(bytes: &'a [u8]) -> Reader<'a> {
        Reader(bytes)
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    /// Does the same as [`take`](Reader::take), for a count that a file gives in 32 bits.
    pub fn take_u32(&mut self, count: u32) -> Option<&'a [u8]> {
        self.take(usize::try_from(count).ok()?)
    }

    pub fn u8(&mut self) -> Option<u8> {
        self.take(1).map(|bytes| bytes[0])
    }

    pub fn u16(&mut self) -> Option<u16> {
        let bytes = self.take(2)?;
        Some(u16::from_le_bytes(bytes.try_into().ok()?))
    }

    pub fn u32(&mut self) -> Option<u32> {
        let bytes = self.take(4)?;
        Some(u32::from_le_bytes(bytes.try_into().ok()?))
    }

    /// Returns the bytes up to a zero byte. Also takes the zero byte, but does not return it.
    pub fn string(&mut self) -> Option<&'a [u8]> {
        let length = self.0.iter().position(|&byte| byte == 0)?;
        let string = self.take(length)?;
        self.take(1)?;
        Some(string)
    }

    /// Skips the padding to a multiple of 4 after `taken` bytes. At the end of the bytes, the
    /// padding may be missing.
    pub fn align(&mut self, taken: usize) {
        let filling = taken.wrapping_neg() % 4;
        self.0 = self.0.get(filling..).unwrap_or(&[]);
    }
}

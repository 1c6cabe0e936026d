//! Access of kernel routines to guest memory, with the processor's checks.
//!
//! A bad address is the driver's mistake. Except in `is_readable`, it is a bug check that names the
//! routine, and the function that got the address does not return. Only on a frozen kernel does the
//! function return: then it reads zeros or no bytes, and writes nothing.

use cpu_x86::{Fault, PAGE_BYTES};
use portcls_port::guid::Guid;

use crate::guest::Guest;
use crate::processor::outside::{Mistake, Outside};

/// The largest number of UTF-16 units that are read from a string that ends in a zero.
/// Source: UNICODE_STRING counts bytes in 16 bits.
const LONGEST_TEXT: usize = 32_767;

/// The address of a field. With a wild address of a structure the sum may wrap around. Then the
/// access to the field faults.
#[inline]
pub(crate) fn at(structure: u64, offset: u32) -> u64 {
    structure.wrapping_add(u64::from(offset))
}

/// How many bytes of a page are at an address and after it.
#[inline]
pub(crate) fn to_end_of_page(address: u64) -> usize {
    const PAGE: u64 = PAGE_BYTES as u64;
    // A page's length fits into any usize.
    (PAGE - address % PAGE) as usize
}

impl Guest {
    /// Reads a fixed number of bytes.
    #[inline]
    pub fn load<const N: usize>(&self, address: u64) -> [u8; N] {
        let mut bytes = [0; N];
        self.load_into(address, &mut bytes);
        bytes
    }

    /// Reads bytes.
    #[inline]
    pub fn load_into(&self, address: u64, bytes: &mut [u8]) {
        if let Err(fault) = self.0.vm.read(address, bytes) {
            bytes.fill(0);
            self.refuse(fault);
        }
    }

    /// Reads bytes into a vector. The driver states the length, so the length has 64 bits on any
    /// host. On a frozen kernel the vector may be shorter.
    pub fn load_bytes(&self, address: u64, length: u64) -> Vec<u8> {
        let mut bytes = Vec::new();
        // The bytes are read page by page: a senseless length faults before memory is allocated for
        // the whole length.
        while (bytes.len() as u64) < length && !self.kernel().is_frozen() {
            let start = bytes.len();
            let at = address.wrapping_add(start as u64);
            let left = usize::try_from(length - start as u64).unwrap_or(usize::MAX);
            bytes.resize(start + to_end_of_page(at).min(left), 0);
            self.load_into(at, &mut bytes[start..]);
        }
        bytes
    }

    /// Writes bytes.
    #[inline]
    pub fn store(&self, address: u64, bytes: &[u8]) {
        if let Err(fault) = self.0.vm.write(address, bytes) {
            self.refuse(fault);
        }
    }

    /// Reads a byte.
    pub fn load_u8(&self, address: u64) -> u8 {
        u8::from_le_bytes(self.load(address))
    }

    /// Reads two bytes.
    pub fn load_u16(&self, address: u64) -> u16 {
        u16::from_le_bytes(self.load(address))
    }

    /// Reads four bytes.
    pub fn load_u32(&self, address: u64) -> u32 {
        u32::from_le_bytes(self.load(address))
    }

    /// Reads eight bytes.
    pub fn load_u64(&self, address: u64) -> u64 {
        u64::from_le_bytes(self.load(address))
    }

    /// Reads a pointer, a SIZE_T or a ULONG_PTR.
    #[inline]
    pub fn load_word(&self, address: u64) -> u64 {
        match self.pointer_bytes() {
            8 => self.load_u64(address),
            _ => u64::from(self.load_u32(address)),
        }
    }

    /// Reads a GUID.
    pub fn load_guid(&self, address: u64) -> Guid {
        bytemuck::cast(self.load::<16>(address))
    }

    /// Writes a byte.
    pub fn store_u8(&self, address: u64, value: u8) {
        self.store(address, &[value]);
    }

    /// Writes two bytes.
    pub fn store_u16(&self, address: u64, value: u16) {
        self.store(address, &value.to_le_bytes());
    }

    /// Writes four bytes.
    pub fn store_u32(&self, address: u64, value: u32) {
        self.store(address, &value.to_le_bytes());
    }

    /// Writes eight bytes.
    pub fn store_u64(&self, address: u64, value: u64) {
        self.store(address, &value.to_le_bytes());
    }

    /// Writes a pointer, a SIZE_T or a ULONG_PTR.
    pub fn store_word(&self, address: u64, value: u64) {
        match self.pointer_bytes() {
            8 => self.store_u64(address, value),
            _ => self.store_u32(address, value as u32),
        }
    }

    /// Reads bytes up to a zero, without the zero, and at most `limit`.
    pub fn load_c_string(&self, address: u64, limit: usize) -> Vec<u8> {
        let mut bytes = Vec::new();
        while bytes.len() < limit {
            match self.load_u8(address.wrapping_add(bytes.len() as u64)) {
                0 => break,
                byte => bytes.push(byte),
            }
        }
        bytes
    }

    /// Reads UTF-16 units up to a zero, without the zero, and at most `LONGEST_TEXT` units.
    pub fn load_wide_string(&self, address: u64) -> Vec<u16> {
        let mut units = Vec::new();
        while units.len() < LONGEST_TEXT {
            match self.load_u16(address.wrapping_add(2 * units.len() as u64)) {
                0 => break,
                unit => units.push(unit),
            }
        }
        units
    }

    /// Reads the text of a UNICODE_STRING.
    pub fn load_unicode_string(&self, address: u64) -> Vec<u16> {
        let layout = &self.layout().unicode_string;
        let length = self.load_u16(at(address, layout.length));
        let buffer = self.load_word(at(address, layout.buffer));
        let bytes = self.load_bytes(buffer, length.into());
        bytes.chunks_exact(2).map(|unit| u16::from_le_bytes([unit[0], unit[1]])).collect()
    }

    /// Reads the text of a UNICODE_STRING as a name or a path. A half of a surrogate pair becomes
    /// U+FFFD.
    pub fn load_name(&self, address: u64) -> String {
        String::from_utf16_lossy(&self.load_unicode_string(address))
    }

    /// Whether bytes can be read now. An address that cannot be read is no bug check here.
    #[must_use]
    pub fn is_readable(&self, address: u64, length: usize) -> bool {
        self.0.vm.read(address, &mut vec![0; length]).is_ok()
    }

    /// Raises the bug check of a kernel routine that got a bad address from the driver.
    #[cold]
    fn refuse(&self, fault: Fault) {
        self.accuse(Mistake::AccessOfRoutine(fault));
    }
}

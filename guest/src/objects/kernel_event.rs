//! The DMUS_KERNEL_EVENT structure: its fields, read and written.
//!
//! This file must never know where an event comes from or where an event goes.

use portcls_port::dmus_event::{DmusKernelEvent, INLINE_LIMIT};

use crate::layout::Layout;

/// The size of the structure on x64, in bytes. On x86 the structure is smaller. Source: dmusicks.h.
const LARGEST: usize = 40;

/// The byte that fills the place of an event while the driver does not have the event. A pointer of
/// such bytes leads to no memory.
/// Assumed: any value will do, except zero and bytes that make a good address.
pub(super) const GONE: u8 = 0xDD;

/// The fields of a DMUS_KERNEL_EVENT.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct KernelEvent {
    /// `bReserved`
    pub reserved: u8,
    /// `cbStruct`
    pub size: u8,
    /// `cbEvent`
    pub length: u16,
    /// `usChannelGroup`
    pub channel_group: u16,
    /// `usFlags`
    pub flags: u16,
    /// `ullPresTime100ns`
    pub time_100ns: i64,
    /// `ullBytePosition`
    pub byte_position: u64,
    /// `pNextEvt`
    pub next: u64,
    /// `uData`: bytes, or an address. On x86 there are only the first four bytes.
    pub data: [u8; INLINE_LIMIT as usize],
}

impl KernelEvent {
    /// An event of the port, without its data and without a next event.
    pub fn of(event: &DmusKernelEvent, layout: &Layout) -> KernelEvent {
        KernelEvent {
            reserved: 0,
            size: layout.dmus_kernel_event.size_of as u8,
            length: 0,
            channel_group: event.channel_group,
            flags: event.flags.bits(),
            time_100ns: event.time_100ns,
            byte_position: event.byte_position,
            next: 0,
            data: [0; INLINE_LIMIT as usize],
        }
    }

    /// The address in `uData`.
    pub fn pointer(&self) -> u64 {
        u64::from_le_bytes(self.data)
    }

    /// Puts an address into `uData`.
    pub fn set_pointer(&mut self, address: u64) {
        self.data = address.to_le_bytes();
    }

    /// The fields in the bytes of the structure.
    pub fn parse(bytes: &[u8], layout: &Layout) -> KernelEvent {
        let fields = &layout.dmus_kernel_event;
        let width = pointer_width(layout);
        let short = |offset| u16::from_le_bytes(part(bytes, offset));
        let long = |offset| u64::from_le_bytes(part(bytes, offset));
        let word = |offset: u32| {
            let mut word = [0; INLINE_LIMIT as usize];
            word[..width].copy_from_slice(&bytes[offset as usize..][..width]);
            word
        };
        KernelEvent {
            reserved: bytes[fields.b_reserved as usize],
            size: bytes[fields.cb_struct as usize],
            length: short(fields.cb_event),
            channel_group: short(fields.us_channel_group),
            flags: short(fields.us_flags),
            time_100ns: long(fields.ull_pres_time100ns) as i64,
            byte_position: long(fields.ull_byte_position),
            next: u64::from_le_bytes(word(fields.p_next_evt)),
            data: word(fields.u_data),
        }
    }

    /// The bytes of the structure. On x86 the last 8 bytes do not belong to the structure.
    pub fn to_bytes(&self, layout: &Layout) -> [u8; LARGEST] {
        let fields = &layout.dmus_kernel_event;
        let width = pointer_width(layout);
        let mut bytes = [0; LARGEST];
        let mut put = |offset: u32, field: &[u8]| {
            bytes[offset as usize..][..field.len()].copy_from_slice(field);
        };
        put(fields.b_reserved, &[self.reserved]);
        put(fields.cb_struct, &[self.size]);
        put(fields.cb_event, &self.length.to_le_bytes());
        put(fields.us_channel_group, &self.channel_group.to_le_bytes());
        put(fields.us_flags, &self.flags.to_le_bytes());
        put(fields.ull_pres_time100ns, &self.time_100ns.to_le_bytes());
        put(fields.ull_byte_position, &self.byte_position.to_le_bytes());
        put(fields.p_next_evt, &self.next.to_le_bytes()[..width]);
        put(fields.u_data, &self.data[..width]);
        bytes
    }
}

/// The size of a pointer in bytes, which is also the size of `uData`.
fn pointer_width(layout: &Layout) -> usize {
    let fields = &layout.dmus_kernel_event;
    (fields.size_of - fields.u_data) as usize
}

fn part<const N: usize>(bytes: &[u8], offset: u32) -> [u8; N] {
    let mut part = [0; N];
    part.copy_from_slice(&bytes[offset as usize..][..N]);
    part
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layout::{X64, X86};

    fn event(data: [u8; 8]) -> KernelEvent {
        KernelEvent {
            reserved: 1,
            size: 2,
            length: 0x0304,
            channel_group: 0x0506,
            flags: 0x0708,
            time_100ns: 0x1112_1314_1516_1718,
            byte_position: 0x2122_2324_2526_2728,
            next: 0x3132_3334,
            data,
        }
    }

    #[test]
    fn the_fields_lie_where_the_header_has_them() {
        let bytes = event(*b"abcdefgh").to_bytes(&X64);
        assert_eq!(bytes[..8], [1, 2, 4, 3, 6, 5, 8, 7]);
        assert_eq!((bytes[8], bytes[15], bytes[16], bytes[23]), (0x18, 0x11, 0x28, 0x21));
        assert_eq!(
            (&bytes[24..32], &bytes[32..]),
            (&[0x34, 0x33, 0x32, 0x31, 0, 0, 0, 0][..], &b"abcdefgh"[..])
        );
        let bytes = event(*b"abcd\0\0\0\0").to_bytes(&X86);
        assert_eq!((&bytes[24..28], &bytes[28..32]), (&[0x34, 0x33, 0x32, 0x31][..], &b"abcd"[..]));
    }

    #[test]
    fn what_was_written_is_read_again() {
        for (layout, data) in [(&X64, *b"abcdefgh"), (&X86, *b"abcd\0\0\0\0")] {
            let event = event(data);
            assert_eq!(KernelEvent::parse(&event.to_bytes(layout), layout), event);
        }
    }

    #[test]
    fn on_x86_the_data_has_four_bytes() {
        let read = KernelEvent::parse(&event(*b"abcdefgh").to_bytes(&X86), &X86);
        assert_eq!(read.data, *b"abcd\0\0\0\0");
        assert_eq!(read.pointer(), u64::from(u32::from_le_bytes(*b"abcd")));
    }
}

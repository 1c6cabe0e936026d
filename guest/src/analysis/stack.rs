//! Who called: return addresses, found on the stack.
//!
//! Code without frame pointers does not tell where a frame ends, so every word of the stack is
//! looked at: a value that points behind a call instruction of the driver was most likely pushed
//! by it. An old one may still lie in a buffer that nobody has written over, so a line can be one
//! too many, and never one too few.

use iced_x86::{Decoder, DecoderOptions, FlowControl};

use portcls_driver_file::image::{Image, Mode, Rights};

/// The most lines that are looked for.
pub(super) const STACK_LINES: usize = 48;

/// The shortest and the longest call instruction, in bytes.
const CALL_BYTES: std::ops::RangeInclusive<u32> = 2..=8;

/// One word of the stack that is a return address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Return {
    /// Where it lies on the stack.
    pub stack_address: u64,
    /// Where it points.
    pub address: u64,
}

/// Finds the return addresses among the words from `stack_pointer` on. `is_return` also takes
/// addresses outside of the image: those the kernel calls the driver from.
pub(super) fn returns(
    image: &Image,
    stack_pointer: u64,
    words: &[u64],
    is_return: impl Fn(u64) -> bool,
) -> Vec<Return> {
    let width = u64::from(image.pointer_size());
    let places = words.iter().zip(0_u64..);
    places
        .filter(|&(&word, _)| follows_call(image, word) || is_return(word))
        .map(|(&address, index)| Return { stack_address: stack_pointer + index * width, address })
        .take(STACK_LINES)
        .collect()
}

/// Whether the bytes before an address are a call instruction of the image.
fn follows_call(image: &Image, address: u64) -> bool {
    let rva = address.checked_sub(image.base()).and_then(|rva| u32::try_from(rva).ok());
    let Some(rva) = rva else { return false };
    let is_code =
        |section: &portcls_driver_file::image::Section| section.rights.contains(Rights::EXECUTE);
    // A call at a function's very end returns to the first byte after it.
    if !rva.checked_sub(1).and_then(|last| image.section_at(last)).is_some_and(is_code) {
        return false;
    }
    CALL_BYTES.into_iter().any(|length| is_call(image, rva, length))
}

fn is_call(image: &Image, end: u32, length: u32) -> bool {
    let mut bytes = [0; 8];
    let bytes = &mut bytes[..length as usize];
    let start = end.checked_sub(length);
    if start.and_then(|start| image.read(start, bytes)).is_none() {
        return false;
    }
    let bits = if image.mode() == Mode::Bits64 { 64 } else { 32 };
    let instruction = Decoder::new(bits, bytes, DecoderOptions::AMD).decode();
    let is_call =
        matches!(instruction.flow_control(), FlowControl::Call | FlowControl::IndirectCall);
    is_call && instruction.len() == bytes.len()
}

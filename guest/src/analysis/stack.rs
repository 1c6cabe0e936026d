//! The callers of the driver's code, from the return addresses on the stack.
//!
//! Code without frame pointers does not say where a frame ends. So this file checks every word of
//! the stack. If a word points to the end of a call instruction of the driver, that call most
//! likely pushed the word. An old return address may still lie in a buffer that was not
//! overwritten. So the report may show lines that are no callers. It shows at most [`STACK_LINES`]
//! return addresses, so the outer callers may be missing.

use iced_x86::{Decoder, DecoderOptions, FlowControl};

use portcls_driver_file::image::{Image, Mode, Rights};

/// The largest number of return addresses in the report.
pub(super) const STACK_LINES: usize = 48;

/// The lengths of a call instruction in bytes. The longest that is looked for has a segment prefix,
/// a REX prefix, the opcode, ModRM, SIB and a displacement of 4 bytes.
const CALL_BYTES: std::ops::RangeInclusive<u32> = 2..=9;

/// A word of the stack that is a return address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Return {
    /// The address of the word on the stack.
    pub stack_address: u64,
    /// The return address.
    pub address: u64,
}

/// Finds the return addresses among the words of the stack from `start` on. `is_return` says
/// whether an address outside of the image counts as a return address.
pub(super) fn returns(
    image: &Image,
    start: u64,
    words: &[u64],
    is_return: impl Fn(u64) -> bool,
) -> Vec<Return> {
    let width = u64::from(image.pointer_size());
    let places = words.iter().zip(0_u64..);
    places
        .filter(|&(&word, _)| follows_call(image, word) || is_return(word))
        .map(|(&address, index)| Return { stack_address: start + index * width, address })
        .take(STACK_LINES)
        .collect()
}

/// Whether the bytes before an address are a call instruction of the image.
fn follows_call(image: &Image, address: u64) -> bool {
    let rva = address.checked_sub(image.base()).and_then(|rva| u32::try_from(rva).ok());
    let Some(rva) = rva else { return false };
    let is_code =
        |section: &portcls_driver_file::image::Section| section.rights.contains(Rights::EXECUTE);
    // A call at the very end of a section returns to the first byte after the section. So the last
    // byte of the call must be in a section of code.
    if !rva.checked_sub(1).and_then(|last| image.section_at(last)).is_some_and(is_code) {
        return false;
    }
    CALL_BYTES.into_iter().any(|length| is_call(image, rva, length))
}

fn is_call(image: &Image, end: u32, length: u32) -> bool {
    let mut bytes = [0; 9];
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

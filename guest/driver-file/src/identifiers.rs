//! Which identifiers of 16 bytes, such as GUIDs, a driver works with.
//!
//! An image often holds many identifiers that its code does not use, because a C header puts all
//! GUIDs that it defines into the image. So an identifier counts only if code leads to it. Code
//! leads to an identifier in two ways: an instruction or a pointer names the address, or the bytes
//! are inside instructions, as in code that compares an argument with the identifier. This file
//! must never know what an identifier means.

use crate::image::Image;
use crate::sweep::Constants;
use cpu_x86::Mode;

/// The 16 bytes of an identifier, in their order in memory.
pub type Identifier = [u8; 16];

impl Constants {
    /// Whether the driver works with an identifier.
    #[must_use]
    pub fn name_identifier(&self, image: &Image, wanted: &Identifier) -> bool {
        let lies_at = |rva: &u32| {
            let mut bytes = Identifier::default();
            image.read(*rva, &mut bytes).is_some() && bytes == *wanted
        };
        self.addresses.iter().any(lies_at) || self.hold_in_code(image.mode(), wanted)
    }

    /// Whether the bytes of an identifier are inside instructions. In x64 code the first eight
    /// bytes are evidence enough, as one number of 64 bits. In x86 code the bytes are four numbers
    /// of 32 bits, and all four must be there.
    fn hold_in_code(&self, mode: Mode, wanted: &Identifier) -> bool {
        let (halves, _) = wanted.as_chunks::<8>();
        let (quarters, _) = wanted.as_chunks::<4>();
        match mode {
            Mode::Bits64 => self.numbers.contains(&u64::from_le_bytes(halves[0])),
            _ => quarters
                .iter()
                .all(|quarter| self.numbers.contains(&u32::from_le_bytes(*quarter).into())),
        }
    }
}

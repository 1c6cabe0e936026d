//! Texts that end in a zero, of narrow or of wide characters.
//!
//! This file owns what the routines for both widths have in common. The routines themselves give
//! the width.

use crate::guest::Guest;

/// The routines read at most this number of characters of a text. A text without a zero faults long
/// before that.
const LONGEST: u64 = u32::MAX as u64;

/// A character of a text.
pub(super) trait Character: Copy + Ord {
    /// The size of the character in bytes.
    const BYTES: u64;

    /// The character that ends a text.
    const ZERO: Self;

    /// Loads a character.
    fn load(guest: &Guest, address: u64) -> Self;

    /// Appends the bytes of the character to a `Vec` of the host.
    fn append_to(self, bytes: &mut Vec<u8>);

    /// The character as a small letter, if it is a letter of ASCII.
    fn to_lower(self) -> Self;

    /// The character as a capital letter, if it is a letter of ASCII.
    fn to_upper(self) -> Self;
}

impl Character for u8 {
    const BYTES: u64 = 1;
    const ZERO: u8 = 0;

    fn load(guest: &Guest, address: u64) -> u8 {
        guest.load_u8(address)
    }

    fn append_to(self, bytes: &mut Vec<u8>) {
        bytes.push(self);
    }

    fn to_lower(self) -> u8 {
        self.to_ascii_lowercase()
    }

    fn to_upper(self) -> u8 {
        self.to_ascii_uppercase()
    }
}

impl Character for u16 {
    const BYTES: u64 = 2;
    const ZERO: u16 = 0;

    fn load(guest: &Guest, address: u64) -> u16 {
        guest.load_u16(address)
    }

    fn append_to(self, bytes: &mut Vec<u8>) {
        bytes.extend(self.to_le_bytes());
    }

    fn to_lower(self) -> u16 {
        u8::try_from(self).map_or(self, |byte| byte.to_ascii_lowercase().into())
    }

    fn to_upper(self) -> u16 {
        u8::try_from(self).map_or(self, |byte| byte.to_ascii_uppercase().into())
    }
}

/// Loads a text up to its zero, at most `limit` characters.
pub(super) fn load<C: Character>(guest: &Guest, address: u64, limit: u64) -> Vec<C> {
    let mut text = Vec::new();
    for index in 0..limit.min(LONGEST) {
        let character = C::load(guest, place::<C>(address, index));
        if character == C::ZERO {
            break;
        }
        text.push(character);
    }
    text
}

/// Stores characters.
pub(super) fn store<C: Character>(guest: &Guest, address: u64, text: &[C]) {
    let mut bytes = Vec::with_capacity(text.len() * C::BYTES as usize);
    text.iter().for_each(|character| character.append_to(&mut bytes));
    guest.store(address, &bytes);
}

/// Stores characters and a zero after them.
pub(super) fn store_with_zero<C: Character>(guest: &Guest, address: u64, text: &[C]) {
    store(guest, address, &[text, &[C::ZERO]].concat());
}

/// Appends at most `limit` characters to a text, and a zero.
pub(super) fn append<C: Character>(guest: &Guest, to: u64, from: u64, limit: u64) {
    let more: Vec<C> = load(guest, from, limit);
    let end = place::<C>(to, load::<C>(guest, to, LONGEST).len() as u64);
    store_with_zero(guest, end, &more);
}

/// Copies at most `limit` characters. If the text is shorter, zeros fill the rest up to `limit`
/// characters. If the text is not shorter, no zero follows it.
pub(super) fn copy_padded<C: Character>(guest: &Guest, to: u64, from: u64, limit: u64) {
    let text: Vec<C> = load(guest, from, limit);
    store(guest, to, &text);
    for index in text.len() as u64..limit {
        if guest.kernel().is_frozen() {
            break;
        }
        store(guest, place::<C>(to, index), &[C::ZERO]);
    }
}

/// Compares at most `limit` characters of two texts: -1, 0 or 1. `fold` changes each character
/// before the comparison.
pub(super) fn compare<C: Character>(
    guest: &Guest,
    [left, right]: [u64; 2],
    limit: u64,
    fold: impl Fn(C) -> C,
) -> i32 {
    for index in 0..limit.min(LONGEST) {
        let load = |text| fold(C::load(guest, place::<C>(text, index)));
        let (left, right) = (load(left), load(right));
        if left != right || left == C::ZERO {
            return left.cmp(&right) as i32;
        }
    }
    0
}

/// The address of the first character that is `wanted`; 0 when there is no such character. The zero
/// at the end counts as a character.
pub(super) fn find<C: Character>(guest: &Guest, address: u64, wanted: C) -> u64 {
    let text = with_zero::<C>(guest, address);
    let found = text.iter().position(|character| *character == wanted);
    found.map_or(0, |index| place::<C>(address, index as u64))
}

/// The address of the last character that is `wanted`; 0 when there is no such character. The zero
/// at the end counts as a character.
pub(super) fn find_last<C: Character>(guest: &Guest, address: u64, wanted: C) -> u64 {
    let text = with_zero::<C>(guest, address);
    let found = text.iter().rposition(|character| *character == wanted);
    found.map_or(0, |index| place::<C>(address, index as u64))
}

/// The first address at which the text at `wanted` stands in the text at `address`; 0 when there is
/// no such place.
pub(super) fn find_text<C: Character>(guest: &Guest, address: u64, wanted: u64) -> u64 {
    let text: Vec<C> = load(guest, address, LONGEST);
    let wanted: Vec<C> = load(guest, wanted, LONGEST);
    let found = (0..=text.len()).find(|start| text[*start..].starts_with(&wanted));
    found.map_or(0, |index| place::<C>(address, index as u64))
}

/// The number of characters at the beginning of a text that also stand in another text.
pub(super) fn span<C: Character>(guest: &Guest, address: u64, among: u64) -> u64 {
    let (text, among): (Vec<C>, Vec<C>) =
        (load(guest, address, LONGEST), load(guest, among, LONGEST));
    text.iter().take_while(|character| among.contains(character)).count() as u64
}

/// Changes each character of a text.
pub(super) fn change<C: Character>(guest: &Guest, address: u64, to: impl Fn(C) -> C) {
    let text: Vec<C> = load(guest, address, LONGEST);
    let changed: Vec<C> = text.into_iter().map(to).collect();
    store(guest, address, &changed);
}

fn with_zero<C: Character>(guest: &Guest, address: u64) -> Vec<C> {
    let mut text = load(guest, address, LONGEST);
    text.push(C::ZERO);
    text
}

fn place<C: Character>(address: u64, index: u64) -> u64 {
    address.wrapping_add(index * C::BYTES)
}

//! The text in a file that an editor or a shell of Windows wrote.

/// Removes the byte order mark of a text in UTF-8, and translates a text in UTF-16 with a byte
/// order mark into UTF-8. Windows PowerShell writes UTF-16 with a mark for `>`. All other bytes
/// come back unchanged, and so does UTF-16 that is not valid.
#[must_use]
pub fn plain_text(bytes: Vec<u8>) -> Vec<u8> {
    let unit: fn([u8; 2]) -> u16 = match bytes[..] {
        [0xFF, 0xFE, ..] => u16::from_le_bytes,
        [0xFE, 0xFF, ..] => u16::from_be_bytes,
        [0xEF, 0xBB, 0xBF, ..] => return bytes[3..].to_vec(),
        _ => return bytes,
    };
    let (pairs, rest) = bytes[2..].as_chunks::<2>();
    let letters = char::decode_utf16(pairs.iter().map(|pair| unit(*pair)));
    match letters.collect::<Result<String, _>>() {
        Ok(text) if rest.is_empty() => text.into_bytes(),
        _ => bytes,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_utf_8_or_utf_16_with_a_mark() {
        let plain = |bytes: &[u8]| plain_text(bytes.to_vec());
        assert_eq!(plain(b"R S\r\n"), b"R S\r\n");
        assert_eq!(plain(b"\xEF\xBB\xBFR S"), b"R S");
        assert_eq!(plain(b"\xFF\xFER\0\xE9\0"), "R\u{E9}".as_bytes());
        assert_eq!(plain(b"\xFE\xFF\0R"), b"R");
        for cut in [&b"\xFF\xFER"[..], b"\xFF\xFE\0\xD8"] {
            assert_eq!(plain(cut), cut, "half a letter stays for the reader to refuse");
        }
    }
}

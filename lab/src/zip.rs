//! Packs files into one archive without compression.
//!
//! Source: APPNOTE.TXT 6.3, sections 4.3.7, 4.3.12 and 4.3.16. The check value is that of ISO 3309.

/// The version of the format that the headers name: 2.0.
const VERSION: u16 = 20;
/// Names are UTF-8: bit 11 of the flags.
const FLAGS: u16 = 1 << 11;
/// The first day that the format knows, 1 January 1980. So the archive does not tell when it was
/// made.
const DATE: u16 = 1 << 5 | 1;

/// Files in an archive. The same files give the same bytes.
pub fn archive(files: &[(&str, &[u8])]) -> Vec<u8> {
    let (mut zip, mut directory) = (Vec::new(), Vec::new());
    for (name, bytes) in files {
        let offset = zip.len() as u32;
        let facts = facts(name, bytes);
        zip.extend(0x0403_4B50_u32.to_le_bytes());
        zip.extend(&facts);
        zip.extend(name.as_bytes());
        zip.extend(*bytes);
        directory.extend(0x0201_4B50_u32.to_le_bytes());
        directory.extend(VERSION.to_le_bytes());
        directory.extend(&facts);
        // No comment, the first disk, no attributes.
        directory.extend([0; 2 + 2 + 2 + 4]);
        directory.extend(offset.to_le_bytes());
        directory.extend(name.as_bytes());
    }
    let (count, at, length) = (files.len() as u16, zip.len() as u32, directory.len() as u32);
    zip.extend(directory);
    zip.extend(0x0605_4B50_u32.to_le_bytes());
    zip.extend([0; 2 + 2]);
    zip.extend(count.to_le_bytes());
    zip.extend(count.to_le_bytes());
    zip.extend(length.to_le_bytes());
    zip.extend(at.to_le_bytes());
    zip.extend([0; 2]);
    zip
}

/// The fields that the two headers of a file share: from the version that a reader needs to the
/// length of the extra field.
fn facts(name: &str, bytes: &[u8]) -> Vec<u8> {
    let length = bytes.len() as u32;
    let mut facts = Vec::new();
    for number in [VERSION, FLAGS, 0, 0, DATE] {
        facts.extend(number.to_le_bytes());
    }
    for number in [check_value(bytes), length, length] {
        facts.extend(number.to_le_bytes());
    }
    facts.extend((name.len() as u16).to_le_bytes());
    facts.extend([0; 2]);
    facts
}

/// The CRC-32 of bytes.
fn check_value(bytes: &[u8]) -> u32 {
    const POLYNOMIAL: u32 = 0xEDB8_8320;
    let step = |value: u32, _| if value & 1 == 1 { value >> 1 ^ POLYNOMIAL } else { value >> 1 };
    let byte = |value: u32, byte: &u8| (0..8).fold(value ^ u32::from(*byte), step);
    !bytes.iter().fold(u32::MAX, byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_check_value_is_that_of_the_standard() {
        assert_eq!(check_value(b"123456789"), 0xCBF4_3926);
    }
}

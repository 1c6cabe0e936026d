//! Bytes in a note of the trace: the first bytes, and the number of all bytes.

/// The most bytes of data that a note in the trace shows.
const SHOWN_BYTES: usize = 16;

/// A text that ends in bytes. The bytes may come in parts.
pub(crate) struct NotedBytes {
    text: String,
    length: usize,
}

impl NotedBytes {
    /// Begins with a text. The bytes follow.
    pub fn after(text: &str) -> NotedBytes {
        let mut noted = String::with_capacity(text.len() + 3 * SHOWN_BYTES);
        noted.push_str(text);
        NotedBytes { text: noted, length: 0 }
    }

    /// Adds bytes.
    pub fn push(&mut self, bytes: &[u8]) {
        let room = SHOWN_BYTES.saturating_sub(self.length);
        for byte in &bytes[..bytes.len().min(room)] {
            if self.length > 0 {
                self.text.push(' ');
            }
            self.text.push(digit(byte >> 4));
            self.text.push(digit(byte & 0xF));
            self.length += 1;
        }
        self.length += bytes.len().saturating_sub(room);
    }

    /// The text. When the text does not show all bytes, it has their number.
    pub fn into_text(mut self) -> String {
        if self.length > SHOWN_BYTES {
            self.text.push_str(&format!(" ... {} bytes", self.length));
        }
        self.text
    }
}

fn digit(value: u8) -> char {
    char::from(b"0123456789ABCDEF"[usize::from(value)])
}

/// Bytes as text: all bytes, or the first bytes and the number of all bytes.
pub(crate) fn hex(bytes: &[u8]) -> String {
    let mut noted = NotedBytes::after("");
    noted.push(bytes);
    noted.into_text()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn up_to_16_bytes_are_shown_and_then_their_number() {
        assert_eq!(hex(&[]), "");
        assert_eq!(hex(&[0x0F]), "0F");
        let sixteen: Vec<u8> = (0xF0..=0xFF).collect();
        let shown = "F0 F1 F2 F3 F4 F5 F6 F7 F8 F9 FA FB FC FD FE FF";
        assert_eq!(hex(&sixteen), shown);
        let seventeen = [&sixteen[..], &[0]].concat();
        assert_eq!(hex(&seventeen), format!("{shown} ... 17 bytes"));
    }

    #[test]
    fn bytes_that_come_in_parts_are_one_text() {
        let bytes: Vec<u8> = (0..40).collect();
        for cut in 0..=bytes.len() {
            let mut noted = NotedBytes::after("");
            noted.push(&bytes[..cut]);
            noted.push(&bytes[cut..]);
            assert_eq!(noted.into_text(), hex(&bytes));
        }
    }
}

//! Changes of an input that look random and are the same in every run.

/// Bytes and words that readers treat in a special way.
const WORDS: [&[u8]; 16] = [
    b"\0",
    b"\xFF",
    b"\x7F",
    b"\x80",
    b"\n",
    b"\r\n",
    b" ",
    b"\"",
    b"\\",
    b"=",
    b"#",
    b"99999999999999999999",
    b"-1",
    b"0",
    b"\xFF\xFF\xFF\x7F",
    "\u{E9}\u{1F600}".as_bytes(),
];

/// The most changes of one input.
const MOST_CHANGES: usize = 6;

/// A piece that a change copies or removes is shorter than this number of bytes.
const LONGEST_PIECE: usize = 40;

/// Numbers that look random: xorshift64, by Marsaglia.
pub struct Mutator(u64);

impl Mutator {
    /// A source of changes; the same seed gives the same changes.
    #[must_use]
    pub fn new(seed: u64) -> Mutator {
        Mutator(seed.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    /// The next number.
    pub fn number(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 >> 11
    }

    /// A number below the limit; 0 for a limit of 0.
    pub fn below(&mut self, limit: usize) -> usize {
        (self.number() % limit.max(1) as u64) as usize
    }

    /// Random bytes.
    pub fn bytes(&mut self, count: usize) -> Vec<u8> {
        (0..count).map(|_| self.number() as u8).collect()
    }

    /// The input with a few changes, and perhaps with pieces of another input.
    #[must_use]
    pub fn change(&mut self, input: &[u8], other: &[u8]) -> Vec<u8> {
        let mut bytes = input.to_vec();
        for _ in 0..=self.below(MOST_CHANGES) {
            self.change_once(&mut bytes, other);
        }
        bytes
    }

    fn change_once(&mut self, bytes: &mut Vec<u8>, other: &[u8]) {
        let at = self.below(bytes.len());
        let end = bytes.len().min(at + self.below(LONGEST_PIECE));
        match self.below(8) {
            0 | 1 if at < bytes.len() => bytes[at] ^= 1 << self.below(8),
            2 if at < bytes.len() => bytes[at] = self.number() as u8,
            3 => drop(bytes.drain(at..end)),
            4 => {
                let piece = bytes[at..end].to_vec();
                let to = self.below(bytes.len());
                bytes.splice(to..to, piece);
            }
            5 => {
                let from = self.below(other.len());
                let end = other.len().min(from + self.below(LONGEST_PIECE));
                bytes.splice(at..at, other[from..end].iter().copied());
            }
            6 => bytes.truncate(at),
            _ => {
                let word = WORDS[self.below(WORDS.len())];
                let end = bytes.len().min(at + self.below(2) * word.len());
                bytes.splice(at..end, word.iter().copied());
            }
        }
    }
}

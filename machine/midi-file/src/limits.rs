//! The limits of a file: its size, its number of messages, its length in time.
//!
//! This file owns the numbers and the reasons for them. The readers keep to these limits.

/// The largest file that a reader reads, in bytes.
/// Assumed: 64 MiB is nearly 6 hours of wire time, far above any song.
pub const MAX_FILE_BYTES: usize = 64 << 20;

/// The most messages in one file.
/// Assumed: this number is 45 minutes of wire time if each message has one byte. The largest file
/// could hold 8 times as many messages. Each message takes 16 bytes of memory besides the bytes of
/// the message.
pub const MAX_MESSAGES: usize = 8 << 20;

/// The latest time at which a message of a file may be due, in ns: 1000 hours.
/// Assumed: no song is longer. In a usual file even the longest delta time stays below this limit,
/// so a file with one damaged delta time still plays. The limit in ms fits into the 32 bits of
/// KSMUSICFORMAT.
pub const MAX_SONG_NS: u64 = 1_000 * 3600 * 1_000_000_000;

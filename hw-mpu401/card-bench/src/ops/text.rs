//! Times, bytes and causes in the words of a script.

use hw_mpu401::InterruptCauses;

/// The most bytes that the text of an action or of a result shows byte by byte. The text about more
/// bytes says how many there are. [`bytes_beside`] may show more bytes.
pub(super) const MOST_BYTES: usize = 24;

/// A time in us.
pub(super) fn us(time_ns: u64) -> String {
    format!("{}.{:03}", time_ns / 1_000, time_ns % 1_000)
}

/// A time in us, without zeros at the end of the decimal places.
pub(super) fn short_us(time_ns: u64) -> String {
    let text = us(time_ns);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// Bytes that a step gave: bytes read from DATA, or bytes that left on MIDI OUT.
pub(super) fn bytes_text(bytes: &[u8]) -> String {
    match bytes.len() {
        0 => "none".to_owned(),
        1..=MOST_BYTES => hex(bytes),
        count => format!("count {count}"),
    }
}

/// The text of the bytes that a step gave, to stand beside the bytes that the script wanted. The
/// text shows up to [`MOST_BYTES`] bytes, or as many bytes as the script wanted if these are more.
/// For the bytes after these the text says only how many there are.
pub(super) fn bytes_beside(bytes: &[u8], wanted: &[u8]) -> String {
    let shown = bytes.len().min(wanted.len().max(MOST_BYTES));
    let rest = bytes.len() - shown;
    let more = if rest == 0 { String::new() } else { format!(" and {rest} more") };
    hex(&bytes[..shown]) + &more
}

/// The causes of an interrupt.
pub(super) fn causes_text(causes: InterruptCauses) -> String {
    let named = [(InterruptCauses::RECEIVE, "rx"), (InterruptCauses::TRANSMIT, "tx")];
    let there = named.iter().filter(|(cause, _)| causes.contains(*cause));
    let names: Vec<&str> = there.map(|(_, name)| *name).collect();
    if names.is_empty() { "none".to_owned() } else { names.join(" ") }
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02X}")).collect::<Vec<_>>().join(" ")
}

//! Numbers for people: grouped digits, times in a suitable unit, short lines.

/// A number with a comma between groups of three digits.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.char_indices() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A number of things: `1 byte`, `2 bytes`, `no byte`.
pub fn counted(number: u64, thing: &str) -> String {
    match number {
        0 => format!("no {thing}"),
        1 => format!("1 {thing}"),
        _ => format!("{} {thing}s", grouped(number)),
    }
}

/// A time in s, ms, us or ns, rounded to three decimals. The unit is the largest one in which the
/// time is at least 1.
pub fn duration(time_ns: u64) -> String {
    let (unit_ns, unit) = match time_ns {
        0..1_000 => return format!("{time_ns} ns"),
        1_000..1_000_000 => (1_000, "us"),
        1_000_000..1_000_000_000 => (1_000_000, "ms"),
        _ => (1_000_000_000, "s"),
    };
    let thousandths = (u128::from(time_ns) * 1_000 + unit_ns / 2) / unit_ns;
    format!("{} {unit}", thousandths_text(thousandths))
}

/// Thousandths as a number: `1234` gives `1.234`; zeros at the end are left out.
fn thousandths_text(thousandths: u128) -> String {
    let (whole, rest) = (thousandths / 1_000, thousandths % 1_000);
    let whole = grouped(u64::try_from(whole).unwrap_or(u64::MAX));
    match rest {
        0 => whole,
        rest => format!("{whole}.{rest:03}").trim_end_matches('0').to_owned(),
    }
}

/// Thousandths as a number with two decimals, rounded down.
pub fn hundredths(permille: u64) -> String {
    format!("{}.{:02}", grouped(permille / 1_000), permille % 1_000 / 10)
}

/// Breaks a text between words into lines of at most `columns`. A word that is longer than a line
/// is broken into several lines.
pub fn wrapped(text: &str, columns: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    let mut used = 0;
    for word in text.split_whitespace() {
        let letters: Vec<char> = word.chars().collect();
        for piece in letters.chunks(columns.max(1)) {
            if used > 0 && used + 1 + piece.len() > columns {
                lines.push(String::new());
                used = 0;
            }
            let line = lines.last_mut().expect("there is a first line");
            if used > 0 {
                line.push(' ');
                used += 1;
            }
            line.extend(piece);
            used += piece.len();
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_shown_in_the_unit_that_fits() {
        let cases = [
            (0, "0 ns"),
            (999, "999 ns"),
            (1_000, "1 us"),
            (31_680, "31.68 us"),
            (320_000, "320 us"),
            (1_287_336, "1.287 ms"),
            (2_043_000, "2.043 ms"),
            (10_543_001_000, "10.543 s"),
            (3_600_000_000_000, "3,600 s"),
        ];
        for (time_ns, text) in cases {
            assert_eq!(duration(time_ns), text);
        }
    }

    #[test]
    fn digits_stand_in_groups_of_three() {
        assert_eq!(grouped(0), "0");
        assert_eq!(grouped(999), "999");
        assert_eq!(grouped(1_000), "1,000");
        assert_eq!(grouped(u64::MAX), "18,446,744,073,709,551,615");
        assert_eq!(counted(0, "violation"), "no violation");
        assert_eq!(counted(1, "byte"), "1 byte");
        assert_eq!(counted(3_274, "byte"), "3,274 bytes");
    }

    #[test]
    fn a_ratio_has_two_decimals_rounded_down() {
        assert_eq!(hundredths(11_023), "11.02");
        assert_eq!(hundredths(999), "0.99");
        assert_eq!(hundredths(1_000_000), "1,000.00");
    }

    #[test]
    fn no_line_is_longer_than_asked_for() {
        assert_eq!(wrapped("one two three", 7), ["one two", "three"]);
        assert_eq!(wrapped("abcdefgh ij", 3), ["abc", "def", "gh", "ij"]);
        assert_eq!(wrapped("", 10), [""]);
    }
}

//! A user's text in a message: short, and nothing that a terminal obeys.

/// The most characters of a text that [`shown`] keeps.
const SHOWN: usize = 40;

/// The start of a text, in a form that a message can show, see [`shown_up_to`].
#[must_use]
pub fn shown(text: &str) -> String {
    shown_up_to(text, SHOWN)
}

/// The first `most` characters of a text, and `...` if there are more. A control character becomes
/// `?`, so that a terminal does not obey it.
#[must_use]
pub fn shown_up_to(text: &str, most: usize) -> String {
    let plain = text.chars().map(|letter| if letter.is_control() { '?' } else { letter });
    let mut shown: String = plain.take(most).collect();
    if text.chars().count() > most {
        shown.push_str("...");
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_cut_and_its_control_characters_are_replaced() {
        assert_eq!(shown("R\u{1B}[2J\u{9B}"), "R?[2J?");
        assert_eq!(shown(&"ä".repeat(SHOWN)), "ä".repeat(SHOWN));
        assert_eq!(shown(&"ä".repeat(SHOWN + 1)), "ä".repeat(SHOWN) + "...");
    }
}

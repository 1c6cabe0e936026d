//! The known word that a wrong word was probably meant to be.

use strsim::damerau_levenshtein;

/// The fewest letters with which the beginning of a known word stands for the whole word.
const LEAST_BEGINNING: usize = 3;

/// The known word that is most like `word`, if one is like it at all: with at most a third of its
/// letters wrong, or with `word` as its beginning. Case counts for nothing. A known word in a place
/// where it is wrong has no nearest word.
#[must_use]
pub fn nearest<'k>(word: &str, known: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
    let near = known.into_iter().filter_map(|known| Some((distance(word, known)?, known)));
    let (_, found) = near.min_by_key(|(distance, _)| *distance)?;
    (found != word).then_some(found)
}

/// The number of letters in which two words differ, if the words are like each other.
fn distance(word: &str, known: &str) -> Option<usize> {
    let (word, known) = (word.to_lowercase(), known.to_lowercase());
    let shorter = word.chars().count().min(known.chars().count());
    let most = shorter.div_ceil(3).min(shorter.saturating_sub(1));
    let is_beginning = word.len() >= LEAST_BEGINNING && known.starts_with(&word);
    let distance = damerau_levenshtein(&word, &known);
    (distance <= most || is_beginning).then_some(distance)
}

/// The hint of a message about an unknown word: the nearest known word, and then `hint`.
pub(crate) fn with_nearest<'k>(
    word: &str,
    known: impl IntoIterator<Item = &'k str>,
    hint: &str,
) -> String {
    match nearest(word, known) {
        Some(near) => format!("did you mean {near}? {hint}"),
        None => hint.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WORDS: [&str; 5] = ["R", "wait", "wire", "power-on", "roland-mpu401"];

    #[test]
    fn a_word_with_few_wrong_letters_or_the_wrong_case_is_found() {
        for (word, known) in
            [("r", "R"), ("wiat", "wait"), ("wir", "wire"), ("poweron", "power-on")]
        {
            assert_eq!(nearest(word, WORDS), Some(known), "{word}");
        }
    }

    #[test]
    fn a_beginning_stands_for_the_whole_word() {
        assert_eq!(nearest("roland", WORDS), Some("roland-mpu401"));
        assert_eq!(nearest("ro", WORDS), None);
    }

    #[test]
    fn a_word_that_is_like_none_finds_none_and_so_does_a_known_word() {
        for word in ["", "X", "xy", "interrupt", "é", "wait"] {
            assert_eq!(nearest(word, WORDS), None, "{word}");
        }
        assert_eq!(with_nearest("X", WORDS, "write R"), "write R");
        assert_eq!(with_nearest("wai", WORDS, "write it"), "did you mean wait? write it");
    }
}

//! The known words that a wrong word was probably meant to be.

use strsim::damerau_levenshtein;

/// The fewest letters with which a part of a known word stands for the whole word.
const LEAST_PART: usize = 3;

/// The known word that is most like `word`, if one is like it at all: see [`near`].
#[must_use]
pub fn nearest<'k>(word: &str, known: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
    near(word, known).first().copied()
}

/// The known words that are like `word`, the most alike first. A known word is like `word` if few
/// letters are wrong: at most a third of the shorter word, rounded up, and never all of it. A known
/// word is also like `word` if it contains `word`, and `word` has three letters or more. Upper and
/// lower case count as equal. If `word` itself is a known word, the result is empty: then the user
/// wrote a known word at a wrong place.
#[must_use]
pub fn near<'k>(word: &str, known: impl IntoIterator<Item = &'k str>) -> Vec<&'k str> {
    let near = known.into_iter().filter_map(|known| Some((distance(word, known)?, known)));
    let mut near: Vec<(usize, &str)> = near.collect();
    near.sort_by_key(|(distance, _)| *distance);
    if near.first().is_some_and(|(_, nearest)| *nearest == word) {
        return Vec::new();
    }
    near.into_iter().map(|(_, known)| known).collect()
}

/// The number of letters in which two words differ, if the words are like each other.
fn distance(word: &str, known: &str) -> Option<usize> {
    let (word, known) = (word.to_lowercase(), known.to_lowercase());
    let shorter = word.chars().count().min(known.chars().count());
    let most = shorter.div_ceil(3).min(shorter.saturating_sub(1));
    let is_part = word.chars().count() >= LEAST_PART && known.contains(&word);
    let distance = damerau_levenshtein(&word, &known);
    (distance <= most || is_part).then_some(distance)
}

/// The hint of a message about an unknown word: the nearest known word, if one is near, and `hint`.
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
    fn a_part_stands_for_the_whole_word() {
        assert_eq!(nearest("roland", WORDS), Some("roland-mpu401"));
        assert_eq!(nearest("MPU401", WORDS), Some("roland-mpu401"));
        assert_eq!(nearest("ro", WORDS), None);
    }

    #[test]
    fn of_several_words_the_most_alike_comes_first() {
        assert_eq!(near("wite", WORDS), ["wire", "wait"]);
        assert_eq!(near("wait", WORDS), [""; 0]);
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

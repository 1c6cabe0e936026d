//! Licence expressions of SPDX: names with AND, OR, WITH and parentheses.
//!
//! AND binds more tightly than OR. Old crates wrote a slash for OR.
//! Source: SPDX specification, annex "SPDX License Expressions"; the Cargo Book, `license`.

/// Whether a package with this licence expression may be used when only some licences are allowed.
///
/// `is_allowed` gets a licence together with its exception: `Apache-2.0 WITH LLVM-exception`.
///
/// # Errors
/// A text that says what is wrong with the expression.
pub fn is_met(expression: &str, is_allowed: &dyn Fn(&str) -> bool) -> Result<bool, String> {
    let mut reader = Reader { words: words(expression), at: 0, is_allowed };
    let is_met = reader.any()?;
    match reader.next() {
        None => Ok(is_met),
        Some(word) => Err(format!("`{word}` stands where AND or OR has to be")),
    }
}

/// The words of an expression. Each parenthesis is a separate word, and a slash becomes OR.
fn words(expression: &str) -> Vec<String> {
    let spaced = expression.replace('(', " ( ").replace(')', " ) ").replace('/', " OR ");
    spaced.split_whitespace().map(str::to_owned).collect()
}

struct Reader<'a> {
    words: Vec<String>,
    at: usize,
    is_allowed: &'a dyn Fn(&str) -> bool,
}

impl Reader<'_> {
    fn next(&mut self) -> Option<String> {
        let word = self.words.get(self.at).cloned();
        self.at += 1;
        word
    }

    /// If the next word is the expected word, reads it and returns true.
    fn takes(&mut self, expected: &str) -> bool {
        let is_next = self.words.get(self.at).is_some_and(|word| word == expected);
        self.at += usize::from(is_next);
        is_next
    }

    fn any(&mut self) -> Result<bool, String> {
        let mut is_met = self.all()?;
        while self.takes("OR") {
            is_met |= self.all()?;
        }
        Ok(is_met)
    }

    fn all(&mut self) -> Result<bool, String> {
        let mut is_met = self.one()?;
        while self.takes("AND") {
            is_met &= self.one()?;
        }
        Ok(is_met)
    }

    fn one(&mut self) -> Result<bool, String> {
        if self.takes("(") {
            let is_met = self.any()?;
            return if self.takes(")") { Ok(is_met) } else { Err("a `)` is missing".to_owned()) };
        }
        let mut licence = self.name()?;
        if self.takes("WITH") {
            licence = format!("{licence} WITH {}", self.name()?);
        }
        Ok((self.is_allowed)(&licence))
    }

    fn name(&mut self) -> Result<String, String> {
        match self.next() {
            None => Err("it ends where a licence has to be".to_owned()),
            Some(word) if matches!(word.as_str(), "AND" | "OR" | "WITH" | "(" | ")") => {
                Err(format!("`{word}` stands where a licence has to be"))
            }
            Some(word) => Ok(word),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::is_met;

    fn met(expression: &str) -> Result<bool, String> {
        let allowed = ["MIT", "Zlib", "Apache-2.0 WITH LLVM-exception"];
        is_met(expression, &|licence| allowed.contains(&licence))
    }

    #[test]
    fn one_licence_of_several_is_enough_and_all_of_several_are_needed() {
        assert_eq!(met("MIT"), Ok(true));
        assert_eq!(met("GPL-3.0-only"), Ok(false));
        assert_eq!(met("GPL-3.0-only OR MIT"), Ok(true));
        assert_eq!(met("GPL-3.0-only AND MIT"), Ok(false));
        assert_eq!(met("MIT AND Zlib"), Ok(true));
    }

    #[test]
    fn and_binds_more_tightly_than_or_and_parentheses_bind_most() {
        assert_eq!(met("MIT OR Zlib AND GPL-3.0-only"), Ok(true));
        assert_eq!(met("(MIT OR Zlib) AND GPL-3.0-only"), Ok(false));
        assert_eq!(met("GPL-3.0-only AND MIT OR Zlib"), Ok(true));
        assert_eq!(met("((GPL-3.0-only OR MIT)) AND (Zlib)"), Ok(true));
    }

    #[test]
    fn a_slash_is_an_or_with_and_without_spaces() {
        assert_eq!(met("GPL-3.0-only/MIT"), Ok(true));
        assert_eq!(met("GPL-3.0-only / MIT"), Ok(true));
        assert_eq!(met("GPL-3.0-only/LGPL-3.0-only"), Ok(false));
    }

    #[test]
    fn a_licence_with_an_exception_is_another_licence() {
        assert_eq!(met("Apache-2.0 WITH LLVM-exception"), Ok(true));
        assert_eq!(met("Apache-2.0"), Ok(false));
        assert_eq!(met("MIT WITH LLVM-exception"), Ok(false));
    }

    #[test]
    fn what_is_no_expression_is_an_error_and_not_an_answer() {
        for text in ["", "MIT OR", "AND MIT", "(MIT", "MIT)", "MIT Zlib", "MIT WITH", "()", "/MIT"]
        {
            assert!(met(text).is_err(), "{text}");
        }
    }
}

//! The rules of all rooms together: what a driver can break on this machine.
//!
//! This file owns the search for a rule by its name; `page` writes the pages of rules and bug
//! checks. The rules themselves stand in the `rules.rs` of the room that finds a breach.

mod page;

use mpu401_card_bench::near;
use portcls_emulator::{Rule, rules};

pub use page::{bug_check_page, rule_page};

/// The most names that [`near_names`] gives.
const NEAR_NAMES: usize = 3;

/// The rules of a room.
#[derive(Clone, Copy, Debug)]
pub struct RoomRules {
    /// The room that checks these rules, in words: the kernel, the port, or the guest for compiled
    /// drivers.
    pub room: &'static str,
    /// The rules, in the order of their register.
    pub rules: &'static [&'static Rule],
}

/// The rules of every room.
#[must_use]
pub fn rooms() -> [RoomRules; 3] {
    [
        RoomRules { room: "kernel", rules: rules::RULES },
        RoomRules { room: "port", rules: portcls_port::rules::RULES },
        RoomRules { room: "compiled drivers", rules: portcls_guest::rules::RULES },
    ]
}

/// Every rule.
pub fn all() -> impl Iterator<Item = &'static Rule> {
    rooms().into_iter().flat_map(|room| room.rules.iter().copied())
}

/// Finds a rule by its name, in upper or lower case.
#[must_use]
pub fn find(name: &str) -> Option<&'static Rule> {
    all().find(|rule| rule.id.eq_ignore_ascii_case(name))
}

/// The names of rules that are most like a wrong name, the nearest first.
#[must_use]
pub fn near_names(word: &str) -> Vec<&'static str> {
    near(word, all().map(|rule| rule.id)).into_iter().take(NEAR_NAMES).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_name_stands_once_in_all_rooms() {
        let mut names = BTreeSet::new();
        let twice: Vec<&str> =
            all().map(|rule| rule.id).filter(|id| !names.insert(id.to_ascii_lowercase())).collect();
        assert!(twice.is_empty(), "{twice:?}");
    }

    #[test]
    fn every_name_is_in_microsofts_spelling_or_in_words_of_lower_case() {
        for rule in all() {
            let id = rule.id;
            let is_well_formed = if rule.is_microsofts() {
                id.bytes().all(|letter| letter.is_ascii_alphanumeric())
            } else {
                let is_word = |word: &str| word.bytes().all(|letter| letter.is_ascii_lowercase());
                id.split('-').all(|word| !word.is_empty() && is_word(word)) && id.contains('-')
            };
            assert!(is_well_formed, "{id}");
            let names_the_page = rule.source.contains(&format!("{id} rule ("));
            assert_eq!(names_the_page, rule.is_microsofts(), "{id}: {}", rule.source);
        }
    }

    #[test]
    fn every_rule_says_in_one_sentence_what_has_to_be_and_where_it_is_written() {
        for rule in all() {
            let meaning = rule.meaning;
            let is_sentence = meaning.ends_with('.') && meaning.matches(". ").count() == 0;
            let obliges = meaning.contains(" must ") || meaning.contains(" should ");
            assert!(is_sentence && obliges && meaning.len() <= 100, "{}: {meaning}", rule.id);
            assert!(!rule.source.is_empty(), "{}", rule.id);
        }
    }

    #[test]
    fn a_rule_is_found_by_its_name_and_a_wrong_name_leads_to_the_next_ones() {
        assert_eq!(find("pcirqlddis").map(|rule| rule.id), Some("PcIrqlDDIs"));
        assert!(find("read-overun").is_none());
        assert_eq!(near_names("read-overun")[0], "read-overrun");
        assert_eq!(near_names("IrqlRetrun")[0], "IrqlReturn");
        assert_eq!(near_names("overrun").len(), NEAR_NAMES);
        assert_eq!(near_names("teapot"), [""; 0]);
    }
}

//! Every value of every built-in card and of every family.
//!
//! The snapshot of a card shows all its values, even those that come from a family or from another
//! card. The families have snapshots too, because card files can start from a family.

use hw_mpu401::{CardProfile, cards, families};
use insta::{assert_snapshot, with_settings};
use mpu401_card_bench::card_file::to_toml;

#[test]
fn every_value_of_a_built_in_card_is_as_it_was_written_down() {
    cards().iter().for_each(assert_as_written_down);
}

#[test]
fn every_value_of_a_family_is_as_it_was_written_down() {
    families().iter().for_each(assert_as_written_down);
}

fn assert_as_written_down(card: &CardProfile) {
    let text = to_toml(card);
    let is_value = |line: &&str| !line.is_empty() && !line.starts_with('#');
    let values: Vec<&str> = text.lines().filter(is_value).collect();
    with_settings!({ omit_expression => true }, {
        assert_snapshot!(&*card.name, values.join("\n"));
    });
}

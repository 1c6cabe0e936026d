//! `cards`: the cards, with their main figures and the sources of the figures.
//!
//! `check` has the other half of the verb: it runs the built-in scripts on each card.

mod check;

use std::fmt::Write;

use anstyle::{AnsiColor, Style};
use portcls_machine::card_bench::card_file::CardFile;
use portcls_machine::chip::{CardProfile, cards};
use portcls_results::cards::{CardList, figures};
use portcls_results::json;
use portcls_results::numbers::wrapped;

use crate::arguments::{CardsArguments, Format};
use crate::card::CardChoice;
use crate::console::Console;
use crate::failure::{Exit, Failure};

/// The card of a machine when the user names no card.
const DEFAULT: &str = "roland-mpu401";

const NAME: Style = Style::new().bold();
const LABEL: Style = AnsiColor::Cyan.on_default();

/// Columns of a label, with the spaces before and after the label.
const LABEL_COLUMNS: usize = 14;
/// Columns for the text beside a label.
const TEXT_COLUMNS: usize = 100 - LABEL_COLUMNS;

/// Lists the cards, checks them, or prints one card as a card file.
///
/// # Errors
/// The errors of [`CardChoice::load`], and [`Failure::CannotWrite`].
pub fn run(arguments: &CardsArguments) -> Result<Exit, Failure> {
    if let Some(card) = &arguments.show {
        Console::Stdout.print(&card.load()?.to_toml())?;
        return Ok(Exit::Good);
    }
    let chosen = arguments.card.as_ref().map(CardChoice::load).transpose()?;
    let cards = match chosen {
        Some(card) if arguments.check => vec![as_its_base(card)],
        Some(card) => vec![card.profile],
        None => cards().to_vec(),
    };
    if arguments.check {
        check::run(&cards, arguments.card_timing, arguments.format)
    } else {
        list(&cards, arguments.format)
    }
}

/// The card under the name of the built-in card on which it is based, because the scripts have
/// expectations for built-in cards. The check fails where the card does not do what a script
/// expects of the built-in card.
fn as_its_base(card: CardFile) -> CardProfile {
    let name = card.based_on.map_or(card.profile.name.clone(), Into::into);
    CardProfile { name, ..card.profile }
}

fn list(cards: &[CardProfile], format: Format) -> Result<Exit, Failure> {
    let text = match format {
        Format::Text => text(cards),
        Format::Json => json(&CardList::new(cards)),
    };
    Console::Stdout.print(&text)?;
    Ok(Exit::Good)
}

fn text(cards: &[CardProfile]) -> String {
    let mut text = String::new();
    for card in cards {
        let default = if card.name == DEFAULT { " (the default)" } else { "" };
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{NAME}{}{NAME:#}  {}{default}", card.name, card.title);
        for line in wrapped(&card.description, 98) {
            let _ = writeln!(text, "  {line}");
        }
        for (label, words) in figures(&card.behaviour) {
            push_paragraph(&mut text, label, &words);
        }
        for (index, source) in card.sources.iter().enumerate() {
            push_paragraph(&mut text, if index == 0 { "sources" } else { "" }, source);
        }
        text.push('\n');
    }
    text.push_str(
        "Choose one with --card NAME. --format json has the figures for programs, --check shows \
         how each\ncard does in the built-in register scripts, --show NAME writes it as a file \
         to change.\n",
    );
    text
}

fn push_paragraph(text: &mut String, label: &str, words: &str) {
    let mut label = label;
    for line in wrapped(words, TEXT_COLUMNS) {
        let width = LABEL_COLUMNS - 2;
        let _ = writeln!(text, "  {LABEL}{label:<width$}{LABEL:#}{line}");
        label = "";
    }
}

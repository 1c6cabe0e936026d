//! The choice of a pin: which filter and pin an application opens.

use std::fmt;
use std::str::FromStr;

use crate::ks_client::{FoundFilter, KsFile};
use crate::midi_pin::PinUse;

/// A text that names a filter, and perhaps one of its pins: `Uart`, `Uart:0`, `1:0`.
///
/// The text names the filter by its reference name, or by its number among the filters, from 0. The
/// text names the pin by its number, or by its name or category if the filter tells them. A
/// reference name wins over a number: if a filter has the name `1`, the text `1` means this filter.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PinChoice {
    text: String,
}

/// The error for a text without the name of a filter, or with a colon and nothing behind it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("give FILTER or FILTER:PIN, each by its name or its number, as in Uart:0")]
pub struct ParsePinChoiceError;

impl FromStr for PinChoice {
    type Err = ParsePinChoiceError;

    fn from_str(text: &str) -> Result<PinChoice, ParsePinChoiceError> {
        let is_empty = text.is_empty() || text.starts_with(':') || text.ends_with(':');
        if is_empty { Err(ParsePinChoiceError) } else { Ok(PinChoice { text: text.to_owned() }) }
    }
}

impl fmt::Display for PinChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl PinChoice {
    /// The filter that the text names, and the part of the text for its pin. `None` when there is
    /// no such filter.
    pub(crate) fn filter<'f>(
        &self,
        filters: &'f [FoundFilter],
    ) -> Option<(&'f FoundFilter, Option<&str>)> {
        // A reference name may have a colon in it.
        if let Some(whole) = by_name_or_number(filters, &self.text) {
            return Some((whole, None));
        }
        let (filter, pin) = self.text.rsplit_once(':')?;
        Some((by_name_or_number(filters, filter)?, Some(pin)))
    }
}

fn by_name_or_number<'f>(filters: &'f [FoundFilter], text: &str) -> Option<&'f FoundFilter> {
    let is_named = |found: &&FoundFilter| found.interface.reference.eq_ignore_ascii_case(text);
    let by_number = || filters.get(text.parse::<usize>().ok()?);
    filters.iter().find(is_named).or_else(by_number)
}

/// Finds the pin of a filter by its name or category, or else by its number. When several pins have
/// the name, the result is the first of them that has the wanted use. If none of them has this use,
/// the result is the first of them.
pub(crate) fn pin_by_name(filter: &KsFile, text: &str, wanted: PinUse) -> Option<u32> {
    let pins = 0..filter.pin_count().ok()?;
    let is_named = |pin_id: &u32| {
        let category = filter.category(*pin_id).ok().map(|category| format!("{category:?}"));
        let names = [filter.pin_name(*pin_id).ok(), category];
        names.into_iter().flatten().any(|name| name.eq_ignore_ascii_case(text))
    };
    let is_wanted = |pin_id: &u32| filter.data_flow(*pin_id).map(PinUse::of) == Ok(wanted);
    let named: Vec<u32> = pins.clone().filter(is_named).collect();
    let fitting = named.iter().copied().find(is_wanted);
    let by_number = || text.parse().ok().filter(|pin_id| pins.contains(pin_id));
    fitting.or(named.first().copied()).or_else(by_number)
}

#[cfg(test)]
mod tests {
    use portcls_emulator::{DeviceInterface, DeviceObject, DriverObject};

    use super::*;

    fn filters(names: &[&str]) -> Vec<FoundFilter> {
        let device = DeviceObject::new(&DriverObject::new("test"));
        let found = |name: &&str| FoundFilter {
            interface: DeviceInterface {
                class: [0; 16],
                device: std::rc::Rc::clone(&device),
                reference: (*name).to_owned(),
            },
            classes: Vec::new(),
        };
        names.iter().map(found).collect()
    }

    /// The reference name of the filter that a text names, and the part of the text for its pin.
    fn meant(names: &[&str], text: &str) -> Option<(String, Option<String>)> {
        let choice: PinChoice = text.parse().expect("it has the form");
        let filters = filters(names);
        let (found, pin) = choice.filter(&filters)?;
        Some((found.interface.reference.clone(), pin.map(str::to_owned)))
    }

    #[test]
    fn a_filter_is_meant_by_its_name_in_any_case_or_by_its_number() {
        let names = ["Wave", "Uart"];
        let filter =
            |name: &str, pin: Option<&str>| Some((name.to_owned(), pin.map(str::to_owned)));
        assert_eq!(meant(&names, "uart"), filter("Uart", None));
        assert_eq!(meant(&names, "UART:1"), filter("Uart", Some("1")));
        assert_eq!(meant(&names, "0:2"), filter("Wave", Some("2")));
        assert_eq!(meant(&names, "2"), None);
        assert_eq!(meant(&names, "Midi:0"), None);
    }

    #[test]
    fn a_name_comes_before_a_number_and_may_hold_a_colon() {
        let names = ["1", "Uart:0", "Uart"];
        let filter =
            |name: &str, pin: Option<&str>| Some((name.to_owned(), pin.map(str::to_owned)));
        assert_eq!(meant(&names, "1"), filter("1", None));
        assert_eq!(meant(&names, "Uart:0"), filter("Uart:0", None));
        assert_eq!(meant(&names, "Uart:0:3"), filter("Uart:0", Some("3")));
        assert_eq!(meant(&names, "Uart:3"), filter("Uart", Some("3")));
    }

    #[test]
    fn a_text_without_a_filter_or_with_an_empty_pin_is_refused() {
        for text in ["", ":", ":0", "Uart:"] {
            assert_eq!(text.parse::<PinChoice>(), Err(ParsePinChoiceError), "{text:?}");
        }
    }
}

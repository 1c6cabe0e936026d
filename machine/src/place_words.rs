//! One notation for places in a driver: `uart!Isr+1C [miniport.cpp @ 88]`.
//!
//! A message of the guest has only an offset, `the driver+0x1f2a`, because reading symbols may take
//! longer than the run. After the run this file puts the name of the place there.

use portcls_driver_file::image::Image;
use portcls_driver_file::symbols::{Place, Symbols};

/// How a message of the guest begins a place.
const BEFORE_OFFSET: &str = "the driver+0x";

/// What stands before a place that is a return address.
const BEFORE_RETURN: &str = "called before ";

/// The text, in which the name of a place replaces each offset.
pub(crate) fn with_names(text: &str, image: &Image, symbols: &Symbols) -> String {
    let mut words = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(BEFORE_OFFSET) {
        let digits = after.find(|letter: char| !letter.is_ascii_hexdigit()).unwrap_or(after.len());
        let (offset, behind) = after.split_at(digits);
        words.push_str(before);
        match u32::from_str_radix(offset, 16) {
            Ok(rva) if words.ends_with(BEFORE_RETURN) => {
                words.push_str(&symbols.place_of_return(image, rva).to_string());
            }
            Ok(rva) => words.push_str(&symbols.place(image, rva).to_string()),
            Err(_) => words.extend([BEFORE_OFFSET, offset]),
        }
        rest = behind;
    }
    words + rest
}

/// Adds a place to a sentence, unless the sentence names the place already.
#[must_use]
pub fn at_place(sentence: &str, place: Option<&Place>) -> String {
    match place.map(Place::to_string) {
        Some(place) if !sentence.contains(&place) => format!("{sentence}; at {place}"),
        _ => sentence.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DRIVER: &[u8] = include_bytes!("../../guest/drivers/bin/x64/uart.sys");

    #[test]
    fn offsets_become_names_and_a_return_address_the_call_before_it() {
        let image = Image::parse(DRIVER).expect("a driver");
        let symbols = Symbols::new("uart", &image);
        let named = |text: &str| with_names(text, &image, &symbols);
        assert_eq!(named("no place"), "no place");
        assert_eq!(named("the driver+0x10: read at 0x0"), "uart+10: read at 0x0");
        assert_eq!(named("x, called before the driver+0x10"), "x, called before uart+10");
        let two = "the driver+0x10 and the driver+0x1f and the driver+0x";
        assert_eq!(named(two), "uart+10 and uart+1F and the driver+0x");
    }

    #[test]
    fn a_place_is_told_once() {
        let image = Image::parse(DRIVER).expect("a driver");
        let place = Symbols::new("uart", &image).place(&image, 0x10);
        assert_eq!(at_place("it failed", Some(&place)), "it failed; at uart+10");
        assert_eq!(at_place("uart+10: it failed", Some(&place)), "uart+10: it failed");
        assert_eq!(at_place("it failed", None), "it failed");
    }
}

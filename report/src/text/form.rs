//! The kind of event of a text, decided in one place for writer and reader.
//!
//! The writer puts a text in quotes when the reader would take it for another kind of event. So
//! every note is read back as a note, for any words.

use super::layout::{DELAY, Version, WIRE};

/// The kind of an event, with the pieces of its text.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Form<'t> {
    /// The text after `call `.
    Call(&'t str),
    /// The text after `return `.
    Return(&'t str),
    /// The whole text: it begins with `in ` or `out `.
    Access(&'t str),
    /// The text after `choice `.
    Choice(&'t str),
    /// The text after `queue `.
    Dpc(&'t str),
    /// The text after `timer `.
    Timer(&'t str),
    /// The text after `wait a delay of `.
    Delay(&'t str),
    /// The text after `wait `.
    Wait(&'t str),
    /// The lane, its byte, and the rest.
    Serial(&'t str),
    /// The name of the signal, quoted or not, and the digits of its value.
    Signal(&'t str, &'t str),
    /// A note in quotes.
    QuotedNote(&'t str),
    /// A note without quotes.
    Note(&'t str),
}

/// The kind of event of a text, given its actor.
pub(super) fn form<'t>(text: &'t str, who: &str, version: Version) -> Form<'t> {
    if text.starts_with('"') {
        return signal(text).unwrap_or(Form::QuotedNote(text));
    }
    if let Some(rest) = text.strip_prefix("call ") {
        return Form::Call(rest);
    }
    if let Some(rest) = text.strip_prefix("return ") {
        return Form::Return(rest);
    }
    if let Some(rest) = text.strip_prefix("choice ") {
        return Form::Choice(rest);
    }
    if version == Version::Two
        && let Some(form) = kernel_form(text)
    {
        return form;
    }
    if let Some(rest) = text.strip_prefix("serial ") {
        return Form::Serial(rest);
    }
    let port_word = text.starts_with("in ") || text.starts_with("out ");
    if port_word && (text.contains(" -> ") || text.contains(" <- ")) {
        return Form::Access(text);
    }
    if who == WIRE && looks_serial(text, version) {
        return Form::Serial(text);
    }
    signal(text).unwrap_or(Form::Note(text))
}

/// `queue NAME`, `timer NAME` or `wait NAME`.
fn kernel_form(text: &str) -> Option<Form<'_>> {
    let (verb, rest) = text.split_once(' ')?;
    Some(match verb {
        "queue" => Form::Dpc(rest),
        "timer" => Form::Timer(rest),
        "wait" => rest.strip_prefix(DELAY).map_or(Form::Wait(rest), Form::Delay),
        _ => return None,
    })
}

/// `LANE HH`, then nothing, ` own`, ` start` or ` bit`.
fn looks_serial(text: &str, version: Version) -> bool {
    let Some((_, rest)) = text.split_once(' ') else {
        return false;
    };
    let Some((byte, rest)) = rest.split_at_checked(2) else {
        return false;
    };
    let is_own = version == Version::Two && rest.starts_with(" own");
    byte.bytes().all(|digit| digit.is_ascii_hexdigit())
        && (rest.is_empty() || is_own || rest.starts_with(" start") || rest.starts_with(" bit "))
}

/// `NAME = 123`.
fn signal(text: &str) -> Option<Form<'_>> {
    let (name, value) = text.rsplit_once(" = ")?;
    let digits = !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit());
    (digits && !name.is_empty()).then_some(Form::Signal(name, value))
}

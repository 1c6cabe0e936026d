//! The command line that explains a moment of a trace in a file.
//!
//! An output that tells a time of such a trace prints this command once, for a reader to copy.

/// The command that explains the last event up to `time_ns` since power-on. `file` is the path of
/// the trace, relative to the folder in which the reader will be.
///
/// ```
/// use portcls_report::explain::command;
///
/// assert_eq!(command("t.txt", 256_779_000), "portcls-emu explain t.txt --at 256.779ms");
/// ```
#[must_use]
pub fn command(file: &str, time_ns: u64) -> String {
    format!("{}{}", command_before_time(file), ms(time_ns))
}

/// The command without its time, for an output that adds the times itself.
pub(crate) fn command_before_time(file: &str) -> String {
    format!("portcls-emu explain {} --at ", shell_word(file))
}

/// A time in ms, as the shortest text that means exactly this time.
fn ms(time_ns: u64) -> String {
    let text = format!("{}.{:06}", time_ns / 1_000_000, time_ns % 1_000_000);
    format!("{}ms", text.trim_end_matches('0').trim_end_matches('.'))
}

/// The name of a file as one word of a command line.
fn shell_word(file: &str) -> String {
    // A name that looks like an option or like the home folder gets `./` in front.
    if file.starts_with(['-', '~']) {
        shell_quoted(&format!("./{file}"))
    } else {
        shell_quoted(file)
    }
}

/// A text as one word of a command line. It is in quotes if this system's shell needs them.
#[must_use]
pub fn shell_quoted(word: &str) -> String {
    let is_plain = |letter: char| {
        letter.is_alphanumeric()
            || "/._-+=@%,:".contains(letter)
            || (cfg!(windows) && letter == '\\')
    };
    match (!word.is_empty() && word.chars().all(is_plain), cfg!(windows)) {
        (true, _) => word.to_owned(),
        (false, true) => format!("\"{word}\""),
        (false, false) => format!("'{}'", word.replace('\'', r"'\''")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_has_as_many_decimals_as_it_needs() {
        for (time_ns, text) in
            [(0, "0ms"), (100_000_000, "100ms"), (256_779_000, "256.779ms"), (1, "0.000001ms")]
        {
            assert_eq!(ms(time_ns), text);
        }
    }

    #[cfg(unix)]
    #[test]
    fn any_name_of_a_file_is_one_word_for_the_shell() {
        for name in ["t.txt", "a b.txt", "it's.txt", "$HOME", "~", "-o", "ümlaut.txt", "a\\b", "!x"]
        {
            let line = format!("printf %s {}", shell_word(name));
            let ran = std::process::Command::new("sh").args(["-c", &line]).output().expect("sh");
            let read = String::from_utf8(ran.stdout).expect("text");
            assert_eq!(read.trim_start_matches("./"), name, "{line}");
        }
    }
}

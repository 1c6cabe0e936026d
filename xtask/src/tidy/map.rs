//! The tables of the rooms in two pages: which room depends on which.

use super::{File, find};

/// The pages with a table of the rooms.
pub const PAGES: [&str; 2] = ["README.md", "docs/architecture.md"];

/// A row of a table.
#[derive(Debug, PartialEq, Eq)]
pub struct Row<'a> {
    /// The line, from 1.
    pub line: usize,
    /// The folder.
    pub room: &'a str,
    /// The rooms on which this room depends. The name of a room is the last part of its folder.
    pub knows: Vec<&'a str>,
    /// The rooms on which only this room's tests depend, in the same form.
    pub tests_know: Vec<&'a str>,
}

/// The rows of the table in a page; no rows if there is no such page or table.
pub fn rows<'a>(files: &'a [File], page: &str) -> Vec<Row<'a>> {
    let Some(file) = find(files, page) else { return Vec::new() };
    let table = file.lines().skip_while(|(_, line)| !line.starts_with("| room | "));
    table.take_while(|(_, line)| line.starts_with('|')).filter_map(row).collect()
}

/// Reads a row: `| `folder/` | one, two; three in its test | ...`
fn row((line, text): (usize, &str)) -> Option<Row<'_>> {
    let mut cells = text.split('|').skip(1).map(str::trim);
    let room = cells.next()?.strip_prefix('`')?.strip_suffix("/`")?;
    let (knows, tests_know) = match cells.next()?.split_once(';') {
        Some((knows, rest)) => (knows, rest.trim_end().strip_suffix(" in its test")?),
        None => (text.split('|').nth(2)?, ""),
    };
    Some(Row { line, room, knows: names(knows), tests_know: names(tests_know) })
}

/// The names in a list. `emulator's trace` gives `emulator`.
fn names(list: &str) -> Vec<&str> {
    let names = list.split(',').filter_map(|name| name.split("'s ").next()).map(str::trim);
    names.filter(|name| !name.is_empty() && *name != "nothing of ours").collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_tells_the_room_and_what_it_and_its_tests_know() {
        let text = "\
| no | table |

| room | knows | owns |
|---|---|---|
| `chip/` | nothing of ours | the chip |
| `mine/` | port, emulator's trace; machine in its test | a driver |
| `docs/` | | pages |

| `other/` | chip | another table |
";
        let files = [File { path: "README.md".to_owned(), text: text.to_owned() }];
        let row = |line, room, knows: &[&'static str], tests_know: &[&'static str]| Row {
            line,
            room,
            knows: knows.to_vec(),
            tests_know: tests_know.to_vec(),
        };
        let expected = [
            row(5, "chip", &[], &[]),
            row(6, "mine", &["port", "emulator"], &["machine"]),
            row(7, "docs", &[], &[]),
        ];
        assert_eq!(rows(&files, "README.md"), expected);
    }
}

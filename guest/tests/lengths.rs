//! Lengths that a driver states keep their 64 bits until they are checked.
//!
//! A host of 32 bits would cut `bytes.0 as usize`: 0x100000008 bytes would be 8, and a mistake of
//! the driver would go unseen. `Guest::load_bytes` takes a u64 for that reason. The test looks for
//! `.0 as usize` in the sources: `.0` takes the number out of a driver's `Word` or `Pointer`.

use std::fs;
use std::path::Path;

/// Finds the lines that cut a word of a driver, in a folder and the folders below it.
fn cut_words(folder: &Path, found: &mut Vec<String>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            cut_words(&path, found);
            continue;
        }
        let source = fs::read_to_string(&path).expect("a source");
        let lines = source.lines().enumerate().filter(|(_, line)| line.contains(".0 as usize"));
        found.extend(
            lines.map(|(number, line)| {
                format!("{}:{}: {}", path.display(), number + 1, line.trim())
            }),
        );
    }
}

#[test]
fn no_word_of_a_driver_becomes_a_length_of_the_host_unchecked() {
    let mut found = Vec::new();
    cut_words(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut found);
    assert!(found.is_empty(), "write usize::try_from, or pass the u64 on: {found:#?}");
}

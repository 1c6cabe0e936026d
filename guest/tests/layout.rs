//! Compares the table of structure layouts with the public headers.
//!
//! `drivers/layout.txt` lists the structures. The cross compilers report their sizes and offsets as
//! constants in assembler text. `src/layout/table.rs` has these numbers in the form of Rust. With
//! the environment variable `UPDATE_LAYOUT` set, the test writes `table.rs` and does not compare.

// On wasm no process can be started.
#![cfg(not(target_family = "wasm"))]

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A structure of the list and its fields.
struct Structure {
    name: String,
    fields: Vec<Field>,
}

/// A field: where its offset on x64 and its offset on x86 come from, and its name in Rust.
struct Field {
    origins: [Origin; 2],
    rust_name: String,
}

enum Origin {
    Path(String),
    Offset(u32),
}

/// The targets of the two compilers in the order of the columns: x64, x86.
const COMPILERS: [&str; 2] = ["x86_64-w64-mingw32", "i686-w64-mingw32"];

fn crate_path(relative: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(relative)
}

fn structures() -> Vec<Structure> {
    let list = std::fs::read_to_string(crate_path("drivers/layout.txt")).expect("the list");
    let mut structures: Vec<Structure> = Vec::new();
    for line in list.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let mut fields = line;
        if !line.starts_with(' ') {
            let (name, rest) = line.split_once(':').expect("a structure ends in a colon");
            structures.push(Structure { name: name.to_owned(), fields: Vec::new() });
            fields = rest;
        }
        let structure = structures.last_mut().expect("a field belongs to a structure");
        structure.fields.extend(fields.split_whitespace().map(field));
    }
    structures
}

fn field(text: &str) -> Field {
    if let Some((name, offsets)) = text.split_once('=') {
        let (x64, x86) = offsets.split_once('/').expect("an offset is x64/x86");
        let origin = |hex| Origin::Offset(u32::from_str_radix(hex, 16).expect("hexadecimal"));
        return Field { origins: [origin(x64), origin(x86)], rust_name: snake_case(name) };
    }
    let (x64, x86) = text.split_once('/').unwrap_or((text, text));
    let origins = [Origin::Path(x64.to_owned()), Origin::Path(x86.to_owned())];
    Field { origins, rust_name: snake_case(x86) }
}

/// Converts `AssociatedIrp.SystemBuffer` to `associated_irp_system_buffer`.
fn snake_case(path: &str) -> String {
    let letters: Vec<char> = path.chars().collect();
    let mut name = String::new();
    for (at, &letter) in letters.iter().enumerate() {
        let before = at.checked_sub(1).map(|at| letters[at]);
        let after = letters.get(at + 1);
        let begins_word = letter.is_ascii_uppercase()
            && before.is_some_and(|before| {
                before.is_ascii_lowercase()
                    || before.is_ascii_digit()
                    || before.is_ascii_uppercase() && after.is_some_and(char::is_ascii_lowercase)
            });
        if begins_word {
            name.push('_');
        }
        name.push(if letter == '.' { '_' } else { letter.to_ascii_lowercase() });
    }
    if name == "type" { "type_".to_owned() } else { name }
}

/// Converts `IO_STACK_LOCATION` to `IoStackLocation`.
fn type_name(structure: &str) -> String {
    let capital = |word: &str| word[..1].to_owned() + &word[1..].to_ascii_lowercase();
    structure.split('_').map(capital).collect()
}

/// A C++ source that puts each number into the assembler text, in the order of the list.
fn source(structures: &[Structure], target: usize) -> String {
    let mut text = String::from(
        "extern \"C\" {\n#include <ntddk.h>\n}\n#include <portcls.h>\n#include <dmusicks.h>\n\
         #define TELL(value) asm volatile(\"#told %c0\" :: \"i\"(value))\nvoid Tell() {\n",
    );
    for Structure { name, fields } in structures {
        writeln!(text, "TELL(sizeof({name}));").unwrap();
        for field in fields {
            match &field.origins[target] {
                Origin::Path(path) => writeln!(text, "TELL(__builtin_offsetof({name}, {path}));"),
                Origin::Offset(offset) => writeln!(text, "TELL({offset});"),
            }
            .unwrap();
        }
    }
    text + "}\n"
}

/// The numbers from the compiler; `None` when the compiler is not installed.
fn compile(triple: &str, source: &str) -> Option<Vec<u32>> {
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("layout.cpp");
    std::fs::write(&file, source).expect("the source is written");
    let output = Command::new(format!("{triple}-g++-win32"))
        .args(["-S", "-o", "-", "-isystem", &format!("/usr/{triple}/include/ddk"), "-include"])
        .arg(crate_path("drivers/source/ddk_shim.h"))
        .arg(&file)
        .stderr(Stdio::piped())
        .output()
        .ok()?;
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let assembler = String::from_utf8(output.stdout).expect("assembler text");
    let numbers = assembler.lines().filter_map(|line| line.trim().strip_prefix("#told "));
    Some(numbers.map(|number| number.parse().expect("a number")).collect())
}

/// The numbers in a column of the committed table.
fn committed_column(target: usize) -> Vec<u32> {
    committed().lines().filter_map(numbers_of).map(|row| row[target]).collect()
}

/// The two numbers in a row of the table; `None` for any other line.
fn numbers_of(line: &str) -> Option<[u32; 2]> {
    let (_, numbers) = line.trim().strip_suffix(',')?.split_once(": ")?;
    let (x64, x86) = numbers.trim().split_once(' ')?;
    let number = |text: &str| u32::from_str_radix(text.trim().strip_prefix("0x")?, 16).ok();
    Some([number(x64)?, number(x86)?])
}

/// The table as Rust, from a column for x64 and a column for x86.
fn table(structures: &[Structure], columns: [&[u32]; 2]) -> String {
    let mut text = String::from(
        "//! The size of each structure and the offset of each field, in bytes.\n//!\n\
         //! The first number is for x64, the second for x86.\n\
         //! Written by tests/layout.rs from drivers/layout.txt; do not edit.\n\n\
         structures! {\n",
    );
    assert_eq!(columns[0].len(), columns[1].len(), "the compilers were asked the same");
    let mut rows = columns[0].iter().zip(columns[1]);
    for Structure { name, fields } in structures {
        let (field, type_name) = (name.to_ascii_lowercase(), type_name(name));
        writeln!(text, "    {field}: {type_name} = \"{name}\" {{").unwrap();
        let names = || std::iter::once("size_of").chain(fields.iter().map(|one| &*one.rust_name));
        let width = names().map(str::len).max().unwrap_or_default() + ": 0x000".len();
        for name in names() {
            let (x64, x86) = rows.next().expect("one number for each question");
            let x64 = format!("0x{x64:X}");
            let room = width - name.len() - 1;
            writeln!(text, "        {name}:{x64:>room$} {:>5},", format!("0x{x86:X}")).unwrap();
        }
        text += "    }\n";
    }
    assert_eq!(rows.next(), None, "one question for each number");
    text + "}\n"
}

fn table_path() -> PathBuf {
    crate_path("src/layout/table.rs")
}

fn committed() -> String {
    std::fs::read_to_string(table_path()).unwrap_or_default()
}

fn compare_or_write(text: &str) {
    if std::env::var_os("UPDATE_LAYOUT").is_some() {
        std::fs::write(table_path(), text).expect("the table is written");
        return;
    }
    let committed = committed();
    let differs = committed.lines().zip(text.lines()).find(|(old, new)| old != new);
    assert!(
        committed == text,
        "src/layout/table.rs is not what drivers/layout.txt and the headers say, first at \
         {differs:?}; UPDATE_LAYOUT=1 writes it"
    );
}

/// When a compiler is missing, the test takes that column from the committed table. The names still
/// come from the list.
#[test]
fn the_table_follows_the_list_and_the_headers() {
    let structures = structures();
    let columns = [0, 1].map(|target| {
        let triple = COMPILERS[target];
        compile(triple, &source(&structures, target)).unwrap_or_else(|| {
            portcls_test_tools::skip(&format!("{triple}-g++-win32 is not installed"));
            committed_column(target)
        })
    });
    compare_or_write(&table(&structures, [&columns[0], &columns[1]]));
}

//! The tables of structure layouts are what the public headers say, for both bitnesses.
//!
//! `drivers/layout.txt` lists the structures, the cross compilers tell sizes and offsets as
//! constants in assembler text, and `src/layout/` is that as Rust. With the environment variable
//! `UPDATE_LAYOUT` set the test writes the files instead of comparing them.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A structure of the list and its fields.
struct Structure {
    name: String,
    fields: Vec<Field>,
}

/// A field: where its offset is from, on x64 and on x86, and its name in Rust.
struct Field {
    origins: [Origin; 2],
    rust_name: String,
}

enum Origin {
    Path(String),
    Offset(u32),
}

/// The two compilers, by what they are called in a file name.
const TARGETS: [(&str, &str); 2] = [("x64", "x86_64-w64-mingw32"), ("x86", "i686-w64-mingw32")];

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

/// `AssociatedIrp.SystemBuffer` as `associated_irp_system_buffer`.
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

/// `IO_STACK_LOCATION` as `IoStackLocation`.
fn type_name(structure: &str) -> String {
    let capital = |word: &str| word[..1].to_owned() + &word[1..].to_ascii_lowercase();
    structure.split('_').map(capital).collect()
}

/// A source that puts each wanted number into the assembler text, in the order of the list.
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

/// What the compiler tells, or `None` where it is not installed.
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

const GENERATED: &str = "Written by tests/layout.rs from drivers/layout.txt; do not edit.";

fn structure_types(structures: &[Structure]) -> String {
    let mut text = format!(
        "//! Types of the layout tables: a size, and the offset of each field, in bytes.\n\
         //!\n//! {GENERATED}\n\nstructures! {{\n"
    );
    for Structure { name, fields } in structures {
        let (field, type_name) = (name.to_ascii_lowercase(), type_name(name));
        writeln!(text, "    {field}: {type_name} = \"{name}\" {{").unwrap();
        let mut line = String::from("       ");
        for field in fields {
            if line.len() + field.rust_name.len() + 2 > 100 {
                writeln!(text, "{line}").unwrap();
                line = String::from("       ");
            }
            write!(line, " {},", field.rust_name).unwrap();
        }
        if !fields.is_empty() {
            writeln!(text, "{line}").unwrap();
        }
        text += "    }\n";
    }
    text + "}\n"
}

fn table(structures: &[Structure], target: &str, numbers: &[u32]) -> String {
    let constant = target.to_ascii_uppercase();
    let types: Vec<String> = structures.iter().map(|one| type_name(&one.name)).collect();
    let mut text = format!(
        "//! Structure layouts of {target} drivers.\n//!\n//! {GENERATED}\n\n\
         use super::structures::*;\n\n\
         /// Layouts of all structures for {target}.\n#[rustfmt::skip]\n\
         pub static {constant}: Layout = Layout {{\n"
    );
    let mut numbers = numbers.iter();
    for (Structure { name, fields }, type_name) in structures.iter().zip(types) {
        let mut next = || *numbers.next().expect("one number for each question");
        let field = name.to_ascii_lowercase();
        writeln!(text, "    {field}: {type_name} {{\n        size_of: 0x{:X},", next()).unwrap();
        for field in fields {
            writeln!(text, "        {}: 0x{:X},", field.rust_name, next()).unwrap();
        }
        text += "    },\n";
    }
    assert_eq!(numbers.next(), None, "one question for each number");
    text + "};\n"
}

fn compare_or_write(name: &str, text: &str) {
    let path = crate_path("src/layout").join(name);
    if std::env::var_os("UPDATE_LAYOUT").is_some() {
        std::fs::write(path, text).expect("the table is written");
        return;
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    let differs = committed.lines().zip(text.lines()).find(|(old, new)| old != new);
    assert!(
        committed == text,
        "src/layout/{name} is not what drivers/layout.txt and the headers say, first at \
         {differs:?}; UPDATE_LAYOUT=1 writes it"
    );
}

#[test]
fn the_types_follow_the_list() {
    compare_or_write("structures.rs", &structure_types(&structures()));
}

#[test]
fn the_tables_follow_the_headers() {
    let structures = structures();
    for (index, (target, triple)) in TARGETS.iter().enumerate() {
        let Some(numbers) = compile(triple, &source(&structures, index)) else {
            portcls_tests::skip(&format!("{triple}-g++-win32 is not installed"));
            continue;
        };
        compare_or_write(&format!("{target}.rs"), &table(&structures, target, &numbers));
    }
}

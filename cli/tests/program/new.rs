//! `new`: the crate that it makes, and what it refuses.

use crate::support::Folder;

#[test]
fn a_new_crate_has_its_name_its_files_and_its_crates_at_their_place() {
    let folder = Folder::new();
    let ran = folder.run(&["new", "fine-driver"]);
    assert_eq!((ran.code, ran.text()), (0, ""), "{}", ran.stderr);
    assert!(ran.stderr.starts_with("note: fine-driver has a driver with its test; "));
    assert!(ran.stderr.ends_with("next: cargo test --manifest-path fine-driver/Cargo.toml\n"));
    let manifest = String::from_utf8(folder.get("fine-driver/Cargo.toml")).expect("text");
    assert!(manifest.contains("name = \"fine-driver\"\n"));
    let paths: Vec<&str> = manifest.split("path = '").skip(1).collect();
    assert_eq!(paths.len(), 3, "{manifest}");
    for path in paths {
        let path = path.split('\'').next().expect("a path");
        let crate_folder = std::path::Path::new(path);
        assert!(crate_folder.is_absolute() && crate_folder.join("Cargo.toml").is_file(), "{path}");
    }
    let test = String::from_utf8(folder.get("fine-driver/tests/golden.rs")).expect("text");
    assert!(test.contains("use fine_driver::driver_entry;"));
    let lock = String::from_utf8(folder.get("fine-driver/Cargo.lock")).expect("text");
    assert!(lock.contains("name = \"fine-driver\"\n"));
}

#[test]
fn an_empty_folder_will_do() {
    let folder = Folder::new();
    std::fs::create_dir(folder.path().join("empty")).expect("a folder");
    assert_eq!(folder.run(&["new", "empty"]).code, 0);
}

#[test]
fn a_folder_that_is_not_new_is_refused_and_stays_as_it_is() {
    let folder = Folder::new();
    folder.put("a-file", "mine");
    let ran = folder.run(&["new", "a-file"]);
    let message = "error: a-file cannot be a new crate: it is no folder; name a folder that does \
                   not exist yet\n";
    assert_eq!((ran.code, ran.stderr.as_str()), (2, message));
    assert_eq!(folder.get("a-file"), b"mine");
    assert_eq!(folder.run(&["new", "notes"]).code, 0);
    let ran = folder.run(&["new", "notes"]);
    let message = "error: notes cannot be a new crate: it has files already; name a folder that \
                   does not exist yet\n";
    assert_eq!((ran.code, ran.stderr.as_str()), (2, message));
}

#[test]
fn a_name_that_no_crate_can_have_is_refused() {
    let folder = Folder::new();
    for name in ["1st", "with space", "é", ".."] {
        let ran = folder.run(&["new", name]);
        assert_eq!(ran.code, 2, "{name}: {}", ran.stderr);
        assert!(ran.stderr.contains("cannot be the name of a crate"), "{}", ran.stderr);
    }
    assert_eq!(folder.names(), [""; 0]);
}

#[test]
fn a_folder_without_the_crates_is_refused_before_anything_is_written() {
    let folder = Folder::new();
    let ran = folder.run(&["new", "driver", "--crates", "."]);
    let message = "error: . has no crates of portcls-emu: name the folder of a clone of the \
                   project\n";
    assert_eq!((ran.code, ran.stderr.as_str()), (2, message));
    assert_eq!(folder.names(), [""; 0]);
}

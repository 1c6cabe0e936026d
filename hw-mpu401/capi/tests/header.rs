//! The header in `include/` is the header that the Rust sources make.

use std::path::Path;
use std::{env, fs};

/// Set `UPDATE_HEADER=1` to write the header.
#[test]
fn the_header_in_the_repository_is_the_one_that_the_sources_make() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let config = cbindgen::Config::from_file(root.join("cbindgen.toml")).expect("cbindgen.toml");
    let bindings = cbindgen::Builder::new()
        .with_config(config)
        .with_src(root.join("src/ffi.rs"))
        .with_src(root.join("src/count.rs"))
        .with_src(root.join("src/timing.rs"))
        .with_src(root.join("src/instance.rs"))
        .generate()
        .expect("sources that cbindgen understands");
    let mut made = Vec::new();
    bindings.write(&mut made);
    let made = String::from_utf8(made).expect("a header in UTF-8");

    let path = root.join("include/mpu401.h");
    if env::var_os("UPDATE_HEADER").is_some() {
        fs::write(&path, &made).expect("a writable header");
    }
    let kept = fs::read_to_string(&path).unwrap_or_default().replace("\r\n", "\n");
    assert!(
        kept == made,
        "{} is not what the sources make; if the change is meant, run with UPDATE_HEADER=1",
        path.display()
    );
    let too_long: Vec<&str> = made.lines().filter(|line| line.len() > 100).collect();
    assert!(too_long.is_empty(), "lines over 100 columns: {too_long:#?}");
}

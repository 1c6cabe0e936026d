//! Every bad file gets one line: what is wrong, where, and how to mend it.

use std::fmt::Write as _;

use cpu_x86::Mode;
use portcls_driver_file::image::Image;

use crate::builder::{BASE, Builder};

/// The name of each file, and the line about it.
struct Lines(String);

impl Lines {
    fn file(&mut self, name: &str, file: &[u8]) {
        let error = Image::parse(file).expect_err(name);
        writeln!(self.0, "{name}\n    {error}").expect("a string grows");
    }

    fn changed(&mut self, name: &str, change: impl FnOnce(&mut Builder)) {
        let mut builder = Builder::driver(Mode::Bits64);
        change(&mut builder);
        self.file(name, &builder.build());
    }

    fn patched(&mut self, name: &str, at: usize, bytes: &[u8]) {
        let mut file = Builder::driver(Mode::Bits64).build();
        file[at..at + bytes.len()].copy_from_slice(bytes);
        self.file(name, &file);
    }
}

#[test]
fn files_of_other_kinds_are_named() {
    let mut lines = Lines(String::new());
    lines.file("empty", b"");
    lines.file("text", b"; an INF\n[Version]\n");
    lines.file("elf", b"\x7FELF\x02\x01");
    lines.file("cabinet", b"MSCF\0\0\0\0");
    lines.file("compressed", b"SZDD\x88\xF0");
    lines.file("zip", b"PK\x03\x04");
    lines.file("library", b"!<arch>\n");
    lines.file("object", &[0x64, 0x86, 4, 0]);
    lines.file("noise", &[0x12; 400]);
    lines.patched("dos", 0x80, b"\0\0\0\0");
    lines.patched("vxd", 0x80, b"LE");
    lines.patched("win16", 0x80, b"NE");
    insta::assert_snapshot!(lines.0);
}

#[test]
fn drivers_that_cannot_run_here_are_named() {
    let mut lines = Lines(String::new());
    lines.changed("arm64", |driver| driver.machine = 0xAA64);
    lines.changed("itanium", |driver| driver.machine = 0x200);
    lines.changed("unknown machine", |driver| driver.machine = 0x1234);
    lines.changed("console program", |driver| driver.subsystem = 3);
    lines.changed("desktop program", |driver| driver.subsystem = 2);
    lines.changed("firmware", |driver| driver.subsystem = 11);
    lines.changed("native program", |driver| driver.put(0x4220, b"ntdll.dll\0\0\0\0"));
    lines.changed("dot net", |driver| driver.directories[14] = (0x2400, 0x48));
    lines.changed("no entry", |driver| driver.entry = 0);
    lines.changed("packed", |driver| driver.parts[0].bytes.clear());
    lines.changed("magic of the other width", |driver| driver.machine = 0x14C);
    insta::assert_snapshot!(lines.0);
}

#[test]
fn bad_section_tables_are_refused() {
    let mut lines = Lines(String::new());
    lines.changed("overlap", |driver| driver.parts[0].virtual_size = 0x1001);
    lines.changed("order", |driver| driver.parts.swap(0, 1));
    lines.changed("alignment", |driver| driver.parts[1].rva = 0x2010);
    lines.changed("in the headers", |driver| driver.parts[0].rva = 0);
    lines.changed("beyond the image", |driver| driver.image_size = 0x4000);
    lines.changed("no size", |driver| {
        driver.parts[2].virtual_size = 0;
        driver.parts[2].bytes.clear();
    });
    lines.changed("image bomb", |driver| driver.image_size = 0xFFFF_F000);
    lines.changed("section bomb", |driver| driver.parts[1].virtual_size = 0xFFFF_FFFF);
    lines.changed("alignment bomb", |driver| driver.section_alignment = 0x8000_0000);
    lines.changed("entry in data", |driver| driver.entry = 0x2000);
    lines.changed("entry nowhere", |driver| driver.entry = 0x1F00);
    lines.patched("sections without number", 0x86, &[0, 0]);
    lines.patched("97 sections", 0x86, &[97, 0]);
    lines.patched("headers in the table", 0xD4, &[0, 1, 0, 0]);
    insta::assert_snapshot!(lines.0);
}

#[test]
fn truncated_files_say_what_is_missing() {
    let file = Builder::driver(Mode::Bits64).build();
    let mut lines = Lines(String::new());
    for length in [2, 0x40, 0x82, 0x88, 0x100, 0x180, 0x1A0, 0x300, 0x500, 0x700, 0x1100] {
        lines.file(&format!("{length:X} bytes"), &file[..length]);
    }
    insta::assert_snapshot!(lines.0);
}

#[test]
fn bad_tables_say_where_they_break() {
    let mut lines = Lines(String::new());
    lines.changed("imports nowhere", |driver| driver.directories[1].0 = 0x8000);
    lines.changed("imports without end", |driver| driver.directories[1].0 = 0x43FC);
    lines.changed("module nowhere", |driver| driver.put_u32(0x400C, 0x9000));
    lines.changed("module without end", |driver| {
        driver.put_u32(0x400C, 0x43F8);
        driver.put(0x43F8, b"portcls.");
    });
    lines.changed("module that is no text", |driver| driver.put(0x4200, b"\x01\x02"));
    lines.changed("name nowhere", |driver| driver.put_pointer(0x4100, 0x9000));
    lines.changed("name far away", |driver| driver.put_pointer(0x4100, 0x1_0000_0000));
    lines.changed("name that is empty", |driver| driver.put(0x4242, b"\0"));
    lines.changed("names without end", |driver| driver.put_u32(0x4000, 0x4FFC));
    lines.changed("slots without end", |driver| driver.put_u32(0x4010, 0x37F8));
    lines.changed("exports nowhere", |driver| driver.directories[0].0 = 0x8000);
    lines.changed("export bomb", |driver| driver.put_u32(0x4314, u32::MAX));
    lines.changed("export nowhere", |driver| driver.put_u32(0x4328, 0x1F00));
    lines.changed("names of exports nowhere", |driver| driver.put_u32(0x4320, 0x8000));
    lines.changed("relocations nowhere", |driver| driver.directories[5].1 = 0x8000);
    lines.changed("relocations cut", |driver| driver.put_u32(0x4384, 0x100));
    lines.changed("relocations of no size", |driver| driver.put_u32(0x4384, 0));
    lines.changed("relocation of another machine", |driver| driver.put(0x4389, &[0x51]));
    lines.changed("relocation nowhere", |driver| driver.put_u32(0x4380, 0x7000));
    lines.changed("relocation at an end", |driver| driver.put_u32(0x4380, 0x3000));
    lines.changed("load configuration nowhere", |driver| driver.directories[10].0 = 0x8000);
    lines.changed("cookie nowhere", |driver| driver.put_pointer(0x2258, BASE + 0x9000));
    lines.changed("guard below", |driver| driver.put_pointer(0x2270, 8));
    insta::assert_snapshot!(lines.0);
}

#[test]
fn tables_that_ask_for_too_much_meet_a_limit() {
    let mut lines = Lines(String::new());
    lines.changed("65 modules", |driver| {
        driver.parts[1].bytes.resize(0x1800, 0);
        driver.directories[1].0 = 0x2800;
        for index in 0..65 {
            let at = 0x2800 + index * 20;
            driver.put_u32(at, 0x4140);
            driver.put_u32(at + 12, 0x4200);
            driver.put_u32(at + 16, 0x2000);
        }
    });
    lines.changed("4 097 imports", |driver| {
        driver.parts[1].virtual_size = 0x9000;
        driver.parts[1].bytes.resize(0x9000, 0);
        driver.parts[2].rva = 0xB000;
        driver.image_size = 0xC000;
        driver.directories = [(0, 0); 16];
        driver.directories[1] = (0x2000, 40);
        driver.put_u32(0x200C, 0x2100);
        driver.put(0x2100, b"hal.dll\0");
        driver.put_u32(0x2010, 0x2200);
        for index in 0..4_097 {
            driver.put_pointer(0x2200 + index * 8, 1 << 63 | u64::from(index));
        }
    });
    insta::assert_snapshot!(lines.0);
}

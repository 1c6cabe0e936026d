//! The image that a good file gives.

use cpu_x86::{Mode, Rights};
use portcls_driver_file::image::{Image, ImageError, Residence};

use crate::builder::{BASE, Builder, CODE, DATA, Part};

const MODES: [Mode; 2] = [Mode::Bits32, Mode::Bits64];

fn image(builder: &Builder) -> Image {
    Image::parse(&builder.build()).expect("a good image")
}

#[test]
fn both_widths_give_the_same_facts() {
    for mode in MODES {
        let image = image(&Builder::driver(mode));
        assert_eq!(image.mode(), mode);
        assert_eq!(image.entry_rva(), 0x1000);
        assert_eq!(image.size(), 0x5000);
        assert_eq!(image.base(), BASE);
        assert_eq!(image.dll_characteristics(), 0x0140);
        let sections: Vec<_> = image
            .sections()
            .iter()
            .map(|s| (s.name.as_str(), s.rva, s.size, s.rights, s.residence))
            .collect();
        let code = Rights::READ | Rights::EXECUTE;
        let data = Rights::READ | Rights::WRITE;
        assert_eq!(
            sections,
            [
                (".text", 0x1000, 0x40, code, Residence::Resident),
                (".data", 0x2000, 0x1800, data, Residence::Resident),
                ("INIT", 0x4000, 0x400, code, Residence::Discardable),
            ]
        );
        // The file holds 200h bytes of .text, but only 40h bytes are in memory.
        assert_eq!(image.sections()[0].bytes.len(), 0x40);
        assert_eq!(image.section_at(0x37FF).map(|section| section.rva), Some(0x2000));
        assert_eq!(image.section_at(0x3800), None);
        assert_eq!(image.section_at(0x200), None);
    }
}

#[test]
fn imports_come_by_name_and_by_number_in_the_order_of_the_file() {
    for (mode, second) in [(Mode::Bits32, 0x2004), (Mode::Bits64, 0x2008)] {
        let image = image(&Builder::driver(mode));
        let imports: Vec<_> = image.imports().iter().map(|i| (i.to_string(), i.slot_rva)).collect();
        let expected = [
            ("portcls.sys!PcNewPort".to_owned(), 0x2000),
            ("portcls.sys!#7".to_owned(), second),
            ("ntoskrnl.exe!DbgPrint".to_owned(), 0x2040),
        ];
        assert_eq!(imports, expected);
    }
}

#[test]
fn exports_come_with_and_without_names() {
    for mode in MODES {
        let image = image(&Builder::driver(mode));
        let exports: Vec<_> =
            image.exports().iter().map(|e| (e.name.as_deref(), e.ordinal, e.rva)).collect();
        assert_eq!(exports, [(Some("entry"), 3, 0x1000), (None, 4, 0x1020)]);
    }
}

#[test]
fn moving_an_image_changes_every_absolute_address() {
    for (mode, base) in [(Mode::Bits32, 0x8000_0000), (Mode::Bits64, 0xFFFF_F800_0123_0000)] {
        let mut image = image(&Builder::driver(mode));
        image.relocate(base).expect("there is room");
        assert_eq!(image.base(), base);
        assert_eq!(image.read_pointer(0x2100), Some(base + 0x1010));
        // The second pointer begins in the file's bytes and ends in the zeros after them.
        assert_eq!(image.read_pointer(0x27FE), Some(base - BASE));
        image.relocate(BASE).expect("and back");
        assert_eq!(image.read_pointer(0x2100), Some(BASE + 0x1010));
        assert_eq!(image.read_pointer(0x27FE), Some(0));
    }
}

#[test]
fn an_image_cannot_be_moved_out_of_its_address_space() {
    let mut narrow = image(&Builder::driver(Mode::Bits32));
    assert!(narrow.relocate(0xFFFF_B000).is_ok());
    assert!(matches!(narrow.relocate(0xFFFF_C000), Err(ImageError::Bad { .. })));
    assert!(matches!(narrow.relocate(0x1_0000_0000), Err(ImageError::Bad { .. })));
    let mut wide = image(&Builder::driver(Mode::Bits64));
    assert!(matches!(wide.relocate(0xFFFF_FFFF_FFFF_C000), Err(ImageError::Bad { .. })));
    assert!(matches!(wide.relocate(0x1_0800), Err(ImageError::Bad { .. })));
}

#[test]
fn an_image_without_relocations_stays_where_it_is() {
    let mut builder = Builder::driver(Mode::Bits64);
    builder.characteristics |= 1;
    let mut image = image(&builder);
    assert_eq!(image.relocate(BASE), Ok(()));
    assert_eq!(image.relocate(0x2_0000), Err(ImageError::Fixed { preferred: BASE }));
}

#[test]
fn the_load_configuration_names_the_cookie_and_the_guards() {
    for (mode, dispatch) in [(Mode::Bits32, None), (Mode::Bits64, Some(0x2318))] {
        let image = image(&Builder::driver(mode));
        assert_eq!(image.load_config().security_cookie_rva, Some(0x2300));
        assert_eq!(image.load_config().guard_check_rva, Some(0x2310));
        assert_eq!(image.load_config().guard_dispatch_rva, dispatch);
    }
}

#[test]
fn regions_are_whole_pages_from_the_headers_on() {
    let image = image(&Builder::driver(Mode::Bits64));
    let regions: Vec<_> = image.regions().iter().map(|r| (r.rva, r.size, r.rights)).collect();
    let code = Rights::READ | Rights::EXECUTE;
    let expected = [
        (0, 0x1000, Rights::READ),
        (0x1000, 0x1000, code),
        (0x2000, 0x2000, Rights::READ | Rights::WRITE),
        (0x4000, 0x1000, code),
    ];
    assert_eq!(regions, expected);
    let contents: Vec<_> = image.contents().map(|(rva, bytes)| (rva, bytes.len())).collect();
    assert_eq!(contents, [(0, 0x400), (0x1000, 0x40), (0x2000, 0x800), (0x4000, 0x400)]);
}

/// The 32-bit drivers of the Windows XP kit are linked with an alignment of 80h bytes.
#[test]
fn sections_that_share_a_page_share_their_rights() {
    let mut builder = Builder::driver(Mode::Bits32);
    builder.directories = [(0, 0); 16];
    builder.section_alignment = 0x80;
    builder.image_size = 0x2500;
    builder.entry = 0x400;
    let part = |name, rva, size: u32, flags| Part {
        name,
        rva,
        virtual_size: size,
        bytes: vec![0; size as usize],
        flags,
    };
    builder.parts = vec![
        part(".text", 0x400, 0x1000, CODE),
        part(".data", 0x1400, 0x80, DATA),
        part("PAGE", 0x2000, 0x500, CODE),
    ];
    let image = image(&builder);
    let regions: Vec<_> = image.regions().iter().map(|r| (r.rva, r.size, r.rights)).collect();
    let code = Rights::READ | Rights::EXECUTE;
    let expected =
        [(0, 0x1000, code), (0x1000, 0x1000, code | Rights::WRITE), (0x2000, 0x1000, code)];
    assert_eq!(regions, expected);
    assert_eq!(image.sections()[2].residence, Residence::Paged);
}

#[test]
fn names_are_found_in_the_slots_where_a_linker_left_no_list_of_names() {
    let mut builder = Builder::driver(Mode::Bits64);
    builder.put_u32(0x4000, 0);
    builder.put_pointer(0x2000, 0x4240);
    builder.put_pointer(0x2008, 0);
    let imports: Vec<_> = image(&builder).imports().iter().map(ToString::to_string).collect();
    assert_eq!(imports, ["portcls.sys!PcNewPort", "ntoskrnl.exe!DbgPrint"]);
}

//! Damaged and hostile PDBs: never a panic, and work bounded by the size.

use portcls_driver_file::image::{Image, NAME_LIMIT};
use portcls_driver_file::symbols::Symbols;
use proptest::collection::vec;
use proptest::prelude::*;

use crate::{code, driver, find_all, pdb, with_pdb};

/// Asks for the names of many places in the code, and checks the promises about notes and names.
fn check(bytes: &[u8]) -> (Image, Symbols) {
    let (image, symbols) = with_pdb(bytes);
    for note in symbols.notes() {
        assert!(note.starts_with("null_adapter.pdb") && !note.contains('\n'), "{note}");
    }
    for rva in code(&image).step_by(5) {
        let place = symbols.place(&image, rva);
        assert!(place.lines.len() <= 16, "{place:?}");
        assert!(place.function.is_none_or(|it| it.name.len() <= 2 * NAME_LIMIT));
    }
    (image, symbols)
}

#[test]
fn a_truncated_pdb_leaves_a_note() {
    let whole = pdb();
    for length in (32..whole.len()).step_by(1_021) {
        let (_, symbols) = check(&whole[..length]);
        assert_eq!(symbols.notes().len(), 1, "{length}");
    }
    let (_, symbols) = check(&whole[..40]);
    let note = "null_adapter.pdb gives no symbols: it is damaged: no directory of streams; copy \
                or build it again";
    assert_eq!(symbols.notes(), [note]);
}

#[test]
fn what_is_no_pdb_leaves_a_note() {
    for bytes in [&b"Microsoft C/C++ program database 2.00\r\n\x1AJG\0\0"[..], &[0x55; 100], &[]] {
        let (_, symbols) = with_pdb(bytes);
        let notes = symbols.notes().join("\n");
        assert!(notes.starts_with("null_adapter.pdb gives no symbols: it is no "), "{notes}");
    }
}

/// A position that is in symbols and lines more often than in types.
fn position() -> impl Strategy<Value = usize> {
    let whole = pdb();
    let place = |text: &[u8]| find_all(&whole, text)[0] & !0xFFF;
    let modules = place(b"/drivers/parts.o\0");
    let symbols = place(b"DriverEntry\0");
    let identity = place(b"/names\0");
    prop_oneof![
        32..56_usize,
        modules..modules + 0x1000,
        symbols..symbols + 0x8000,
        identity..identity + 0x80,
        0..whole.len() - 4,
    ]
}

/// Numbers. Most numbers are extreme.
fn value() -> impl Strategy<Value = u32> {
    prop_oneof![
        Just(0),
        Just(u32::MAX),
        Just(i32::MAX as u32),
        Just(0xFFFF),
        0..0x100_u32,
        any::<u32>(),
        (0..32_u32).prop_map(|bit| 1 << bit),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, ..ProptestConfig::default() })]

    #[test]
    fn a_changed_pdb_gives_a_note_or_symbols(
        changes in vec((position(), value(), 1..=4_usize), 1..12),
    ) {
        let mut bytes = pdb();
        for (position, value, count) in changes {
            let position = position.min(bytes.len() - count);
            bytes[position..position + count].copy_from_slice(&value.to_le_bytes()[..count]);
        }
        check(&bytes);
    }

    #[test]
    fn random_bytes_in_good_blocks_give_a_note_or_symbols(
        noise in vec(any::<u8>(), 4096),
        block in 3..30_usize,
    ) {
        let mut bytes = pdb();
        bytes[block * 4096..(block + 1) * 4096].copy_from_slice(&noise);
        check(&bytes);
    }
}

const BLOCK: usize = 512;

/// A PDB with these streams, each in its own blocks.
fn container(streams: &[Vec<u8>]) -> Vec<u8> {
    let mut file = vec![0; 3 * BLOCK];
    let mut sizes = Vec::new();
    let mut blocks = Vec::new();
    for stream in streams {
        sizes.push(stream.len() as u32);
        blocks.extend(append(&mut file, stream));
    }
    let directory = [vec![sizes.len() as u32], sizes, blocks].concat();
    finish(file, &directory, None)
}

/// Appends bytes in new blocks, and returns the numbers of the blocks.
fn append(file: &mut Vec<u8>, bytes: &[u8]) -> Vec<u32> {
    let first = file.len() / BLOCK;
    file.extend_from_slice(bytes);
    file.resize(file.len().next_multiple_of(BLOCK), 0);
    (first as u32..(file.len() / BLOCK) as u32).collect()
}

/// Adds the directory and the header. The header tells the size in `told_size` as the size of the
/// directory, or the right size for `None`.
fn finish(mut file: Vec<u8>, directory: &[u32], told_size: Option<u32>) -> Vec<u8> {
    let bytes: Vec<u8> = directory.iter().flat_map(|number| number.to_le_bytes()).collect();
    let blocks = append(&mut file, &bytes);
    let list: Vec<u8> = blocks.iter().flat_map(|number| number.to_le_bytes()).collect();
    let lists = append(&mut file, &list);
    let size = told_size.unwrap_or(bytes.len() as u32);
    let header = [BLOCK as u32, 1, (file.len() / BLOCK) as u32, size, 0];
    let header: Vec<u8> =
        header.into_iter().chain(lists).flat_map(|number| number.to_le_bytes()).collect();
    file[..32].copy_from_slice(b"Microsoft C/C++ MSF 7.00\r\n\x1A\x44\x53\0\0\0");
    file[32..32 + header.len()].copy_from_slice(&header);
    file
}

/// The first four streams. Stream 1 has the GUID of the driver. Stream 3 has the driver's age, and
/// a list of modules, each with its stream and the sizes of its parts. Stream 3 also says that the
/// public symbols are stream 4, which the caller adds. Streams 0 and 2 are empty.
fn first_streams(modules: impl Iterator<Item = (u16, [u32; 3])>) -> Vec<Vec<u8>> {
    let wanted = Image::parse(&driver()).expect("a good driver").pdb_reference();
    let wanted = wanted.expect("the driver names its PDB");
    let information = [&[0; 12][..], &wanted.guid, &[0; 24]].concat();
    let mut list = Vec::new();
    for (stream, sizes) in modules {
        list.extend([0; 34]);
        list.extend(stream.to_le_bytes());
        list.extend(sizes.iter().flat_map(|size| size.to_le_bytes()));
        list.extend([0; 20]);
    }
    let mut debug =
        [u32::MAX, 0, wanted.age, 0, 0, 4, list.len() as u32, 0, 0, 0, 0, 0, 0, 0, 0, 0]
            .map(u32::to_le_bytes)
            .concat();
    debug.extend(list);
    vec![Vec::new(), information, Vec::new(), debug]
}

#[test]
fn many_modules_on_the_same_bytes_cost_no_more_than_the_file() {
    // A stream with a megabyte of symbols that 30 000 modules claim to be theirs.
    let size = 1 << 20;
    let mut streams = first_streams((0..30_000).map(|_| (5, [size, 0, 0])));
    let symbols = [4_u32.to_le_bytes().to_vec(), [2, 0, 6, 0].repeat(size as usize / 4 - 1)];
    streams.extend([Vec::new(), symbols.concat()]);
    let (_, symbols) = check(&container(&streams));
    let notes = symbols.notes().join("\n");
    assert!(notes.ends_with(" of its 30000 modules are damaged"), "{notes}");
}

#[test]
fn a_stream_or_a_directory_that_claims_gigabytes_is_refused() {
    let mut file = vec![0; 3 * BLOCK];
    append(&mut file, &[0; BLOCK]);
    // Five streams of almost 4 GiB each. The directory would have to list the blocks of these
    // streams.
    let directory = [5, 0xFFFF_FF00, 0xFFFF_FF00, 0xFFFF_FF00, 0xFFFF_FF00, 0xFFFF_FF00, 3];
    for told_size in [None, Some(u32::MAX - 1), Some(64 << 20)] {
        let (_, symbols) = check(&finish(file.clone(), &directory, told_size));
        let notes = symbols.notes().join("\n");
        assert!(notes.contains("it is damaged: no directory of streams"), "{notes}");
    }
    // One stream that consists of the same block again and again.
    let count = 200_000_u32;
    let directory: Vec<u32> = [vec![2, 0, count * BLOCK as u32], vec![3; count as usize]].concat();
    let (_, symbols) = check(&finish(file, &directory, None));
    let notes = symbols.notes().join("\n");
    assert!(notes.contains("it is damaged: no GUID"), "{notes}");
}

#[test]
fn decorated_names_that_unfold_without_end_stay_as_they_are() {
    // Each part of the name may mean many copies of an earlier part.
    let parts: String = (0..9).map(|part| format!("V?${part}@{}@", "0".repeat(30))).collect();
    let name = format!("??$f@{parts}@YAXXZ\0");
    let record = |name: &[u8]| {
        let size = (name.len() + 12) as u16;
        let fields = [&size.to_le_bytes()[..], &[0x0E, 0x11, 2, 0, 0, 0, 0, 0, 0, 0, 1, 0]];
        [fields.concat(), name.to_vec()].concat()
    };
    let mut streams = first_streams(std::iter::empty());
    streams.push(record(name.as_bytes()));
    let (image, symbols) = check(&container(&streams));
    assert_eq!(symbols.notes(), [""; 0]);
    let function = symbols.place(&image, 0x1000).function.expect("a public symbol");
    assert_eq!(function.name, name.trim_end_matches('\0'));
    // The same symbol with a good name, to show that the reader reads a symbol at this place.
    streams[4] = record(b"?Isr@@YAEPEAX@Z\0");
    let (image, symbols) = check(&container(&streams));
    assert_eq!(symbols.place(&image, 0x1000).to_string(), "null_adapter!Isr");
}

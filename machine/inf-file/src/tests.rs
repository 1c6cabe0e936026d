//! INF files, good and bad.

use proptest::prelude::*;

use super::*;

/// A file with two models for x64, values of several types and two configurations.
const WHOLE: &str = r#"; A test
[Version]
Signature = "$Windows NT$"
Class=MEDIA

[Manufacturer]
%Maker% = Models, NTamd64.6.0, NTx86

[Models.NTamd64.6.0]
%Uart% = Uart, *PNPB006, *PNPC000
"Other" = Other, *XYZ0001

[Models.NTx86]
%Uart% = Uart, *PNPB006

[Uart.NT]
AddReg = Uart.Values, \
         More.Values ; both
LogConfig = Uart.First, Uart.Second
CopyFiles = @uart.sys
Include = ks.inf
Needs = KS.Registration

[Uart.NT.HW]
AddReg = Hardware.Values

[Uart.NT.Services]
AddService = uart, 0x2, Uart.Service

[Uart.Service]
ServiceType = 1
AddReg = Service.Values

[Service.Values]
HKR,Parameters,Depth,0x10001,16

[Hardware.Values]
HKR,,Quirk,1,0A,1b

[Uart.Values]
HKR,,Driver,,uart.sys
HKR,,Text,,"a ""quoted"", %text% 100%%"
HKR,Sub\Key,,,"default"
HKR,Empty
HKR,,List,0x10000,"one","two"
HKR,,List,0x10008,"two","three"
HKR,,Gone,,x
HKR,,Gone,4
HKR,,Kept,,first
HKR,,Kept,2,second
HKR,,Never,0x20,x
HKLM,SYSTEM\CurrentControlSet\Services\uart\Deep,Number,0x10001,0x1F
HKLM,Software\Acme,Name,,%Maker%
HKCU,Control,Name,,x

[More.Values]
HKR,,Four,0x10001,01,00,00,80
HKR,,Path,0x20000,"%11%\x\"

[Uart.First]
ConfigPriority = NORMAL
IOConfig = 330-331(3FF::), 300-301(3FF::)
IRQConfig = S:9,5
DMAConfig = 1

[Uart.Second]
IOConfig = 2@300-37F%FFF0(3FF::)
MemConfig = 1000@C0000-DFFFF%FFFFF000
Odd = 1

[Lonely]
a = b

[Strings]
Maker = "Acme"
Uart = "Acme UART"
text = words, two
[Strings.0407]
Uart = "anders"
"#;

fn read(text: &str) -> Installation {
    read_inf("t.inf", text.as_bytes(), None, Architecture::X64).unwrap_or_else(|e| panic!("{e}"))
}

fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

/// A key or a value as the tests show it.
fn shown(entry: &RegistryEntry) -> String {
    let value = entry.value.as_ref().map(|value| {
        let data = match value.kind {
            1 | 2 | 7 => {
                let pairs = value.data.chunks_exact(2);
                let units: Vec<u16> =
                    pairs.map(|pair| u16::from_le_bytes([pair[0], pair[1]])).collect();
                String::from_utf16_lossy(&units).replace('\0', "|")
            }
            _ => value.data.iter().map(|byte| format!("{byte:02X}")).collect(),
        };
        format!(" {}={}:{data}", value.name, value.kind)
    });
    format!("{:?} {}{}", entry.root, entry.subkey, value.unwrap_or_default())
}

#[test]
fn add_reg_gives_each_value_once_with_its_key_type_and_bytes() {
    let found = read(WHOLE);
    assert_eq!((&*found.description, found.model_count), ("Acme UART", 2));
    let values: Vec<String> = found.values.iter().map(shown).collect();
    let expected = [
        "Service Parameters Depth=4:10000000",
        "Driver  Driver=1:uart.sys|",
        "Driver  Text=1:a \"quoted\", words,two 100%|",
        "Driver Sub\\Key =1:default|",
        "Driver Empty",
        "Driver  List=7:one|two|three||",
        "Driver  Kept=1:first|",
        "Service Deep Number=4:1F000000",
        "Machine Software\\Acme Name=1:Acme|",
        "Driver  Four=4:01000080",
        "Driver  Path=2:%11%\\x\\|",
        "Device  Quirk=3:0A1B",
    ];
    assert_eq!(values, expected);
}

#[test]
fn log_config_gives_the_choices_of_each_resource_in_their_order() {
    let found = read(WHOLE);
    let names: Vec<&str> = found.configurations.iter().map(|one| &*one.section).collect();
    assert_eq!(names, ["Uart.First", "Uart.Second"]);
    let wanted: Vec<&Wanted> =
        found.configurations[0].resources.iter().map(|one| &one.wanted).collect();
    let fixed = |first| RangeChoice { length: 2, first, last: first, mask: u64::MAX };
    let ports = Wanted::Ports(vec![fixed(0x330), fixed(0x300)]);
    assert_eq!(wanted, [&ports, &Wanted::Lines(vec![9, 5]), &Wanted::Channels(vec![1])]);
    let Wanted::Ports(ports) = &found.configurations[1].resources[0].wanted else {
        panic!("the first resource is a range of ports");
    };
    let sixteenths: Vec<u64> = (0x2F0..0x400).filter(|at| ports[0].may_begin_at(*at)).collect();
    assert_eq!(sixteenths, [0x300, 0x310, 0x320, 0x330, 0x340, 0x350, 0x360, 0x370]);
    let Wanted::Memory(memory) = &found.configurations[1].resources[1].wanted else {
        panic!("the second resource is memory");
    };
    assert_eq!(memory[0].lowest(), Some(0xC0000));
}

#[test]
fn what_has_no_effect_is_told_in_the_order_of_the_file() {
    let unused = read(WHOLE).unused;
    let told: Vec<String> = unused.iter().map(|one| format!("{} {}", one.line, one.what)).collect();
    let expected = [
        "13 [Models.NTx86]",
        "20 CopyFiles in [Uart.NT]",
        "21 Include in [Uart.NT]",
        "22 Needs KS.Registration, a section of another file",
        "31 ServiceType in [Uart.Service]",
        "51 Never, which would only be written over",
        "54 HKCU, which has no key here",
        "69 Odd in [Uart.Second]",
        "71 [Lonely]",
    ];
    assert_eq!(told, expected);
}

#[test]
fn a_model_is_found_by_its_description_its_identifier_or_its_section() {
    for model in ["other", "*xyz0001", "OTHER"] {
        let text = format!("{WHOLE}[Other]\nAddReg=Own\n[Own]\nHKR,,A,,b\n");
        let found = read_inf("t.inf", text.as_bytes(), Some(model), Architecture::X64);
        let found = found.unwrap_or_else(|error| panic!("{error}"));
        assert_eq!((&*found.description, found.values.len()), ("Other", 1), "{model}");
    }
    let error = read_inf("t.inf", WHOLE.as_bytes(), Some("Third"), Architecture::X64);
    assert_eq!(
        error.expect_err("there is none").to_string(),
        "t.inf:10:10: there is no model Third; the models are Acme UART, Other"
    );
}

#[test]
fn the_section_that_fits_the_processor_best_is_taken() {
    let head = "[Version]\n[Manufacturer]\nMe=Models,NTx86,NTamd64,NTamd64.6.1,NTamd64.11.0\n";
    let models = "[Models.NTx86]\na=I\n[Models.NTamd64]\nb=I\n[Models.NTamd64.6.1]\nc=I\n";
    let installs = "[I]\nAddReg=V\n[I.NT]\nAddReg=N\n[I.NTx86]\nAddReg=X\n[I.NTia64]\nAddReg=V\n\
                    [V]\nHKR,,A,,plain\n[N]\nHKR,,A,,nt\n[X]\nHKR,,A,,x86\n";
    let text = format!("{head}{models}{installs}");
    let read = |architecture| {
        let found = read_inf("t.inf", text.as_bytes(), None, architecture);
        let found = found.unwrap_or_else(|error| panic!("{error}"));
        (found.description, shown(&found.values[0]))
    };
    let expected = ("c".to_owned(), "Driver  A=1:nt|".to_owned());
    assert_eq!(read(Architecture::X64), expected);
    assert_eq!(read(Architecture::X86), ("a".to_owned(), "Driver  A=1:x86|".to_owned()));
}

#[test]
fn a_file_in_utf_16_and_one_in_a_code_page_give_the_same_values() {
    let text = "[Version]\r\n[Manufacturer]\r\nMe=M\r\n[M]\r\na=I\r\n[I]\r\nAddReg=V\r\n[V]\r\n\
                HKR,,A,,\u{FC}\u{20AC}\r\n";
    let mut little = vec![0xFF, 0xFE];
    little.extend(utf16(text));
    let big: Vec<u8> = little.chunks(2).flat_map(|pair| [pair[1], pair[0]]).collect();
    let utf8 = format!("\u{FEFF}{text}").into_bytes();
    let byte = |letter| match letter {
        '\u{20AC}' => 0x80,
        letter => letter as u8,
    };
    let ansi: Vec<u8> = text.chars().map(byte).collect();
    for bytes in [little, big, utf8, ansi] {
        let found = read_inf("t.inf", &bytes, None, Architecture::X64);
        let found = found.unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(
            found.values.iter().map(shown).collect::<Vec<_>>(),
            ["Driver  A=1:\u{FC}\u{20AC}|"]
        );
    }
}

#[test]
fn what_is_wrong_is_named_with_line_and_column_and_how_to_mend_it() {
    let good = "[Version]\n[Manufacturer]\nMe=M\n[M]\na=I\n[I]\nAddReg=V\nLogConfig=L\n[L]\n";
    let reg = |line: &str| format!("{good}[V]\n{line}\n");
    let log = |line: &str| format!("{good}{line}\n[V]\n");
    let cases = [
        (String::new(), "1:1: there is no section [Version]; give a driver's INF"),
        ("[Version]\n".to_owned(), "1:1: there is no section [Manufacturer]; give the INF"),
        ("x = 1\n[Version]".to_owned(), "1:1: a line stands before the first section"),
        ("[Version".to_owned(), "1:1: this is no name of a section; write"),
        ("[Version] x".to_owned(), "1:11: text stands behind [Version]; put"),
        ("[V]\nx = \"y".to_owned(), "2:5: this quote is not closed; put a \""),
        ("[V]\nx\0".to_owned(), "2:2: a null stands in the text; save"),
        ("[Version]\n[Manufacturer]\nMe=M\n".to_owned(), "3:4: there is no section [M]; mend"),
        (
            "[Version]\n[Manufacturer]\nMe=M,NTx86\n".to_owned(),
            "1:1: the file has no model for x64",
        ),
        ("[Version]\n[Manufacturer]\nMe=M\n[M]\nx\n".to_owned(), "5:1: this is no model; write"),
        ("[Version]\n[Manufacturer]\nMe=M\n[M]\na=I\n".to_owned(), "5:3: there is no section [I]"),
        (good.to_owned(), "7:8: there is no section [V]; mend the name"),
        (reg("HKX,,A,,b"), "11:1: there is no registry root HKX; write HKR"),
        (reg("HKR,,A,x,b"), "11:8: the flags x are no number; write"),
        (reg("HKR,,A,0x30000,b"), "11:8: there is no type of value for the flags 0x30000"),
        (reg("HKR,,A,0x10001,x"), "11:16: x is no number; write a number"),
        (reg("HKR,,A,1,1,100"), "11:12: 100 is no byte; write bytes"),
        (reg("HKR,,A,,a,b"), "11:11: a text has a comma in it; put quotes"),
        (reg("A=b"), "11:1: this is no line of AddReg; write HKR"),
        (log("IOConfig=330"), "10:10: 330 is no range; write ranges"),
        (log("IOConfig=331-330"), "10:10: the range 331-330 is out of order"),
        (log("IOConfig=10000-10001"), "10:10: the range 10000-10001 is out of order or ends above"),
        (log("IOConfig=8@330-331"), "10:10: a range of 8 does not fit into 8@330-331"),
        (
            log("IRQConfig=9,16"),
            "10:13: 16 is not an interrupt line; write decimal numbers up to 15",
        ),
        (log("IRQConfig=X:9"), "10:11: X are no attributes; write letters out of SLE"),
        (log("DMAConfig=1,8"), "10:13: 8 is not a DMA channel"),
    ];
    for (text, expected) in cases {
        let error = read_inf("t.inf", text.as_bytes(), None, Architecture::X64);
        let error = error.expect_err(expected).to_string();
        assert!(error.starts_with(&format!("t.inf:{expected}")), "{error}\n{expected}");
    }
}

#[test]
fn a_file_that_grows_without_end_is_refused() {
    let error = |text: String| {
        let error = read_inf("t.inf", text.as_bytes(), None, Architecture::X64);
        error.expect_err("it is too much").what
    };
    let head = "[Version]\n[Manufacturer]\nMe=M\n[M]\na=I\n";
    let text = format!("{head}[I]\nNeeds=I1\n");
    let chain = (1..40).map(|n| format!("[I{n}]\nNeeds=I{}\n", n + 1)).collect::<String>();
    assert_eq!(error(text + &chain + "[I40]\n"), "sections need each other without an end");
    let long = "x".repeat(4_000);
    let text = format!("{head}[I]\nA=%s%%s%\n[Strings]\ns=\"{long}\"\n");
    assert_eq!(error(text), "the text is longer than 4096 letters");
    let uses = "A=%s%\n".repeat(5_000);
    let text = format!("{head}[I]\n{uses}[Strings]\ns=\"{long}\"\n");
    assert_eq!(error(text), "the strings of this file are too long where they are used");
    let error = read_inf("t.inf", &vec![b' '; MAX_INF_BYTES + 1], None, Architecture::X64);
    assert!(error.expect_err("it is too long").what.starts_with("the file has 1048577 bytes"));
}

#[test]
fn texts_are_added_to_a_list_once_and_up_to_a_limit() {
    let head = "[Version]\n[Manufacturer]\nMe=M\n[M]\na=I\n[I]\nAddReg=V\n[V]\n";
    let list = |lines: &str| {
        let found = read(&format!("{head}{lines}"));
        found.values.iter().map(shown).collect::<Vec<_>>()
    };
    let lines = "HKR,,L,,a\nHKR,,L,0x10008,b,a,b\nHKR,,L,0x10008,c,b\n";
    assert_eq!(list(lines), ["Driver  L=7:a|b|c||"], "a text becomes a list");
    let again = format!("{lines}HKR,,L,0x10000,c\nHKR,,L,0x10008,a,c\n");
    assert_eq!(list(&again), ["Driver  L=7:c|a||"], "what was written over is forgotten");
    let gone = format!("{lines}HKR,,L,4\nHKR,,L,0x10008,b\nHKR,,L,0x10008,a\n");
    assert_eq!(list(&gone), ["Driver  L=7:b|a||"], "what was deleted is forgotten");
    let most: String = (0..1_000).map(|n| format!("HKR,,L,0x10008,{n}\n")).collect();
    assert!(list(&most)[0].ends_with("|998|999||"));
    let repeated = format!("{most}HKR,,L,0x10008,7,8\n");
    assert_eq!(list(&repeated), list(&most));
    let text = format!("{head}{most}HKR,,L,0x10008,7,more\n");
    let error = read_inf("t.inf", text.as_bytes(), None, Architecture::X64);
    assert_eq!(
        error.expect_err("the list is full").to_string(),
        "t.inf:1009:1: the list has more than 1000 texts; leave some out"
    );
}

#[test]
fn the_flags_of_a_service_are_a_number_of_any_form() {
    for flags in ["2", "0x2", "0X00000002", "0x80a", "-2147483646"] {
        let text = format!(
            "[Version]\n[Manufacturer]\nMe=M\n[M]\na=I\n[I]\n[I.Services]\n\
             AddService=uart,{flags},S\n[S]\nAddReg=V\n[V]\nHKR,,A,,b\n"
        );
        let values: Vec<String> = read(&text).values.iter().map(shown).collect();
        assert_eq!(values, ["Service  A=1:b|"], "{flags}");
    }
}

#[test]
fn sections_that_need_each_other_are_taken_once() {
    let text = "[Version]\n[Manufacturer]\nMe=M\n[M]\na=I\n[I]\nNeeds=J\nAddReg=V\n[J]\nNeeds=I\n\
                AddReg=V\n[V]\nHKR,,A,,b\n";
    assert_eq!(read(text).values.len(), 1);
}

proptest! {
    #[test]
    fn arbitrary_bytes_are_refused_and_never_a_fault(
        bytes in prop::collection::vec(any::<u8>(), 0..400),
    ) {
        let _ = read_inf("t.inf", &bytes, None, Architecture::X64);
    }

    #[test]
    fn a_damaged_file_is_read_or_refused_at_a_place_in_it(
        at in any::<prop::sample::Index>(),
        length in 0..60_usize,
        instead in "[ -~\n]{0,12}",
    ) {
        let start = at.index(WHOLE.len());
        let end = (start + length).min(WHOLE.len());
        let damaged = format!("{}{instead}{}", &WHOLE[..start], &WHOLE[end..]);
        for architecture in [Architecture::X86, Architecture::X64] {
            if let Err(error) = read_inf("t.inf", damaged.as_bytes(), None, architecture) {
                prop_assert!(error.line >= 1 && error.line <= damaged.lines().count() + 1);
                prop_assert!(error.column >= 1);
            }
        }
    }
}

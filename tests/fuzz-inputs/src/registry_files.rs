//! Any bytes as registry values: an error at a line, or values in a machine.
//!
//! The target also reads each line as a resource of the device and as the choice of a pin, in the
//! form of the command line.

use portcls_machine::{
    CardResource, MachineBuilder, PinChoice, RegistryPlace, RegistrySetting, read_registry,
};

use crate::seeds::{Seed, texts};

/// The driver's own key.
const SERVICE: &str = r"\Registry\Machine\System\CurrentControlSet\Services\mpu401";

/// Reads the file, and puts its values into the registry of a machine.
pub fn run(input: &[u8]) {
    if let Ok(text) = str::from_utf8(input) {
        text.lines().for_each(check_words_of_command_line);
    }
    match read_registry(input) {
        Err(error) => {
            let lines = input.iter().filter(|byte| **byte == b'\n').count() + 1;
            assert!((1..=lines).contains(&error.line), "{error}");
            assert!(!error.to_string().contains(char::is_control), "{error}");
        }
        Ok(settings) => check_settings(&settings),
    }
}

/// Checks that a resource or a pin is written as a text that reads back as the same value.
fn check_words_of_command_line(line: &str) {
    match line.parse::<CardResource>() {
        Ok(resource) => assert_eq!(resource.to_string().parse(), Ok(resource)),
        Err(error) => assert!(!error.hint.is_empty()),
    }
    if let Ok(choice) = line.parse::<PinChoice>() {
        assert_eq!(choice.to_string().parse(), Ok(choice));
    }
}

fn check_settings(settings: &[RegistrySetting]) {
    let builder = settings.iter().fold(MachineBuilder::new(), |builder, setting| {
        builder.registry_value(setting.place, &setting.subkey, setting.value.clone())
    });
    let machine = match builder.build() {
        Ok(machine) => machine,
        Err(error) => return assert!(!error.to_string().contains(char::is_control), "{error}"),
    };
    let of_service = |setting: &&RegistrySetting| setting.place == RegistryPlace::Service;
    let Some(last) = settings.iter().rfind(of_service) else { return };
    let path = format!(r"{SERVICE}\{}", last.subkey);
    let key = machine.kernel().open_registry_key(&path).expect("the key is there");
    let value = key.value(&last.value.name).expect("the value is there");
    assert_eq!((value.kind, value.data), (last.value.kind, last.value.data.clone()));
}

/// Values of all types and places, resources, pins, and lines with mistakes.
pub fn seeds() -> Vec<Seed> {
    texts(&[
        ("values", "# values\n\nFifo=dword:0x10\nservice:Parameters\\Name=string:a=b:c\n"),
        ("places", "device:X=binary:0aFF\r\ndriver:A\\B\\C=dword:4294967295\n=string:\n"),
        ("twice", "service:Name=dword:1\nservice:NAME=string:\u{E9}\nservice:\\\\x=dword:2\n"),
        (
            "resources",
            "mpu401\nmpu401+8\nport:220+16,sb-dsp\nirq:5\nirq\ndma:1\nmemory:D0000+0x1000",
        ),
        ("pins", "Uart\nUart:0\n1:2\n"),
        ("wrong", "X=word:1"),
        ("number", "X=dword:4294967296"),
        ("digits", "X=binary:123"),
    ])
}

//! Streams that hold more events than the driver has memory for.

use portcls_machine::emulator::NtStatus;
use portcls_machine::port::ks::dmus::{EventForm, EventPacker, event_record_size};
use portcls_machine::{Application, PinFormat};

use crate::scene::{driver, machine_with};

/// The command with which the script driver gets a buffer from the allocator of its capture stream.
const GET_DATA: u8 = 0x30;

/// The bytes that the cable takes at once.
const CABLE_BYTES: usize = 4_096;

/// The most buffers of one allocator of the port, and the bytes of a buffer.
const BUFFERS: usize = 16_384;
const BUFFER_BYTES: usize = 1_024;

/// A record that needs every buffer of an allocator.
fn longest_record() -> Vec<u8> {
    let data = vec![0xF0; BUFFERS * BUFFER_BYTES];
    let mut records = vec![0; event_record_size(data.len())];
    let mut packer = EventPacker::new(&mut records);
    assert_eq!(packer.push(0, 1, EventForm::Unstructured, &data), data.len());
    records
}

#[test]
fn two_streams_at_their_limits_are_refused_what_has_no_place_and_the_run_goes_on() {
    for build in ["x64/dmus_script", "x86/dmus_script"] {
        let machine = machine_with("smsc-superio", driver(build), PinFormat::DirectMusic);
        machine.start().expect("the driver starts");
        let application = Application::new(&machine);
        let input = application.open_capture().expect("there is a capture pin");
        input.run().expect("it runs");
        // The driver gets all buffers of the capture stream's allocator, and asks for one more.
        for commands in vec![GET_DATA; BUFFERS + 1].chunks(CABLE_BYTES) {
            machine.cable().send(commands);
            machine.run_for_ns((CABLE_BYTES as u64 + 10) * 320_000).expect("the machine runs");
        }
        let refused = || -> Vec<String> {
            machine.kernel().refused_calls().iter().map(ToString::to_string).collect()
        };
        let one_too_many = "IAllocatorMXF::GetBuffer refuses: STATUS_INSUFFICIENT_RESOURCES";
        assert_eq!(refused(), [one_too_many], "{build}: that limit is the allocator's");
        let output = application.open_render().expect("there is a render pin");
        output.run().expect("it runs");
        output.write_records(None, longest_record(), "write 16 MiB").expect("it is written");
        machine.run_for_ns(2_000_000_000).expect("the machine runs");
        assert_eq!(output.take_statuses(), [NtStatus::INSUFFICIENT_RESOURCES], "{build}");
        let refused = &refused()[1..];
        let told = "IMXF::PutMessage refuses more than the driver's memory for events can hold: \
                    STATUS_INSUFFICIENT_RESOURCES";
        assert!((1..BUFFERS).contains(&refused.len()), "{build}: {}", refused.len());
        assert!(refused.iter().all(|call| call == told), "{build}: {}", refused[0]);
        drop((output, input));
        let broken = machine.kernel().violations();
        let rules: Vec<&str> = broken.iter().map(|violation| violation.rule.id).collect();
        assert_eq!(rules, ["events-outstanding"], "{build}: the script keeps its buffers");
        machine.unload().expect("it goes");
    }
}

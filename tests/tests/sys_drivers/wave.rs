//! Drivers for sound and MIDI: a wave filter binds, the UART plays.

use portcls_machine::Application;
use portcls_machine::emulator::{PnpRequest, Resource};

use crate::scene::{driver, live, machine, notes, play_and_record};

const WAVE_FIRST: [&str; 9] = [
    "x64/wave_first_cyclic",
    "x86/wave_first_cyclic",
    "msvc-x64/wave_first_cyclic",
    "x64/wave_first_pci",
    "x86/wave_first_pci",
    "msvc-x64/wave_first_pci",
    "x64/wave_first_rt",
    "x86/wave_first_rt",
    "msvc-x64/wave_first_rt",
];

#[test]
fn the_tune_goes_through_the_uart_behind_a_wave_filter_of_each_kind() {
    play_and_record(&WAVE_FIRST);
}

#[test]
fn a_wave_miniport_gets_its_dma_buffer_at_each_start_and_gives_it_back() {
    for build in WAVE_FIRST {
        let machine = machine("sb16", driver(build));
        machine.start().expect("the driver starts");
        let refused = machine.kernel().refused_calls();
        let refused: Vec<String> = refused.iter().map(ToString::to_string).collect();
        let too_large = "IDmaChannel::AllocateBuffer refuses 131072 bytes with the constraint \
                         FFFF on a channel for at most 65536: STATUS_INVALID_PARAMETER";
        assert_eq!(refused.last().map(|line| &**line), Some(too_large), "{build}");
        assert_eq!(machine.kernel().physical_ranges_in_use(), 1, "{build}");
        machine.pnp(PnpRequest::StopDevice).expect("it stops");
        assert_eq!(machine.kernel().physical_ranges_in_use(), 0, "{build}");
        live(&machine);
        assert_eq!(notes(&machine, "wave: a buffer of 65536 bytes at ").len(), 2, "{build}");
        assert_eq!(machine.kernel().physical_ranges_in_use(), 0, "{build}");
        assert_eq!(machine.kernel().violations(), [], "{build}");
    }
}

#[test]
fn a_device_with_a_dma_resource_gives_the_wave_miniport_a_channel_of_the_controller() {
    for build in ["x64/wave_first_cyclic", "x86/wave_first_cyclic", "msvc-x64/wave_first_cyclic"] {
        let machine = machine("sb16", driver(build));
        machine.start().expect("the driver starts");
        assert_eq!(notes(&machine, "wave: DMA channel"), [""; 0], "{build}: a list without DMA");
        machine.pnp(PnpRequest::StopDevice).expect("it stops");
        let resources = |channel| {
            vec![Resource::Port { start: 0x330, length: 2 }, Resource::Dma { channel, port: 0 }]
        };
        let start = PnpRequest::StartDevice { translated: resources(5), raw: resources(1) };
        machine.pnp(start).expect("it starts again");
        assert_eq!(notes(&machine, "wave: DMA channel"), ["wave: DMA channel 1"], "{build}");
        assert_eq!(machine.unload().expect("it goes"), [], "{build}");
        assert_eq!(machine.kernel().physical_ranges_in_use(), 0, "{build}");
        assert_eq!(machine.kernel().violations(), [], "{build}");
    }
}

#[test]
fn the_pins_of_a_wave_filter_are_told_and_cannot_be_opened() {
    for build in WAVE_FIRST {
        let machine = machine("sb16", driver(build));
        machine.start().expect("the driver starts");
        let filters = Application::new(&machine).filters().expect("they are told");
        assert_eq!(filters.len(), 2, "{build}");
        let wave = &filters[0];
        assert_eq!(wave.reference, "Wave", "{build}");
        let categories = ["KSCATEGORY_AUDIO", "KSCATEGORY_RENDER", "KSCATEGORY_CAPTURE"];
        assert_eq!(wave.categories, categories, "{build}: the port's own");
        assert_eq!((wave.pins.len(), wave.connections.len()), (4, 2), "{build}");
        let told = "sound is outside this program (STATUS_NOT_SUPPORTED)";
        for (pin, expected) in wave.pins.iter().zip([Some(told), None, Some(told), None]) {
            let obstacle = pin.sound.as_ref().and_then(|sound| sound.obstacle.as_deref());
            assert_eq!(obstacle, expected, "{build}, pin {}", pin.pin_id);
        }
        let notes = notes(&machine, "a pin was not opened: sound is outside this program");
        assert_eq!(notes.len(), 2, "{build}");
        assert_eq!(machine.kernel().violations(), [], "{build}");
    }
}

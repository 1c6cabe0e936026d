//! Which classes and interfaces a driver gets, and which routines only refuse.

use portcls_emulator::{Kernel, KernelConfig};
use portcls_guest::import::find;
use portcls_guest::import::identifiers::{
    Identifier, IdentifierKind, identifiers, is_served, only_refuses,
};

fn named(name: &str) -> Identifier {
    identifiers().find(|known| known.name == name).unwrap_or_else(|| panic!("{name} is not known"))
}

#[test]
fn what_a_midi_driver_needs_is_served_and_what_no_port_here_has_is_not() {
    let kernel = Kernel::new(KernelConfig::default());
    for name in [
        "CLSID_PortMidi",
        "IID_IUnknown",
        "IID_IPort",
        "IID_IPortMidi",
        "IID_IServiceSink",
        "IID_IMiniportMidi",
        "IID_IMiniportMidiStream",
        "IID_IPinCount",
        "IID_IAdapterPowerManagement",
        "CLSID_PortWaveRT",
        "IID_IPortWavePci",
        "IID_IMiniportWaveCyclic",
        "IID_IDmaChannelSlave",
        "IID_IAdapterPowerManagement2",
        "IID_IAdapterPowerManagement3",
        "CLSID_PortTopology",
        "IID_IPortTopology",
        "IID_IMiniportTopology",
        "IID_IPortEvents",
        "IID_IPinName",
        "IID_IUnregisterSubdevice",
        "IID_IUnregisterPhysicalConnection",
    ] {
        assert!(is_served(&kernel, &named(name)), "{name}");
    }
    for name in [
        "CLSID_MiniportDriverFmSynth",
        "IID_IMiniportWaveCyclicStream",
        "IID_IPortWaveRTStream",
        "IID_IPortClsEtwHelper",
    ] {
        assert!(!is_served(&kernel, &named(name)), "{name}");
    }
}

#[test]
fn a_class_is_told_from_an_interface_and_none_of_our_own_is_told() {
    assert_eq!(named("CLSID_PortMidi").kind, IdentifierKind::Class);
    assert_eq!(named("IID_IPortMidi").kind, IdentifierKind::Interface);
    assert!(identifiers().all(|known| known.name != "IID_ISubdevice"));
}

#[test]
fn a_routine_that_makes_some_class_does_more_than_refuse() {
    let kernel = Kernel::new(KernelConfig::default());
    let refuses = |module, name| {
        let found = find(module, name).unwrap_or_else(|| panic!("{name} is there"));
        only_refuses(&kernel, &found)
    };
    assert!(!refuses("portcls.sys", "PcNewPort"));
    assert!(!refuses("portcls.sys", "PcRegisterSubdevice"));
    assert!(refuses("ntoskrnl.exe", "__C_specific_handler"));
    assert!(!refuses("ntoskrnl.exe", "KeTickCount"));
    // On a kernel without a machine no code makes miniports.
    assert!(refuses("portcls.sys", "PcNewMiniport"));
}

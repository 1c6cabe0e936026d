//! Wave ports: they bind their miniports and show filters; no pin opens.

use std::cell::Cell;
use std::rc::Rc;

use portcls_emulator::trace::Event;
use portcls_emulator::{Irql, Kernel, NtStatus};
use portcls_port::com::{ComInterface, IUnknown, Interface, query};
use portcls_port::guid::{Guid, clsid};
use portcls_port::interfaces::{
    IPort, IPortClsVersion, IPortMidi, IPortWaveCyclic, IPortWavePci, IPortWaveRT, IServiceSink,
};
use portcls_port::ks::guids::{category, data_format};
use portcls_port::ks::pin_connect::PinRequest;
use portcls_port::ks::{DataRange, KsDataFormat, multiple_item};
use portcls_port::{answer_query, pc_new_port, pc_new_service_group};

use crate::fake_wave::{FakeWave, WAVE_CLASSES, pcm_range, plan_wave};
use crate::plan::{CAPTURE, PinDescription, Plan, PortInit, RENDER};
use crate::rig::{Rig, on_added_device, on_planned_device};

/// The notes of the trace that begin with these words.
fn notes(rig: &Rig, first: &str) -> Vec<String> {
    let log = rig.kernel.trace().log();
    let notes = log.events().filter_map(|event| match event.event {
        Event::Note(text) => Some(log.text(text).to_owned()),
        _ => None,
    });
    notes.filter(|text| text.starts_with(first)).collect()
}

#[test]
fn a_wave_port_initialises_its_miniport_and_shows_its_filter() {
    for (class, word) in WAVE_CLASSES.into_iter().zip(["WaveCyclic", "WavePci", "WaveRT"]) {
        on_planned_device(plan_wave(class), |rig| {
            let init = format!("Init {word}");
            assert_eq!(rig.fake.words(), ["StartDevice", &init, "GetDescription"]);
            for class in [category::AUDIO, category::RENDER, category::CAPTURE] {
                let found = rig.kernel.device_interfaces(bytemuck::cast(class));
                assert_eq!(found.len(), 1, "{word}: the port's own categories");
                assert_eq!(found[0].reference, "Wave");
            }
            assert_eq!(notes(rig, "a wave filter starts: sound is outside").len(), 1, "{word}");
            let filter = rig.open_filter().expect("a filter is shown");
            assert_eq!(filter.pin_property(1, 0, &[], 4).buffer().borrow()[..], [3, 0, 0, 0]);
        });
    }
}

#[test]
fn a_wave_port_is_initialised_without_a_request_and_without_resources() {
    for class in WAVE_CLASSES {
        let plan = |plan: &mut Plan| {
            plan_wave(class)(plan);
            plan.port_init = PortInit::Bare;
        };
        on_planned_device(plan, |rig| {
            assert!(rig.fake.words()[1].ends_with("without resources"));
            assert!(rig.open_filter().is_ok());
        });
    }
}

#[test]
fn a_failure_of_the_miniports_init_is_that_of_the_port() {
    for class in WAVE_CLASSES {
        let plan = |plan: &mut Plan| {
            plan_wave(class)(plan);
            plan.init_status = NtStatus::DEVICE_CONFIGURATION_ERROR;
        };
        on_added_device(plan, |rig| {
            assert_eq!(rig.start(), NtStatus::DEVICE_CONFIGURATION_ERROR);
            assert_eq!(rig.fake.words()[2..], ["drop miniport"], "no GetDescription");
        });
    }
}

#[test]
fn no_pin_of_a_wave_filter_opens_and_the_trace_says_why() {
    for class in WAVE_CLASSES {
        on_planned_device(plan_wave(class), |rig| {
            let filter = rig.open_filter().expect("a filter is shown");
            rig.fake.words();
            let pcm = KsDataFormat { format_size: 64 + 18, ..*pcm_range().head() };
            for (pin, format) in [
                (RENDER, pcm),
                (CAPTURE, pcm),
                (RENDER, KsDataFormat::MIDI),
                (7, KsDataFormat::MIDI),
            ] {
                let request = PinRequest { format, ..PinRequest::midi(pin) };
                let refused = filter.open(&request.to_name()).err();
                assert_eq!(refused, Some(NtStatus(0xC000_00BB)), "STATUS_NOT_SUPPORTED");
            }
            assert_eq!(rig.fake.words(), [""; 0], "the miniport is not asked");
            let told = notes(rig, "a pin was not opened: ");
            assert_eq!(told.len(), 4);
            let line = "a pin was not opened: sound is outside this program: STATUS_NOT_SUPPORTED";
            assert_eq!(told[0], line);
        });
    }
}

/// Asks a port for an interface and says whether the port has the interface.
fn has<I: ComInterface + ?Sized>(port: &Rc<dyn IPort>) -> bool {
    query::<I>(port).is_ok()
}

#[test]
fn each_wave_port_has_its_own_interface_and_all_but_wavert_tell_the_version() {
    on_planned_device(plan_wave(clsid::PORT_WAVE_CYCLIC), |rig| {
        for (class, expected) in WAVE_CLASSES.into_iter().zip([
            [true, false, false, true],
            [false, true, false, true],
            [false, false, true, false],
        ]) {
            let port = pc_new_port(&rig.kernel, &class).expect("a port");
            let found = [
                has::<dyn IPortWaveCyclic>(&port),
                has::<dyn IPortWavePci>(&port),
                has::<dyn IPortWaveRT>(&port),
                has::<dyn IPortClsVersion>(&port),
            ];
            assert_eq!(found, expected, "{class:?}");
            assert!(!has::<dyn IPortMidi>(&port));
            assert!(has::<dyn IUnknown>(&port));
        }
    });
}

#[test]
fn a_port_refuses_a_miniport_of_another_kind_and_says_what_it_wants() {
    let plan = plan_wave(clsid::PORT_WAVE_CYCLIC);
    on_planned_device(plan, |rig| {
        let miniport: Rc<dyn IUnknown> = FakeWave::newest();
        let port = pc_new_port(&rig.kernel, &clsid::PORT_WAVE_RT).expect("a port");
        let top = rig.physical.top();
        let refused = port.init(&rig.kernel, &top, None, miniport, None, None);
        assert_eq!(refused, Err(NtStatus::INVALID_PARAMETER));
        let line = "IPort::Init refuses a miniport without IMiniportWaveRT: \
                    STATUS_INVALID_PARAMETER";
        let newest = rig.kernel.refused_calls().last().map(ToString::to_string);
        assert_eq!(newest.as_deref(), Some(line));
    });
}

#[test]
fn a_notice_reaches_the_service_of_a_wavepci_miniport_once() {
    on_planned_device(plan_wave(clsid::PORT_WAVE_PCI), |rig| {
        let wave = FakeWave::newest();
        let (port, group) = (wave.port_as::<dyn IPortWavePci>(), wave.group());
        rig.fake.words();
        // Two calls of IPortWavePci::Notify for the miniport's group: with the group, and without a
        // group, which means the miniport's group. Service runs once.
        for _ in 0..2 {
            let old = rig.kernel.raise_irql(Irql(5));
            port.notify(&rig.kernel, Some(&group));
            port.notify(&rig.kernel, None);
            assert_eq!(rig.fake.words(), [""; 0], "not at DIRQL");
            rig.kernel.lower_irql(old);
            assert_eq!(rig.fake.words(), ["Service"]);
        }
    });
}

/// A member of a group. The member counts its calls.
#[derive(Default)]
struct Member(Cell<u32>);

impl IUnknown for Member {
    fn query_interface(self: Rc<Self>, iid: &Guid) -> Result<Interface, NtStatus> {
        answer_query!(self, iid, IServiceSink)
    }
}

impl IServiceSink for Member {
    fn request_service(&self, _kernel: &Kernel) {
        self.0.set(self.0.get() + 1);
    }
}

#[test]
fn a_notice_to_a_wavecyclic_port_reaches_the_members_of_the_group() {
    on_planned_device(plan_wave(clsid::PORT_WAVE_CYCLIC), |rig| {
        let port = FakeWave::newest().port_as::<dyn IPortWaveCyclic>();
        let group = pc_new_service_group(&rig.kernel, None).expect("a group");
        let member = Rc::new(Member::default());
        group.add_member(&rig.kernel, member.clone()).expect("there is room");
        rig.fake.words();
        // IPortWaveCyclic::Notify with a group, and without one.
        port.notify(&rig.kernel, Some(&group));
        assert_eq!(member.0.get(), 1);
        port.notify(&rig.kernel, None);
        assert_eq!(member.0.get(), 1, "the port has no group of its own");
        assert_eq!(rig.fake.words(), [""; 0]);
        let sink: Rc<dyn IServiceSink> = member;
        group.remove_member(&rig.kernel, &sink);
    });
}

/// Source: a comment of Microsoft's published AC97 sample.
#[test]
fn a_port_offers_each_wave_range_for_directsound_too() {
    let ours = pcm_range();
    let copy = ours.with_specifier(data_format::DSOUND);
    let expected = multiple_item([ours.to_bytes(), copy.to_bytes()]);
    let analog = DataRange::from(KsDataFormat {
        format_size: 64,
        sub_format: data_format::ANALOG,
        specifier: data_format::NONE,
        ..*ours.head()
    });
    for class in WAVE_CLASSES {
        for description in [PinDescription::Fixed, PinDescription::Live] {
            for has_both in [false, true] {
                let copy = copy.clone();
                let plan = move |plan: &mut Plan| {
                    plan_wave(class)(plan);
                    plan.pin_description = description;
                    if has_both {
                        plan.filter.pins[0].pin.data_ranges.push(copy);
                    }
                };
                on_planned_device(plan, |rig| {
                    let filter = rig.open_filter().expect("a filter is shown");
                    let ranges = |pin| {
                        let irp = filter.pin_property(3, pin, &[], 512);
                        let length = irp.information() as usize;
                        irp.buffer().borrow()[..length].to_vec()
                    };
                    assert_eq!(ranges(RENDER), expected);
                    assert_eq!(ranges(1), multiple_item([analog.to_bytes()]), "no WAVEFORMATEX");
                });
            }
        }
    }
}

#[test]
fn a_wave_miniport_is_asked_for_formats_as_any_other() {
    on_planned_device(plan_wave(clsid::PORT_WAVE_PCI), |rig| {
        let filter = rig.open_filter().expect("a filter is shown");
        rig.fake.words();
        let list = multiple_item([pcm_range().to_bytes()]);
        let irp = filter.pin_property(4, RENDER, &list, 256);
        assert_eq!(irp.status(), NtStatus::NO_MATCH, "the port has no rule for wave formats");
        let asked = "DataRangeIntersection KSDATAFORMAT_SPECIFIER_WAVEFORMATEX";
        assert_eq!(rig.fake.words(), [asked]);
        let list = multiple_item([pcm_range().with_specifier(data_format::DSOUND).to_bytes()]);
        filter.pin_property(4, RENDER, &list, 256);
        let asked = "DataRangeIntersection KSDATAFORMAT_SPECIFIER_DSOUND";
        assert_eq!(rig.fake.words(), [asked], "the range that the port has added");
    });
}

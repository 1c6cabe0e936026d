//! Filters and pins as a client sees and chooses them.

mod driver;

use driver::{FILTERS, machine, refusing_driver, swallowing_driver};
use portcls_machine::emulator::NtStatus;
use portcls_machine::midi_file::default_tune;
use portcls_machine::report::Filter;
use portcls_machine::{
    Application, FilterView, Machine, MachineBuilder, MachineError, PinChoice, PinClient,
    PinFormat, PinUse, play,
};

fn choice(text: &str) -> PinChoice {
    text.parse().expect("it has the form of a choice")
}

fn started(refusing: &'static [u32]) -> Machine {
    let machine = machine(refusing).build().expect("a machine");
    machine.start().expect("the driver starts");
    machine
}

/// The place of the pin that is opened to render, as text; or the text of the error.
fn opened(machine: &Machine, pin: Option<&str>) -> Result<String, String> {
    let application = Application::new(machine);
    let opened = match pin {
        None => application.open_render(),
        Some(pin) => application.open_render_at(&choice(pin)),
    };
    opened.map(|pin| pin.place().to_string()).map_err(|error| error.to_string())
}

#[test]
fn without_a_choice_the_first_pin_that_opens_is_used_of_whatever_filter() {
    assert_eq!(opened(&started(&[]), None).as_deref(), Ok("Midi:0"));
    let machine = started(&[0]);
    assert_eq!(opened(&machine, None).as_deref(), Ok("Midi:1"));
    let trace = machine.trace_text(Filter::Full);
    let told = "pin 0 of Midi does not open: STATUS_DEVICE_NOT_READY";
    assert!(trace.contains(told), "{trace}");
}

#[test]
fn when_no_pin_opens_the_first_status_is_told() {
    let refused = Application::new(&started(&[0, 1])).open_render().err();
    let status = NtStatus::DEVICE_NOT_READY;
    assert_eq!(refused, Some(MachineError::Request { request: "opening a pin", status }));
}

#[test]
fn a_pin_is_chosen_by_the_names_and_numbers_of_its_filter_and_itself() {
    for text in ["midi:1", "1:1"] {
        assert_eq!(opened(&started(&[]), Some(text)).as_deref(), Ok("Midi:1"), "{text}");
    }
    for text in ["Midi", "1", "Midi:KSCATEGORY_SYNTHESIZER"] {
        assert_eq!(opened(&started(&[]), Some(text)).as_deref(), Ok("Midi:0"), "{text}");
    }
    let machine = started(&[]);
    let capture = Application::new(&machine).open_capture_at(&choice("Midi:2")).expect("it opens");
    assert_eq!(capture.midi_pin().to_string(), "Midi:2 (capture)");
}

#[test]
fn a_choice_that_does_not_exist_is_answered_with_those_that_do() {
    let machine = started(&[]);
    let midi_pins = "the pins for MIDI are Midi:0 (render), Midi:1 (render) and Midi:2 (capture)";
    for (text, problem) in [
        ("Uart:0", "there is no filter for 'Uart:0'; the filters are Wave (0) and Midi (1)".into()),
        (
            "Midi:9",
            "the filter Midi has no pin '9'; its pins are 0 (render), 1 (render), 2 (capture) and \
             3 (render)"
                .into(),
        ),
        (
            "Midi:2",
            format!("Midi:2 is no render pin for MIDI: data flows out of the filter; {midi_pins}"),
        ),
        (
            "Midi:3",
            format!(
                "Midi:3 is no render pin for MIDI: no format for MIDI fits: DataIntersection \
                 answers STATUS_NO_MATCH, but the pin has a format for DirectMusic; {midi_pins}"
            ),
        ),
        (
            "Wave:0",
            format!(
                "Wave:0 is no render pin for MIDI: no client can connect to it: its \
                 communication is Bridge; {midi_pins}"
            ),
        ),
        (
            "Wave",
            format!(
                "the filter Wave has no render pin for MIDI that a client can open; {midi_pins}"
            ),
        ),
    ] {
        assert_eq!(opened(&machine, Some(text)), Err(problem), "{text}");
    }
}

#[test]
fn a_pin_that_was_chosen_and_does_not_open_is_not_replaced_by_another() {
    let told = "opening a pin failed with STATUS_DEVICE_NOT_READY";
    assert_eq!(opened(&started(&[0]), Some("Midi:0")), Err(told.to_owned()));
}

#[test]
fn a_job_uses_the_pin_of_its_machine_and_names_the_others() {
    let machine = machine(&[]).pin(Some(choice("Midi:1"))).build().expect("a machine");
    let report = play(&machine, &default_tune()).expect("it plays");
    let pin = report.job.pin.expect("a pin was opened");
    assert_eq!((pin.to_string().as_str(), pin.pin_use), ("Midi:1 (render)", PinUse::Render));
    let others: Vec<String> = report.job.other_pins.iter().map(ToString::to_string).collect();
    assert_eq!(others, ["Midi:0 (render)", "Midi:2 (capture)", "Midi:3 (render)"]);
}

#[test]
fn a_format_that_no_pin_has_is_told_with_the_format_that_is_there() {
    let machine = started(&[]);
    let application = Application::new(&machine).pin_format(PinFormat::DirectMusic);
    let refused = |result: Result<PinClient<'_>, MachineError>| {
        result.err().expect("it does not open").to_string()
    };
    assert_eq!(
        refused(application.open_capture()),
        "no filter of the driver has a capture pin for DirectMusic that a client can open, but \
         there is one for MIDI"
    );
    assert_eq!(
        refused(application.open_render_at(&choice("Midi:0"))),
        "Midi:0 is no render pin for DirectMusic: no format for DirectMusic fits: DataIntersection \
         answers STATUS_NO_MATCH, but the pin has a format for MIDI; the only pin for DirectMusic \
         is Midi:3 (render)"
    );
    let status = NtStatus::NO_MATCH;
    let error = MachineError::Request { request: "opening a pin", status };
    assert_eq!(refused(application.open_render()), error.to_string(), "a mistake of the driver");
}

fn obstacle(filter: &FilterView, pin: usize) -> Option<String> {
    filter.pins[pin].midi.as_ref().expect("a pin for MIDI").obstacle.clone()
}

#[test]
fn the_filters_tell_their_pins_and_why_one_of_them_cannot_be_used() {
    let machine = started(&[1]);
    let filters = Application::new(&machine).filters().expect("they are asked");
    let names: Vec<&str> = filters.iter().map(|filter| filter.reference.as_str()).collect();
    assert_eq!(names, FILTERS);
    let [wave, midi] = &filters[..] else { panic!("two filters") };
    assert_eq!(wave.interfaces, ["KSCATEGORY_AUDIO", "KSCATEGORY_TOPOLOGY"]);
    assert_eq!((wave.problem.as_ref(), wave.pins.len()), (None, 1));
    assert_eq!(wave.pins[0].midi, None);
    assert_eq!(wave.pins[0].communication.as_deref(), Some("bridge"));
    assert_eq!(obstacle(midi, 0), None);
    let answered = "opening it answers STATUS_DEVICE_NOT_READY";
    assert_eq!(obstacle(midi, 1).as_deref(), Some(answered));
    assert_eq!(obstacle(midi, 2), None);
    let format = &midi.pins[3].formats[0];
    assert_eq!(format.sub_format, "KSDATAFORMAT_SUBTYPE_DIRECTMUSIC");
    let no_midi = "no format for MIDI fits: DataIntersection answers STATUS_NO_MATCH, but the pin \
                   has a format for DirectMusic";
    assert_eq!(obstacle(midi, 3).as_deref(), Some(no_midi));
    let directmusic = |pin: usize| midi.pins[pin].midi.as_ref().unwrap().directmusic.as_ref();
    assert_eq!(directmusic(0), None, "it has no format for DirectMusic");
    let refused = directmusic(3).expect("it has one").obstacle.as_deref();
    assert_eq!(refused, Some("opening it answers STATUS_NO_MATCH"), "its miniport takes bytes");
    let instances = midi.pins[0].instances.expect("they are told");
    assert_eq!((instances.possible, instances.current), (Some(2), 0), "what was opened is closed");
    assert_eq!(midi.pins[0].global_instances.expect("they are told").possible, None);
    assert_eq!(midi.connections.len(), 0);
    assert_eq!(machine.unload().expect("it goes"), []);
}

#[test]
fn a_driver_that_gives_up_is_told_with_what_it_was_refused() {
    let machine = MachineBuilder::new().driver(refusing_driver()).build().expect("a machine");
    let error = machine.start().expect_err("it gives up").to_string();
    assert_eq!(
        error,
        "the driver refuses to start: StartDevice answered STATUS_NOT_SUPPORTED, most likely \
         because PcNewPort refused CLSID_MiniportDriverUart"
    );
    let trace = machine.trace_text(Filter::Full);
    let line = "port      PcNewPort refuses CLSID_MiniportDriverUart: STATUS_NOT_SUPPORTED\n";
    assert!(trace.contains(line), "{trace}");
}

#[test]
fn a_driver_without_filters_that_went_on_after_a_refusal_is_told_with_it_too() {
    let machine = MachineBuilder::new().driver(swallowing_driver()).build().expect("a machine");
    machine.start().expect("it swallows the refusal");
    assert_eq!(
        opened(&machine, None),
        Err("no filter of the driver has a render pin for MIDI that a client can open; earlier, \
             PcNewPort refused CLSID_MiniportDriverUart with STATUS_NOT_SUPPORTED"
            .to_owned())
    );
    assert_eq!(
        opened(&machine, Some("Uart")),
        Err("there is no filter for 'Uart'; the driver has registered none".to_owned())
    );
    assert_eq!(Application::new(&machine).filters(), Ok(Vec::new()));
}

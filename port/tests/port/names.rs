//! Names of pins and nodes: the places where the port looks, and their order.

use std::rc::Rc;

use portcls_emulator::registry::RegistryValue;
use portcls_emulator::{DeviceKeys, Irp, NtStatus};
use portcls_port::descriptor::PcNodeDescriptor;
use portcls_port::guid::Guid;
use portcls_port::ks::guids::{category, node_type, pin_name, property_set};
use portcls_port::ks::{KsNodeProperty, KsProperty, LengthReply};

use crate::plan::{BRIDGE, CAPTURE, Plan, RENDER};
use crate::rig::{File, GET, PROPERTY, Rig, on_device, on_planned_device};

const NAME_OF_A_PIN: u32 = 12;
const NAME_OF_A_NODE: u32 = 3;

const SOFTWARE: &str = r"\Registry\Machine\Software\Device";
const SYSTEM: &str = r"\Registry\Machine\System\CurrentControlSet\Control";

fn install(rig: &Rig, values: &[(&str, Guid, &str)]) {
    rig.physical.set_registry_keys(DeviceKeys {
        device: r"\Registry\Machine\Enum\Device".to_owned(),
        driver: SOFTWARE.to_owned(),
        hardware_profile: r"\Registry\Machine\Profile".to_owned(),
    });
    for (top, guid, text) in values {
        set(rig, top, *guid, &RegistryValue::string("Name", text));
    }
}

fn set(rig: &Rig, top: &str, guid: Guid, value: &RegistryValue) {
    let path = format!(r"{top}\MediaCategories\{guid}");
    let key = rig.kernel.create_registry_key(&path).unwrap();
    key.set_value(&rig.kernel, value.clone()).unwrap();
}

fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().chain([0]).flat_map(u16::to_le_bytes).collect()
}

fn answer(irp: &Irp) -> Result<Vec<u8>, NtStatus> {
    match irp.status() {
        NtStatus::SUCCESS => Ok(irp.buffer().borrow()[..irp.information() as usize].to_vec()),
        refusal => Err(refusal),
    }
}

fn name_of_pin(filter: &File<'_>, pin_id: u32) -> Result<Vec<u8>, NtStatus> {
    answer(&filter.pin_property(NAME_OF_A_PIN, pin_id, &[], 100))
}

fn name_of_node(filter: &File<'_>, node_id: u32) -> Result<Vec<u8>, NtStatus> {
    let property = KsProperty { set: property_set::TOPOLOGY, id: NAME_OF_A_NODE, flags: GET };
    let head = KsNodeProperty { property, node_id, reserved: 0 };
    answer(&filter.control(PROPERTY, bytemuck::bytes_of(&head), &[], 100))
}

/// Pin 0 has a name GUID and a category, pin 1 has a category alone, pin 2 has neither. Node 0 has
/// no name GUID, and node 1 has one.
fn plan_pins(plan: &mut Plan) {
    plan.filter.pins[RENDER as usize].pin.name = Some(pin_name::MIDI);
    plan.filter.pins[CAPTURE as usize].pin.category = None;
    let node =
        |name| PcNodeDescriptor { flags: 0, automation: None, node_type: node_type::VOLUME, name };
    plan.filter.nodes = vec![node(None), node(Some(pin_name::DMUSIC_MPU_IN))];
}

#[test]
fn a_pin_has_the_registered_name_of_its_name_or_else_of_its_category() {
    on_planned_device(plan_pins, |rig| {
        install(rig, &[(SYSTEM, category::AUDIO, "Audio")]);
        let filter = rig.open_filter().unwrap();
        assert_eq!(name_of_pin(&filter, RENDER), Ok(utf16("Audio")), "its name has none yet");
        install(rig, &[(SYSTEM, pin_name::MIDI, "MIDI")]);
        assert_eq!(name_of_pin(&filter, RENDER), Ok(utf16("MIDI")));
        assert_eq!(name_of_pin(&filter, BRIDGE), Ok(utf16("Audio")));
        assert_eq!(name_of_pin(&filter, CAPTURE), Err(NtStatus::NOT_FOUND));
        assert_eq!(name_of_pin(&filter, 3), Err(NtStatus::INVALID_PARAMETER));
        // The key of the device wins over the key of the system, for the category too.
        install(rig, &[(SOFTWARE, category::AUDIO, "Mine")]);
        assert_eq!(name_of_pin(&filter, RENDER), Ok(utf16("MIDI")));
        assert_eq!(name_of_pin(&filter, BRIDGE), Ok(utf16("Mine")));
        install(rig, &[(SOFTWARE, pin_name::MIDI, "Out")]);
        assert_eq!(name_of_pin(&filter, RENDER), Ok(utf16("Out")));
    });
}

#[test]
fn a_name_is_given_out_by_the_rules_about_lengths() {
    on_planned_device(plan_pins, |rig| {
        install(rig, &[(SYSTEM, pin_name::MIDI, "MIDI")]);
        let filter = rig.open_filter().unwrap();
        let ask = |length| {
            let irp = filter.pin_property(NAME_OF_A_PIN, RENDER, &[], length);
            (irp.status(), irp.information())
        };
        assert_eq!(ask(0), (NtStatus::BUFFER_OVERFLOW, 10));
        assert_eq!(ask(9), (NtStatus::BUFFER_TOO_SMALL, 0));
        assert_eq!(ask(10), (NtStatus::SUCCESS, 10));
    });
}

#[test]
fn a_value_that_is_no_text_is_no_name() {
    on_planned_device(plan_pins, |rig| {
        install(rig, &[]);
        let filter = rig.open_filter().unwrap();
        let values = [
            RegistryValue::dword("Name", 5),
            RegistryValue::binary("Name", &[b'M', 0, 0, 0]),
            RegistryValue::string("Name", ""),
            RegistryValue::string("Title", "MIDI"),
        ];
        for value in values {
            set(rig, SYSTEM, pin_name::MIDI, &value);
            assert_eq!(name_of_pin(&filter, RENDER), Err(NtStatus::NOT_FOUND), "{value:?}");
        }
        // A text without a null at its end, and then the same text with an odd byte at its end.
        let mut value = RegistryValue::string("Name", "MIDI");
        value.data.truncate(8);
        set(rig, SYSTEM, pin_name::MIDI, &value);
        assert_eq!(name_of_pin(&filter, RENDER), Ok(utf16("MIDI")));
        value.data.push(0x41);
        set(rig, SYSTEM, pin_name::MIDI, &value);
        assert_eq!(name_of_pin(&filter, RENDER), Ok(utf16("MIDI")));
    });
}

#[test]
fn a_device_that_was_never_installed_has_the_names_of_the_system() {
    on_planned_device(plan_pins, |rig| {
        set(rig, SYSTEM, pin_name::MIDI, &RegistryValue::string("Name", "MIDI"));
        let filter = rig.open_filter().unwrap();
        assert_eq!(name_of_pin(&filter, RENDER), Ok(utf16("MIDI")));
    });
}

#[test]
fn a_node_has_the_registered_name_of_its_name_or_of_its_type_when_it_has_none() {
    on_planned_device(plan_pins, |rig| {
        install(rig, &[(SYSTEM, node_type::VOLUME, "Volume")]);
        let filter = rig.open_filter().unwrap();
        assert_eq!(name_of_node(&filter, 0), Ok(utf16("Volume")));
        assert_eq!(name_of_node(&filter, 1), Err(NtStatus::NOT_FOUND));
        install(rig, &[(SOFTWARE, pin_name::DMUSIC_MPU_IN, "Input")]);
        assert_eq!(name_of_node(&filter, 1), Ok(utf16("Input")));
        assert_eq!(name_of_node(&filter, 2), Err(NtStatus::INVALID_PARAMETER));
        let short = KsProperty { set: property_set::TOPOLOGY, id: NAME_OF_A_NODE, flags: GET };
        let irp = filter.control(PROPERTY, bytemuck::bytes_of(&short), &[], 100);
        assert_eq!(irp.status(), NtStatus::INVALID_BUFFER_SIZE);
    });
}

#[test]
fn a_name_from_the_miniport_comes_before_the_registry() {
    on_planned_device(
        |plan| {
            plan_pins(plan);
            plan.pin_name = Some(|pin_id, length| match pin_id {
                RENDER => LengthReply::of_value(&utf16("own"), length),
                BRIDGE => LengthReply::of_status(NtStatus::NOT_SUPPORTED),
                _ => {
                    LengthReply { status: NtStatus::SUCCESS, information: 200, bytes: vec![1; 200] }
                }
            });
        },
        |rig| {
            install(rig, &[(SYSTEM, pin_name::MIDI, "MIDI"), (SYSTEM, category::AUDIO, "Audio")]);
            let filter = rig.open_filter().unwrap();
            assert_eq!(name_of_pin(&filter, RENDER), Ok(utf16("own")));
            assert!(rig.has_call("GetPinName"));
            let irp = filter.pin_property(NAME_OF_A_PIN, RENDER, &[], 0);
            assert_eq!((irp.status(), irp.information()), (NtStatus::BUFFER_OVERFLOW, 8));
            let irp = filter.pin_property(NAME_OF_A_PIN, RENDER, &[], 7);
            assert_eq!(irp.status(), NtStatus::BUFFER_TOO_SMALL);
            assert_eq!(name_of_pin(&filter, BRIDGE), Ok(utf16("Audio")));
            assert_eq!(name_of_pin(&filter, CAPTURE), Err(NtStatus::BUFFER_TOO_SMALL));
            rig.expect_violations(&["property-overrun"]);
        },
    );
}

#[test]
fn without_a_name_the_drivers_own_table_is_asked() {
    use portcls_port::automation::{PcAutomationTable, PcPropertyItem};
    use portcls_port::ks::KsPropertyType;
    on_planned_device(
        |plan| {
            let name = PcPropertyItem {
                set: property_set::PIN,
                id: NAME_OF_A_PIN,
                flags: KsPropertyType::GET,
                handler: Some(Rc::new(|_, request| request.answer(&utf16("table")))),
            };
            let properties = vec![name];
            plan.filter.automation =
                Some(Rc::new(PcAutomationTable { properties, ..Default::default() }));
        },
        |rig| {
            let filter = rig.open_filter().unwrap();
            assert_eq!(name_of_pin(&filter, RENDER), Ok(utf16("table")));
        },
    );
}

#[test]
fn without_any_name_there_is_none() {
    on_device(|rig| {
        let filter = rig.open_filter().unwrap();
        assert_eq!(name_of_pin(&filter, RENDER), Err(NtStatus::NOT_FOUND));
    });
}

//! The trace names each thing that a driver asked for and did not get.

use std::rc::Rc;

use portcls_emulator::trace::Event;
use portcls_emulator::{
    Irp, Kernel, Need, NtStatus, Parameters, PnpRequest, PoolType, Resource, Share, TriggerMode,
};
use portcls_port::com::{IUnknown, Interface, query};
use portcls_port::guid::{Guid, clsid};
use portcls_port::interfaces::{
    IPort, IPortClsVersion, IServiceSink, InterruptSyncMode, KeyAccess, RegistryKeyType,
    RoutinePosition,
};
use portcls_port::{
    RegistryKeyRequest, answer_query, ask, guid, pc_new_interrupt_sync, pc_new_miniport,
    pc_new_port, pc_new_registry_key, pc_new_resource_list,
};

use crate::rig::{Rig, on_device};

/// The newest refusal: its line in the trace, and its need.
fn newest(kernel: &Kernel) -> (String, Need) {
    let log = kernel.trace().log();
    let notes = log.events().filter_map(|event| match event.event {
        Event::Note(text) => Some(log.text(text).to_owned()),
        _ => None,
    });
    let refused = kernel.refused_calls().pop().expect("something was refused");
    assert_eq!(notes.last(), Some(refused.to_string()), "the trace has the same line");
    (refused.to_string(), refused.need)
}

#[test]
fn a_class_that_is_not_offered_is_refused_by_its_name_or_else_its_number() {
    on_device(|rig| {
        let kernel = &rig.kernel;
        let no_port = clsid::MINIPORT_DRIVER_FM_SYNTH;
        assert_eq!(pc_new_port(kernel, &no_port).err(), Some(NtStatus::NOT_SUPPORTED));
        let line = "PcNewPort refuses CLSID_MiniportDriverFmSynth: STATUS_NOT_SUPPORTED";
        assert_eq!(newest(kernel), (line.to_owned(), Need::Required));
        let unknown = guid!("00000001-0002-0003-0405-060708090A0B");
        assert_eq!(pc_new_miniport(kernel, &unknown).err(), Some(NtStatus::NOT_SUPPORTED));
        let line = "PcNewMiniport refuses {00000001-0002-0003-0405-060708090A0B}: \
                    STATUS_NOT_SUPPORTED";
        assert_eq!(newest(kernel), (line.to_owned(), Need::Required));
        assert_eq!(kernel.refused_call_count(), 2);
    });
}

/// A compiled driver gets the same line; `guest/src/import/tests/refusals.rs` tests that line.
#[test]
fn an_interface_that_an_object_of_the_port_does_not_have_is_refused_to_a_rust_driver_by_name() {
    on_device(|rig| {
        let kernel = &rig.kernel;
        let group = rig.fake.group();
        assert!(ask::<dyn IServiceSink, _>(kernel, &group).is_ok());
        assert_eq!(kernel.refused_calls(), [], "what is there is no refusal");
        let refused = ask::<dyn IPortClsVersion, _>(kernel, &group);
        assert_eq!(refused.err(), Some(NtStatus::INVALID_PARAMETER));
        let line = "IServiceGroup::QueryInterface refuses IID_IPortClsVersion: \
                    STATUS_INVALID_PARAMETER";
        assert_eq!(newest(kernel), (line.to_owned(), Need::Optional));
        assert_eq!(kernel.refused_call_count(), 1);
    });
}

#[test]
fn a_port_that_is_served_is_no_refusal() {
    on_device(|rig| {
        drop(pc_new_port(&rig.kernel, &clsid::PORT_MIDI).expect("a port"));
        assert_eq!(rig.kernel.refused_calls(), []);
    });
}

/// A driver's object that is not a miniport.
struct NoMiniport;

impl IUnknown for NoMiniport {
    fn query_interface(self: Rc<Self>, iid: &Guid) -> Result<Interface, NtStatus> {
        answer_query!(self, iid, IServiceSink)
    }
}

impl IServiceSink for NoMiniport {
    fn request_service(&self, _kernel: &Kernel) {}
}

fn init(rig: &Rig, port: Rc<dyn IPort>) -> Result<(), NtStatus> {
    let kernel = &rig.kernel;
    let irp = Irp::new(Parameters::Pnp(PnpRequest::QueryStopDevice), None, Vec::new());
    let list = pc_new_resource_list(kernel, None, PoolType::Paged, &[], &[]).expect("a list");
    port.init(kernel, &rig.physical.top(), Some(&irp), Rc::new(NoMiniport), None, Some(list))
}

#[test]
fn init_refuses_what_is_no_miniport_and_a_second_one() {
    on_device(|rig| {
        let port = pc_new_port(&rig.kernel, &clsid::PORT_MIDI).expect("a port");
        assert_eq!(init(rig, port), Err(NtStatus::INVALID_PARAMETER));
        let (line, need) = newest(&rig.kernel);
        assert!(line.starts_with("IPort::Init refuses a miniport without IMiniport"), "{line}");
        assert_eq!(need, Need::Required);
        let bound = query::<dyn IPort>(&rig.fake.port()).expect("a port");
        assert_eq!(init(rig, bound), Err(NtStatus::INVALID_DEVICE_STATE));
        let line = "IPort::Init refuses a second miniport: STATUS_INVALID_DEVICE_STATE";
        assert_eq!(newest(&rig.kernel).0, line);
    });
}

#[test]
fn an_interrupt_that_is_not_there_is_refused_when_it_is_named_and_when_it_is_connected() {
    on_device(|rig| {
        let kernel = &rig.kernel;
        let interrupt = Resource::Interrupt {
            level: 9,
            vector: 0x39,
            affinity: 1,
            trigger: TriggerMode::Latched,
            share: Share::Exclusive,
        };
        let list = [interrupt];
        let list = pc_new_resource_list(kernel, None, PoolType::Paged, &list, &list).unwrap();
        let sync =
            |index| pc_new_interrupt_sync(kernel, None, &list, index, InterruptSyncMode::Normal);
        assert!(sync(1).is_err());
        let line = "PcNewInterruptSync refuses interrupt 1 of the list, which has no such entry: \
                    STATUS_INVALID_PARAMETER";
        assert_eq!(newest(kernel), (line.to_owned(), Need::Required));
        let sync = sync(0).expect("the first one is there");
        let routine = Rc::new(|_: &Kernel| NtStatus::SUCCESS);
        sync.register_service_routine(kernel, routine, RoutinePosition::Tail).unwrap();
        assert!(sync.connect(kernel).is_err());
        let line = "IInterruptSync::Connect refuses vector 39, Latched, Exclusive: \
                    STATUS_INVALID_PARAMETER";
        assert_eq!(newest(kernel), (line.to_owned(), Need::Required));
    });
}

#[test]
fn a_key_and_a_value_of_the_registry_are_refused_by_their_names() {
    on_device(|rig| {
        let kernel = &rig.kernel;
        let request = |path, device| RegistryKeyRequest {
            key_type: if device { RegistryKeyType::Driver } else { RegistryKeyType::General },
            access: KeyAccess::READ,
            device: None,
            path,
        };
        assert!(pc_new_registry_key(kernel, None, &request(None, true)).is_err());
        let line = "PcNewRegistryKey refuses the Driver key: STATUS_INVALID_PARAMETER";
        assert_eq!(newest(kernel), (line.to_owned(), Need::Optional));
        kernel.create_registry_key(r"\Registry\Machine\Software").unwrap();
        let software = request(Some(r"\Registry\Machine\Software"), false);
        let (key, _) = pc_new_registry_key(kernel, None, &software).unwrap();
        let class = portcls_emulator::registry::ValueInformationClass::Partial;
        key.query_value_key(kernel, "Irq", class, 16);
        let (line, need) = newest(kernel);
        let asked = r#"IRegistryKey::QueryValueKey refuses "Irq" of \Registry\Machine\Software: "#;
        assert_eq!(
            line.to_lowercase(),
            format!("{asked}STATUS_OBJECT_NAME_NOT_FOUND").to_lowercase()
        );
        assert_eq!(need, Need::Optional);
        assert!(key.new_sub_key(kernel, KeyAccess::READ, "Mine").is_err());
        let (line, need) = newest(kernel);
        assert!(line.starts_with(r#"IRegistryKey::NewSubKey refuses "Mine" of "#), "{line}");
        assert!(line.ends_with(": STATUS_ACCESS_DENIED"), "{line}");
        assert_eq!(need, Need::Optional);
    });
}

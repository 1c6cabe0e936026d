//! Device interfaces, and the names of objects.

use std::cell::RefCell;
use std::rc::Rc;

use portcls_emulator::{
    DeviceInterface, DeviceKeys, DeviceObject, DriverObject, InterfaceChange, InterfaceProperty,
    InterfaceState, InterfaceValue, Kernel, KernelConfig, NtStatus, Registration,
};

const CLASS: [u8; 16] = *b"\x78\x56\x34\x12\x21\x43\x65\x87abcdefgh";
const LINK: &str = r"\??\BUS#CARD#0#{12345678-4321-8765-6162-636465666768}\A";

fn kernel() -> Kernel {
    Kernel::new(KernelConfig::default())
}

/// An installed device of a bus.
fn physical() -> Rc<DeviceObject> {
    let device = DeviceObject::new(&DriverObject::new("bus"));
    device.set_registry_keys(DeviceKeys {
        device: r"\Registry\Machine\System\Enum\BUS\CARD\0\Device Parameters".to_owned(),
        driver: String::new(),
        hardware_profile: String::new(),
    });
    device
}

/// The changes that the kernel told to a watching routine.
type Told = Rc<RefCell<Vec<(InterfaceChange, String)>>>;

fn watch(kernel: &Kernel, told: &Told) -> portcls_emulator::InterfaceWatch {
    let told = Rc::clone(told);
    let routine = move |_: &Kernel, change, link: &str| {
        told.borrow_mut().push((change, link.to_owned()));
    };
    kernel.watch_device_interfaces(CLASS, Rc::new(routine))
}

/// Lets work items run, and takes the changes that were told.
fn taken(kernel: &Kernel, told: &Told) -> Vec<(InterfaceChange, String)> {
    kernel.enter(|kernel| kernel.run_until(kernel.now_ns() + 1)).expect("it runs");
    told.take()
}

#[test]
fn an_interface_that_a_class_driver_enables_has_the_same_identity_as_a_registered_one() {
    let (kernel, physical) = (kernel(), physical());
    let registered = kernel.register_device_interface(CLASS, &physical, "A");
    assert_eq!(registered, Ok((Registration::New, LINK.to_owned())));
    let adapter = DeviceObject::new(&DriverObject::new("adapter"));
    adapter.attach_to(&physical);
    let reference = "A".to_owned();
    let interface = DeviceInterface { class: CLASS, device: Rc::clone(&adapter), reference };
    kernel.enable_device_interface(interface.clone());
    kernel.enable_device_interface(interface);
    assert_eq!(kernel.device_interfaces(CLASS).len(), 1);
    let state = kernel.set_device_interface_state(LINK, InterfaceState::Enabled);
    assert_eq!(state, Ok(NtStatus::OBJECT_NAME_EXISTS));
    let known = kernel.register_device_interface(CLASS, &physical, "A");
    assert_eq!(known, Ok((Registration::Known, LINK.to_owned())));
    let refused = kernel.register_device_interface(CLASS, &adapter, "A");
    assert_eq!(refused, Err(NtStatus::INVALID_DEVICE_REQUEST), "it is not the lowest device");
    kernel.disable_device_interfaces(&adapter, "A");
    assert!(kernel.device_interfaces(CLASS).is_empty());
    let all = kernel.device_interface_links(CLASS, None, InterfaceState::Disabled);
    assert_eq!(all, [LINK], "it stays registered");
}

#[test]
fn the_removal_of_a_device_disables_its_interfaces_and_no_others() {
    let kernel = kernel();
    let devices = [physical(), physical()];
    for device in &devices {
        kernel.register_device_interface(CLASS, device, "").expect("it is new");
        let (device, reference) = (Rc::clone(device), String::new());
        kernel.enable_device_interface(DeviceInterface { class: CLASS, device, reference });
    }
    kernel.disable_interfaces_of_removed(&devices[0]);
    let left = kernel.device_interfaces(CLASS);
    assert_eq!(left.len(), 1);
    assert!(Rc::ptr_eq(&left[0].device, &devices[1]));
}

#[test]
fn those_who_watch_a_class_are_told_of_each_change_in_order_until_they_end() {
    let (kernel, physical, told) = (kernel(), physical(), Told::default());
    kernel.register_device_interface(CLASS, &physical, "A").expect("it is new");
    let watch = watch(&kernel, &told);
    let set = |state| kernel.set_device_interface_state(LINK, state).expect("it changes");
    set(InterfaceState::Enabled);
    assert!(told.borrow().is_empty(), "a system thread tells it");
    set(InterfaceState::Disabled);
    let [arrival, removal] = [InterfaceChange::Arrival, InterfaceChange::Removal];
    let expected = [(arrival, LINK.to_owned()), (removal, LINK.to_owned())];
    assert_eq!(taken(&kernel, &told), expected);
    set(InterfaceState::Enabled);
    kernel.unwatch_device_interfaces(watch);
    assert_eq!(taken(&kernel, &told), [], "not even of what had happened before");
}

#[test]
fn a_property_is_one_for_each_language() {
    let (kernel, physical) = (kernel(), physical());
    kernel.register_device_interface(CLASS, &physical, "A").expect("it is new");
    let property = |locale| InterfaceProperty { key: [7; 20], locale };
    let value = InterfaceValue { kind: 7, data: vec![1] };
    let set = kernel.set_device_interface_property(LINK, property(0), Some(value.clone()));
    assert_eq!(set, Ok(()));
    assert_eq!(kernel.device_interface_property(LINK, property(0)), Ok(value));
    let missing = Err(NtStatus::OBJECT_NAME_NOT_FOUND);
    assert_eq!(kernel.device_interface_property(LINK, property(0x407)), missing);
    assert_eq!(kernel.device_interface_property(r"\??\none", property(0)), missing);
    let key = kernel.open_device_interface_key(LINK).expect("it has one");
    assert!(key.path().ends_with(r"\#A\Device Parameters"), "{}", key.path());
}

#[test]
fn a_path_leads_through_links_to_a_device_and_a_circle_to_none() {
    let kernel = kernel();
    let device = DeviceObject::new(&DriverObject::new("test"));
    kernel.name_device(&device, r"\Device\Card").expect("a new name");
    kernel.create_symbolic_link(r"\DosDevices\One", r"\Device\Card").expect("a new link");
    kernel.create_symbolic_link(r"\??\Two", r"\GLOBAL??\ONE").expect("a new link");
    let found = kernel.device_named(r"\DosDevices\Global\two").expect("two links");
    assert!(Rc::ptr_eq(&found, &device));
    kernel.create_symbolic_link(r"\??\A", r"\??\B").expect("a new link");
    kernel.create_symbolic_link(r"\??\B", r"\??\A").expect("a new link");
    assert!(kernel.device_named(r"\??\A").is_none());
    assert!(kernel.device_named(r"\??\none").is_none());
    let mismatch = kernel.delete_symbolic_link(r"\Device\Card");
    assert_eq!(mismatch, Err(NtStatus::OBJECT_TYPE_MISMATCH));
    let directory = kernel.create_symbolic_link(r"\Device", r"\??");
    assert_eq!(directory, Err(NtStatus::OBJECT_NAME_COLLISION));
    device.delete();
    assert!(kernel.device_named(r"\??\One").is_none(), "the device is deleted");
    assert_eq!(kernel.delete_symbolic_link(r"\??\one"), Ok(r"\??\ONE".to_owned()));
}

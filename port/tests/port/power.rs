//! Power: the order of calls, vetoes, streams, idle devices, registrations.

use std::cell::Cell;
use std::rc::Rc;

use portcls_emulator::{
    DeviceCapabilities, DeviceObject, Irp, Irql, Kernel, NtStatus, Parameters, PnpRequest,
    PowerAction, PowerRequest, PowerState, SystemPowerState,
};
use portcls_port::automation::{PcAutomationTable, PcPropertyItem, PcPropertyRequest};
use portcls_port::com::{IUnknown, Interface};
use portcls_port::guid::{Guid, clsid, iid};
use portcls_port::interfaces::{
    DevicePowerState, IAdapterPowerManagement, IAdapterPowerManagement2, IAdapterPowerManagement3,
    PcExitLatency,
};
use portcls_port::ks::{KsProperty, KsPropertyType, KsState};
use portcls_port::{
    answer_query, pc_register_adapter_power_management, pc_request_new_power_state,
    pc_unregister_adapter_power_management,
};

use crate::fake::Fake;
use crate::frames::Frame;
use crate::plan::{CAPTURE, Plan, PowerInterfaces, PowerRegistration, PowerVersion, RENDER};
use crate::rig::{
    BusAnswer, File, GET, PROPERTY, Rig, on_added_device, on_device, on_planned_device,
};

/// The adapter object of the fake driver. The object writes down each query and each change of the
/// power state.
pub struct FakeAdapter(Rc<Fake>);

impl FakeAdapter {
    /// Registers an adapter object, if the driver has one.
    pub fn register(
        fake: &Rc<Fake>,
        kernel: &Kernel,
        device: &Rc<DeviceObject>,
    ) -> Result<(), NtStatus> {
        if !fake.has_power_interfaces() {
            return Ok(());
        }
        let adapter = Rc::new(FakeAdapter(Rc::clone(fake)));
        pc_register_adapter_power_management(kernel, adapter, device)
    }
}

impl IUnknown for FakeAdapter {
    fn query_interface(self: Rc<Self>, iid: &Guid) -> Result<Interface, NtStatus> {
        let version = self.0.plan.borrow().power_version;
        match *iid {
            iid::ADAPTER_POWER_MANAGEMENT_2 if version >= PowerVersion::Second => {
                Ok(Interface::AdapterPowerManagement2(self))
            }
            iid::ADAPTER_POWER_MANAGEMENT_3 if version >= PowerVersion::Third => {
                Ok(Interface::AdapterPowerManagement3(self))
            }
            _ => answer_query!(self, iid, IAdapterPowerManagement),
        }
    }
}

impl IAdapterPowerManagement for FakeAdapter {
    fn power_change_state(&self, kernel: &Kernel, state: DevicePowerState) {
        assert_eq!(kernel.current_irql(), Irql::PASSIVE_LEVEL);
        self.0.note(format!("adapter {state:?}"));
        self.0.leave(kernel, "IAdapterPowerManagement::PowerChangeState");
    }

    fn query_power_change_state(
        &self,
        kernel: &Kernel,
        state: DevicePowerState,
    ) -> Result<(), NtStatus> {
        assert_eq!(kernel.current_irql(), Irql::PASSIVE_LEVEL);
        self.0.note(format!("adapter is asked for {state:?}"));
        self.0.leave(kernel, "IAdapterPowerManagement::QueryPowerChangeState");
        match self.0.plan.borrow().power_veto {
            NtStatus::SUCCESS => Ok(()),
            veto => Err(veto),
        }
    }

    fn query_device_capabilities(
        &self,
        kernel: &Kernel,
        capabilities: &mut DeviceCapabilities,
    ) -> Result<(), NtStatus> {
        capabilities.device_states[3] = DevicePowerState::D2;
        self.0.leave(kernel, "IAdapterPowerManagement::QueryDeviceCapabilities");
        Ok(())
    }
}

impl IAdapterPowerManagement2 for FakeAdapter {
    fn power_change_state_2(
        &self,
        kernel: &Kernel,
        device: DevicePowerState,
        system: SystemPowerState,
    ) {
        assert_eq!(kernel.current_irql(), Irql::PASSIVE_LEVEL);
        self.0.note(format!("adapter {device:?} in {system:?}"));
    }
}

impl IAdapterPowerManagement3 for FakeAdapter {
    fn power_change_state_3(
        &self,
        kernel: &Kernel,
        device: DevicePowerState,
        system: SystemPowerState,
        latency: PcExitLatency,
    ) {
        assert_eq!(kernel.current_irql(), Irql::PASSIVE_LEVEL);
        self.0.note(format!("adapter {device:?} in {system:?}, {latency:?}"));
    }

    fn d3_exit_latency_changed(
        &self,
        _kernel: &Kernel,
        _latency: PcExitLatency,
    ) -> Result<(), NtStatus> {
        unreachable!("the port has no other latency to tell of")
    }
}

fn on_powered_device(test: impl FnOnce(&Rig)) {
    on_planned_device(|plan: &mut Plan| plan.power = PowerInterfaces::Offered, test);
}

/// Sends a device power request through the power manager. Returns the status with which the
/// request was completed.
fn device_power(rig: &Rig, action: PowerAction, state: DevicePowerState) -> NtStatus {
    let answer = Rc::new(Cell::new(NtStatus::PENDING));
    let result = Rc::clone(&answer);
    let done = Box::new(move |_: &Kernel, status| result.set(status));
    rig.kernel.request_power_irp(&rig.physical, action, state, Some(done));
    answer.get()
}

/// Puts the system into a state.
pub fn system_power_set(rig: &Rig, system: SystemPowerState) -> NtStatus {
    system_power(rig, PowerAction::Set, system)
}

/// Sends a system power request to the top of the stack.
fn system_power(rig: &Rig, action: PowerAction, system: SystemPowerState) -> NtStatus {
    let request = PowerRequest { action, state: PowerState::System(system) };
    let irp = Irp::new(Parameters::Power(request), None, Vec::new());
    let status = rig.kernel.send_request(&rig.physical.top(), &irp);
    assert!(irp.is_completed());
    assert_eq!(irp.status(), status);
    status
}

#[test]
fn down_goes_from_the_streams_to_the_bus_and_up_the_other_way_round() {
    on_powered_device(|rig| {
        let pin = rig.run_pin(RENDER);
        rig.fake.words();
        let (set, success) = (PowerAction::Set, NtStatus::SUCCESS);
        assert_eq!(device_power(rig, set, DevicePowerState::D3), success);
        let down =
            ["SetState Pause", "stream D3", "miniport D3", "adapter D3", "bus Set Device(D3)"];
        assert_eq!(rig.fake.words(), down);
        assert_eq!(rig.physical.top().power_state(), DevicePowerState::D3);
        assert_eq!(device_power(rig, set, DevicePowerState::D0), success);
        let up = ["bus Set Device(D0)", "adapter D0", "miniport D0", "stream D0", "SetState Run"];
        assert_eq!(rig.fake.words(), up);
        assert_eq!(pin.state(), KsState::Run as u32);
        assert_eq!(rig.physical.top().power_state(), DevicePowerState::D0);
    });
}

#[test]
fn a_state_that_the_device_has_already_is_nobodys_news() {
    on_powered_device(|rig| {
        rig.fake.words();
        device_power(rig, PowerAction::Set, DevicePowerState::D0);
        assert_eq!(rig.fake.words(), ["bus Set Device(D0)"]);
    });
}

#[test]
fn the_adapter_can_veto_a_query_and_the_bus_never_sees_it() {
    on_powered_device(|rig| {
        rig.fake.words();
        rig.fake.plan.borrow_mut().power_veto = NtStatus::DEVICE_BUSY;
        let answer = device_power(rig, PowerAction::Query, DevicePowerState::D3);
        assert_eq!(answer, NtStatus::DEVICE_BUSY);
        assert_eq!(rig.fake.words(), ["adapter is asked for D3"]);
        let answer = system_power(rig, PowerAction::Query, SystemPowerState::S4);
        assert_eq!(answer, NtStatus::DEVICE_BUSY);
        rig.fake.words();
        rig.fake.plan.borrow_mut().power_veto = NtStatus::SUCCESS;
        let answer = system_power(rig, PowerAction::Query, SystemPowerState::S4);
        assert_eq!(answer, NtStatus::SUCCESS);
        let words = ["adapter is asked for D3", "bus Query Device(D3)", "bus Query System(S4)"];
        assert_eq!(rig.fake.words(), words);
    });
}

#[test]
fn a_system_state_brings_the_device_state_that_the_adapter_chose() {
    on_powered_device(|rig| {
        let capabilities = Rc::default();
        rig.pnp(PnpRequest::QueryCapabilities(Rc::clone(&capabilities)));
        assert_eq!(capabilities.borrow().device_states[3], DevicePowerState::D2);
        rig.fake.words();
        system_power(rig, PowerAction::Set, SystemPowerState::S3);
        let words = ["bus Set System(S3)", "miniport D2", "adapter D2", "bus Set Device(D2)"];
        assert_eq!(rig.fake.words(), words);
        // S4 takes the device from D2 down to D3, and S0 brings the device back to D0.
        system_power(rig, PowerAction::Set, SystemPowerState::S4);
        system_power(rig, PowerAction::Set, SystemPowerState::S0);
        assert_eq!(rig.physical.top().power_state(), DevicePowerState::D0);
    });
}

#[test]
fn a_note_that_is_due_while_the_device_sleeps_goes_out_that_much_later() {
    on_powered_device(|rig| {
        let pin = rig.run_pin(RENDER);
        pin.write(&[Frame::at_ms(0, &[(5, &[0x90, 0x3C, 0x40])])]);
        rig.pass_ms(2);
        device_power(rig, PowerAction::Set, DevicePowerState::D3);
        rig.pass_ms(100);
        assert!(rig.fake.taken().is_empty());
        device_power(rig, PowerAction::Set, DevicePowerState::D0);
        rig.pass_ms(10);
        assert_eq!(rig.fake.times_us(), [105_000]);
    });
}

#[test]
fn a_client_that_wants_run_while_the_system_sleeps_gets_it_afterwards() {
    on_powered_device(|rig| {
        let (_, pin) = rig.open_pin(RENDER);
        system_power(rig, PowerAction::Set, SystemPowerState::S3);
        rig.fake.words();
        assert_eq!(pin.set_state(KsState::Run), NtStatus::SUCCESS);
        assert_eq!(rig.fake.words(), ["SetState Acquire", "SetState Pause"]);
        assert_eq!(pin.state(), KsState::Pause as u32);
        system_power(rig, PowerAction::Set, SystemPowerState::S0);
        assert_eq!(pin.state(), KsState::Run as u32);
    });
}

#[test]
fn a_pin_that_is_opened_wakes_a_device_that_was_idle_but_not_a_sleeping_machine() {
    on_powered_device(|rig| {
        device_power(rig, PowerAction::Set, DevicePowerState::D3);
        rig.fake.words();
        let filter = rig.open_filter().unwrap();
        filter.pin(CAPTURE).unwrap();
        let words = ["bus Set Device(D0)", "adapter D0", "miniport D0", "NewStream 2 Capture"];
        assert_eq!(rig.fake.words(), words);
        system_power(rig, PowerAction::Set, SystemPowerState::S3);
        assert_eq!(filter.pin(RENDER).err(), Some(NtStatus::DEVICE_NOT_READY));
    });
}

#[test]
fn from_a_deep_sleep_to_a_lighter_one_the_order_is_that_of_the_way_up() {
    on_powered_device(|rig| {
        let pin = rig.run_pin(RENDER);
        let set = |state| {
            rig.fake.words();
            device_power(rig, PowerAction::Set, state);
            rig.fake.words()
        };
        set(DevicePowerState::D3);
        for (state, name) in [(DevicePowerState::D2, "D2"), (DevicePowerState::D1, "D1")] {
            let up = [
                format!("bus Set Device({name})"),
                format!("adapter {name}"),
                format!("miniport {name}"),
                format!("stream {name}"),
            ];
            assert_eq!(set(state), up, "the stream goes on in D0 only");
        }
        let down = ["stream D2", "miniport D2", "adapter D2", "bus Set Device(D2)"];
        assert_eq!(set(DevicePowerState::D2), down);
        let on = ["bus Set Device(D0)", "adapter D0", "miniport D0", "stream D0", "SetState Run"];
        assert_eq!(set(DevicePowerState::D0), on);
        assert_eq!(pin.state(), KsState::Run as u32);
    });
}

/// Puts the device into D3, as its driver does when the device is idle. Drops the words so far.
fn fall_idle(rig: &Rig) {
    let device = rig.physical.top();
    pc_request_new_power_state(&rig.kernel, &device, DevicePowerState::D3).unwrap();
    rig.fake.words();
}

#[test]
fn a_property_of_the_miniport_finds_an_idle_device_in_d0() {
    let handler = |_: &Kernel, request: &Rc<PcPropertyRequest>| {
        let device = request.irp.file().unwrap().device();
        request.answer(&device.power_state().number().to_le_bytes())
    };
    let (set, flags) = (clsid::PORT_MIDI, KsPropertyType::GET);
    let properties = vec![PcPropertyItem { set, id: 1, flags, handler: Some(Rc::new(handler)) }];
    on_planned_device(
        |plan| {
            plan.power = PowerInterfaces::Offered;
            plan.filter.automation =
                Some(Rc::new(PcAutomationTable { properties, ..Default::default() }));
        },
        |rig| {
            let filter = rig.open_filter().unwrap();
            fall_idle(rig);
            let property = KsProperty { set, id: 1, flags: GET };
            let irp = filter.control(PROPERTY, bytemuck::bytes_of(&property), &[], 4);
            assert_eq!(irp.status(), NtStatus::SUCCESS);
            let d0 = DevicePowerState::D0.number().to_le_bytes();
            assert_eq!(irp.buffer().borrow()[..], d0);
        },
    );
}

#[test]
fn every_access_of_a_client_brings_an_idle_device_to_d0() {
    let accesses: [fn(&Rig, &File<'_>, &File<'_>); 6] = [
        |rig, _, _| assert!(rig.open_filter().is_ok()),
        |_, filter, _| assert_eq!(filter.pin_property(1, 0, &[], 4).information(), 4),
        |_, _, pin| assert_eq!(pin.set_state(KsState::Run), NtStatus::SUCCESS),
        |_, _, pin| assert_eq!(pin.state(), KsState::Pause as u32),
        |_, _, pin| assert_eq!(pin.reset(0), NtStatus::SUCCESS),
        |_, _, pin| assert!(!pin.write(&[Frame::now(&[(0, &[1])])]).is_completed()),
    ];
    for (index, access) in accesses.into_iter().enumerate() {
        on_powered_device(|rig| {
            let (filter, pin) = rig.open_pin(RENDER);
            pin.set_state(KsState::Pause);
            fall_idle(rig);
            access(rig, &filter, &pin);
            let words = rig.fake.words();
            assert_eq!(words[..2], ["bus Set Device(D0)", "adapter D0"], "access {index}");
            assert_eq!(rig.physical.top().power_state(), DevicePowerState::D0);
        });
    }
}

#[test]
fn run_reaches_a_device_that_was_idle() {
    on_powered_device(|rig| {
        let (_, pin) = rig.open_pin(RENDER);
        fall_idle(rig);
        assert_eq!(pin.set_state(KsState::Run), NtStatus::SUCCESS);
        assert_eq!(pin.state(), KsState::Run as u32);
    });
}

#[test]
fn data_sent_at_dispatch_level_waits_until_a_system_thread_has_woken_the_device() {
    on_powered_device(|rig| {
        let pin = rig.run_pin(RENDER);
        fall_idle(rig);
        let old = rig.kernel.raise_irql(Irql::DISPATCH_LEVEL);
        let irps = [1, 2].map(|byte| pin.write(&[Frame::now(&[(0, &[byte])])]));
        rig.kernel.lower_irql(old);
        assert!(rig.fake.taken().is_empty());
        rig.pass_ms(1);
        let words = rig.fake.words();
        assert_eq!(words.iter().filter(|word| *word == "bus Set Device(D0)").count(), 1);
        assert_eq!(rig.fake.taken(), [1, 2]);
        assert!(irps.iter().all(Irp::is_completed));
    });
}

#[test]
fn a_request_to_an_idle_device_that_does_not_wake_ends_with_the_status_of_the_bus() {
    on_powered_device(|rig| {
        let (filter, pin) = rig.open_pin(RENDER);
        fall_idle(rig);
        rig.bus_answer.set(BusAnswer::Fails(NtStatus::UNSUCCESSFUL));
        assert_eq!(pin.set_state(KsState::Run), NtStatus::UNSUCCESSFUL);
        assert_eq!(filter.pin_property(1, 0, &[], 4).status(), NtStatus::UNSUCCESSFUL);
        assert_eq!(rig.open_filter().err(), Some(NtStatus::UNSUCCESSFUL));
        assert_eq!(rig.fake.words(), ["bus Set Device(D0)"; 3]);
        rig.bus_answer.set(BusAnswer::Success);
        assert_eq!(pin.set_state(KsState::Run), NtStatus::SUCCESS);
    });
}

#[test]
fn a_driver_asks_for_a_state_of_its_own_device() {
    on_powered_device(|rig| {
        let device = rig.physical.top();
        rig.fake.words();
        pc_request_new_power_state(&rig.kernel, &device, DevicePowerState::D1).unwrap();
        assert_eq!(rig.fake.words(), ["miniport D1", "adapter D1", "bus Set Device(D1)"]);
        let refused = pc_request_new_power_state(&rig.kernel, &rig.physical, DevicePowerState::D0);
        assert_eq!(refused, Err(NtStatus::INVALID_PARAMETER));
    });
}

#[test]
fn a_second_registration_is_a_violation_and_yet_counts() {
    on_powered_device(|rig| {
        let device = rig.physical.top();
        let register = || FakeAdapter::register(&rig.fake, &rig.kernel, &device);
        let unregister = || pc_unregister_adapter_power_management(&rig.kernel, &device);
        rig.expect_violations(&["PcRegisterAdapterPower", "PcRegisterAdapterPower"]);
        assert_eq!(register(), Ok(()));
        assert_eq!(rig.kernel.violation_count(), 1);
        assert_eq!(unregister(), Ok(()));
        assert_eq!(unregister(), Err(NtStatus::INVALID_DEVICE_REQUEST));
        assert_eq!(register(), Ok(()));
    });
}

/// The calls that the adapter object gets when the device goes to D3 and back to D0.
fn told_by_power(rig: &Rig) -> Vec<String> {
    rig.fake.words();
    device_power(rig, PowerAction::Set, DevicePowerState::D3);
    device_power(rig, PowerAction::Set, DevicePowerState::D0);
    rig.fake.words().into_iter().filter(|word| word.starts_with("adapter")).collect()
}

#[test]
fn a_driver_that_registers_in_start_device_starts_again_after_a_stop() {
    let plan = |plan: &mut Plan| {
        plan.power = PowerInterfaces::Offered;
        plan.power_registration = PowerRegistration::InStartDevice;
    };
    on_planned_device(plan, |rig| {
        for _ in 0..2 {
            assert_eq!(told_by_power(rig), ["adapter D3", "adapter D0"]);
            assert_eq!(rig.pnp(PnpRequest::QueryStopDevice), NtStatus::SUCCESS);
            assert_eq!(rig.pnp(PnpRequest::StopDevice), NtStatus::SUCCESS);
            assert_eq!(told_by_power(rig), [""; 0], "the stop has ended the registration");
            assert_eq!(rig.start(), NtStatus::SUCCESS);
        }
        assert_eq!(rig.kernel.violation_count(), 0);
    });
}

#[test]
fn a_start_that_fails_ends_the_registration_of_its_driver() {
    let plan = |plan: &mut Plan| {
        plan.power = PowerInterfaces::Offered;
        plan.power_registration = PowerRegistration::InStartDevice;
        plan.start_status = NtStatus::UNSUCCESSFUL;
    };
    on_added_device(plan, |rig| {
        assert_eq!(rig.start(), NtStatus::UNSUCCESSFUL);
        assert_eq!(told_by_power(rig), [""; 0]);
        rig.fake.plan.borrow_mut().start_status = NtStatus::SUCCESS;
        assert_eq!(rig.start(), NtStatus::SUCCESS);
        assert_eq!(rig.kernel.violation_count(), 0);
    });
}

#[test]
fn a_registration_from_add_device_outlives_a_stop() {
    on_powered_device(|rig| {
        assert_eq!(rig.pnp(PnpRequest::StopDevice), NtStatus::SUCCESS);
        assert_eq!(rig.start(), NtStatus::SUCCESS);
        assert_eq!(told_by_power(rig), ["adapter D3", "adapter D0"]);
    });
}

#[test]
fn a_driver_without_power_interfaces_is_left_alone_and_its_stream_pauses() {
    on_device(|rig| {
        let pin = rig.run_pin(RENDER);
        rig.fake.words();
        device_power(rig, PowerAction::Set, DevicePowerState::D3);
        assert_eq!(rig.fake.words(), ["SetState Pause"]);
        device_power(rig, PowerAction::Set, DevicePowerState::D0);
        assert_eq!(rig.fake.words(), ["SetState Run"]);
        assert_eq!(pin.state(), KsState::Run as u32);
    });
}

#[test]
fn a_later_version_of_an_adapter_is_told_by_its_own_method_alone() {
    let versions = [
        (PowerVersion::First, "adapter D3", "adapter D0", "adapter D3"),
        (PowerVersion::Second, "adapter D3 in S3", "adapter D0 in S0", "adapter D3 in S0"),
        (
            PowerVersion::Third,
            "adapter D3 in S3, Instant",
            "adapter D0 in S0, Instant",
            "adapter D3 in S0, Instant",
        ),
    ];
    for (version, down, up, alone) in versions {
        on_planned_device(
            |plan| {
                plan.power = PowerInterfaces::Offered;
                plan.power_version = version;
            },
            |rig| {
                rig.fake.words();
                let told = || {
                    let words = rig.fake.words();
                    let mut told: Vec<String> =
                        words.into_iter().filter(|word| word.starts_with("adapter")).collect();
                    assert_eq!(told.len(), 1, "{told:?}");
                    told.remove(0)
                };
                assert_eq!(system_power_set(rig, SystemPowerState::S3), NtStatus::SUCCESS);
                assert_eq!(told(), down);
                assert_eq!(system_power_set(rig, SystemPowerState::S0), NtStatus::SUCCESS);
                assert_eq!(told(), up);
                let device = rig.physical.top();
                pc_request_new_power_state(&rig.kernel, &device, DevicePowerState::D3).unwrap();
                assert_eq!(told(), alone);
                let asked = device_power(rig, PowerAction::Query, DevicePowerState::D2);
                assert_eq!(asked, NtStatus::SUCCESS);
                assert_eq!(told(), "adapter is asked for D2");
                let methods = ["PowerChangeState", "PowerChangeState2", "PowerChangeState3"];
                let called = methods.map(|method| rig.has_call(method));
                let wanted = [PowerVersion::First, PowerVersion::Second, PowerVersion::Third];
                assert_eq!(called, wanted.map(|it| it == version));
            },
        );
    }
}

/// The port restores the level, so the power request goes on.
#[test]
fn a_method_of_the_adapter_that_returns_at_another_level_is_named() {
    on_powered_device(|rig| {
        let at_level = |method: &'static str, call: &dyn Fn()| {
            rig.fake.let_leave_high(method);
            call();
            assert_eq!(rig.kernel.current_irql(), Irql::PASSIVE_LEVEL, "{method}");
            let violations = rig.kernel.violations();
            let message = &violations.last().expect("a rule is broken").message;
            let expected = format!("{method} was called at PASSIVE_LEVEL and returned at");
            assert!(message.starts_with(&expected), "{message}");
        };
        at_level("IAdapterPowerManagement::QueryDeviceCapabilities", &|| {
            rig.pnp(PnpRequest::QueryCapabilities(Rc::default()));
        });
        at_level("IAdapterPowerManagement::QueryPowerChangeState", &|| {
            let answer = device_power(rig, PowerAction::Query, DevicePowerState::D3);
            assert_eq!(answer, NtStatus::SUCCESS);
        });
        at_level("IAdapterPowerManagement::PowerChangeState", &|| {
            let answer = device_power(rig, PowerAction::Set, DevicePowerState::D3);
            assert_eq!(answer, NtStatus::SUCCESS);
        });
        rig.expect_violations(&["IrqlReturn"; 3]);
    });
}

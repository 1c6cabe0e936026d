//! Idle power: settings, the timer, and what counts as an access.

use portcls_emulator::registry::RegistryValue;
use portcls_emulator::{
    DeviceKeys, DevicePowerState, NtStatus, PnpRequest, PowerSource, SystemPowerState,
};
use portcls_port::ks::KsState;

use crate::frames::Frame;
use crate::plan::{PowerInterfaces, RENDER};
use crate::power::system_power_set;
use crate::rig::{Rig, on_added_device};

const SECOND_MS: u64 = 1_000;

fn binary(name: &str, number: u32) -> RegistryValue {
    RegistryValue::binary(name, &number.to_le_bytes())
}

/// Runs a test on a started device with these values of its key `PowerSettings`.
fn on_idle_device(values: &[RegistryValue], test: impl FnOnce(&Rig)) {
    on_added_device(
        |plan| plan.power = PowerInterfaces::Offered,
        |rig| {
            let driver = r"\Registry\Machine\Software\Device".to_owned();
            let path = format!(r"{driver}\PowerSettings");
            let key = rig.kernel.create_registry_key(&path).unwrap();
            for value in values {
                key.set_value(&rig.kernel, value.clone()).unwrap();
            }
            let device = r"\Registry\Machine\Enum\Device".to_owned();
            let hardware_profile = r"\Registry\Machine\Profile".to_owned();
            rig.physical.set_registry_keys(DeviceKeys { device, driver, hardware_profile });
            assert_eq!(rig.start(), NtStatus::SUCCESS);
            rig.fake.words();
            test(rig);
        },
    );
}

fn state(rig: &Rig) -> DevicePowerState {
    rig.physical.top().power_state()
}

#[test]
fn an_idle_device_goes_to_its_state_and_an_access_brings_it_back() {
    on_idle_device(&[binary("PerformanceIdleTime", 30)], |rig| {
        rig.pass_ms(29 * SECOND_MS);
        assert_eq!(state(rig), DevicePowerState::D0);
        rig.pass_ms(SECOND_MS + 1);
        assert_eq!(state(rig), DevicePowerState::D3, "the default");
        let down = ["miniport D3", "adapter D3", "bus Set Device(D3)"];
        assert_eq!(rig.fake.words(), down);
        let filter = rig.open_filter().unwrap();
        assert_eq!(state(rig), DevicePowerState::D0);
        rig.pass_ms(29 * SECOND_MS);
        assert_eq!(filter.pin_property(1, 0, &[], 4).status(), NtStatus::SUCCESS);
        rig.pass_ms(29 * SECOND_MS);
        assert_eq!(state(rig), DevicePowerState::D0, "a property is an access");
        rig.pass_ms(SECOND_MS + 1);
        assert_eq!(state(rig), DevicePowerState::D3);
        rig.pass_ms(100 * SECOND_MS);
        assert_eq!(state(rig), DevicePowerState::D3);
    });
}

#[test]
fn without_settings_a_device_stays_on() {
    let zero = [binary("PerformanceIdleTime", 0), binary("ConservationIdleTime", 0)];
    for values in [&[][..], &zero, &[binary("IdlePowerState", 3)]] {
        on_idle_device(values, |rig| {
            rig.pass_ms(4_000 * SECOND_MS);
            assert_eq!(state(rig), DevicePowerState::D0);
        });
    }
}

#[test]
fn the_state_is_one_of_four_and_d0_means_that_the_device_stays_on() {
    let ends = [
        (0, DevicePowerState::D0),
        (1, DevicePowerState::D1),
        (2, DevicePowerState::D2),
        (3, DevicePowerState::D3),
        (4, DevicePowerState::D3),
        (u32::MAX, DevicePowerState::D3),
    ];
    for (number, end) in ends {
        let values = [binary("PerformanceIdleTime", 1), binary("IdlePowerState", number)];
        on_idle_device(&values, |rig| {
            rig.pass_ms(2 * SECOND_MS);
            assert_eq!(state(rig), end, "{number}");
            let note = format!(r"PowerSettings\IdlePowerState is {number}; 0 to 3 are states");
            assert_eq!(rig.has_note(&note), number > 3);
        });
    }
}

#[test]
fn a_number_may_be_a_dword_and_anything_else_counts_as_absent() {
    let ends = [
        (RegistryValue::dword("PerformanceIdleTime", 1), DevicePowerState::D3),
        (RegistryValue::binary("PerformanceIdleTime", &[1]), DevicePowerState::D0),
        (RegistryValue::binary("PerformanceIdleTime", &[1, 0, 0, 0, 0]), DevicePowerState::D0),
        (RegistryValue::string("PerformanceIdleTime", "1"), DevicePowerState::D0),
    ];
    for (value, end) in ends {
        on_idle_device(std::slice::from_ref(&value), |rig| {
            rig.pass_ms(2 * SECOND_MS);
            assert_eq!(state(rig), end, "{value:?}");
            let note = "PowerSettings\\PerformanceIdleTime is no number of 4 bytes, REG_BINARY or \
                        REG_DWORD; its default counts";
            assert_eq!(rig.has_note(note), end == DevicePowerState::D0);
        });
    }
}

#[test]
fn on_battery_the_other_time_counts() {
    let values = [binary("PerformanceIdleTime", 100), binary("ConservationIdleTime", 5)];
    on_idle_device(&values, |rig| {
        rig.kernel.set_power_source(PowerSource::Battery);
        assert!(rig.open_filter().is_ok());
        // The timer was set for the longer time, on AC power. When the timer expires, the shorter
        // time is over as well.
        rig.pass_ms(101 * SECOND_MS);
        assert_eq!(state(rig), DevicePowerState::D3);
        assert!(rig.open_filter().is_ok());
        rig.pass_ms(5 * SECOND_MS + 1);
        assert_eq!(state(rig), DevicePowerState::D3);
        rig.kernel.set_power_source(PowerSource::Ac);
        assert!(rig.open_filter().is_ok());
        rig.pass_ms(90 * SECOND_MS);
        assert_eq!(state(rig), DevicePowerState::D0);
    });
}

#[test]
fn a_stream_in_run_keeps_the_device_on() {
    on_idle_device(&[binary("PerformanceIdleTime", 10)], |rig| {
        let pin = rig.run_pin(RENDER);
        rig.pass_ms(100 * SECOND_MS);
        assert_eq!(state(rig), DevicePowerState::D0);
        let irp = pin.write(&[Frame::now(&[(0, &[0x90, 0x3C, 0x40])])]);
        assert_eq!(irp.status(), NtStatus::SUCCESS);
        rig.pass_ms(100 * SECOND_MS);
        assert_eq!(state(rig), DevicePowerState::D0);
        assert_eq!(pin.set_state(KsState::Pause), NtStatus::SUCCESS);
        rig.pass_ms(9 * SECOND_MS);
        assert_eq!(state(rig), DevicePowerState::D0);
        rig.pass_ms(SECOND_MS + 1);
        assert_eq!(state(rig), DevicePowerState::D3);
        assert_eq!(pin.set_state(KsState::Run), NtStatus::SUCCESS);
        assert_eq!(state(rig), DevicePowerState::D0);
        pin.close();
        rig.pass_ms(10 * SECOND_MS + 1);
        assert_eq!(state(rig), DevicePowerState::D3, "the close ended the need");
    });
}

#[test]
fn an_immediate_device_sleeps_as_soon_as_no_client_needs_it() {
    let values = [RegistryValue::dword("ImmediateIdle", 1), binary("PerformanceIdleTime", 60)];
    on_idle_device(&values, |rig| {
        rig.pass_ms(2);
        assert_eq!(state(rig), DevicePowerState::D3);
        let pin = rig.run_pin(RENDER);
        rig.pass_ms(100 * SECOND_MS);
        assert_eq!(state(rig), DevicePowerState::D0);
        assert_eq!(pin.set_state(KsState::Stop), NtStatus::SUCCESS);
        assert_eq!(state(rig), DevicePowerState::D0, "the request itself finds the device on");
        rig.pass_ms(2);
        assert_eq!(state(rig), DevicePowerState::D3);
    });
}

#[test]
fn the_idle_time_counts_anew_after_the_system_slept() {
    on_idle_device(&[binary("PerformanceIdleTime", 10)], |rig| {
        rig.pass_ms(5 * SECOND_MS);
        assert_eq!(system_power_set(rig, SystemPowerState::S3), NtStatus::SUCCESS);
        rig.pass_ms(20 * SECOND_MS);
        assert_eq!(system_power_set(rig, SystemPowerState::S0), NtStatus::SUCCESS);
        assert_eq!(state(rig), DevicePowerState::D0);
        rig.pass_ms(9 * SECOND_MS);
        assert_eq!(state(rig), DevicePowerState::D0);
        rig.pass_ms(SECOND_MS + 1);
        assert_eq!(state(rig), DevicePowerState::D3);
    });
}

#[test]
fn a_stopped_device_is_not_idle_and_a_new_start_reads_the_settings_anew() {
    on_idle_device(&[binary("PerformanceIdleTime", 10)], |rig| {
        assert_eq!(rig.pnp(PnpRequest::StopDevice), NtStatus::SUCCESS);
        rig.pass_ms(20 * SECOND_MS);
        assert_eq!(state(rig), DevicePowerState::D0);
        let path = r"\Registry\Machine\Software\Device\PowerSettings";
        let key = rig.kernel.open_registry_key(path).unwrap();
        key.set_value(&rig.kernel, binary("PerformanceIdleTime", 3)).unwrap();
        assert_eq!(rig.start(), NtStatus::SUCCESS);
        rig.pass_ms(3 * SECOND_MS + 1);
        assert_eq!(state(rig), DevicePowerState::D3);
    });
}

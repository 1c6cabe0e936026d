//! PowerChangeNotify: no access during sleep, and UART mode after the sleep.

use portcls_emulator::NtStatus;
use portcls_port::interfaces::{DevicePowerState, IPowerNotify, StreamDirection};
use portcls_port::ks::KsState;

use crate::rig::{QUICK_START, Rig, Wiring};

/// The driver's accesses on the way down.
const SILENCED: &str = "
    R S -> 80
    W C FF
    R S -> 80
";

#[test]
fn uart_mode_is_restored_when_the_power_comes_back() {
    let (rig, miniport) = Rig::started(Wiring::Interrupt);
    let stream = rig.run(&miniport, 0, StreamDirection::Render);
    stream.set_state(&rig.kernel, KsState::Pause).unwrap();
    rig.expect(SILENCED);
    miniport.power_change_notify(&rig.kernel, DevicePowerState::D3);
    rig.script.check();
    rig.expect(QUICK_START);
    miniport.power_change_notify(&rig.kernel, DevicePowerState::D0);
    rig.script.check();
    stream.set_state(&rig.kernel, KsState::Run).unwrap();
    rig.expect("R S -> 80\n W D F8");
    assert_eq!(rig.at_dispatch(|kernel| stream.write(kernel, &[0xF8])), Ok(1));
    rig.script.check();
}

#[test]
fn a_second_d0_changes_nothing() {
    let (rig, miniport) = Rig::started(Wiring::Interrupt);
    miniport.power_change_notify(&rig.kernel, DevicePowerState::D0);
    rig.script.check();
}

#[test]
fn no_register_is_touched_while_the_power_is_off() {
    let (rig, miniport) = Rig::started(Wiring::Interrupt);
    let render = rig.run(&miniport, 0, StreamDirection::Render);
    rig.expect(SILENCED);
    miniport.power_change_notify(&rig.kernel, DevicePowerState::D2);
    rig.script.check();
    miniport.power_change_notify(&rig.kernel, DevicePowerState::D3);
    assert_eq!(rig.at_dispatch(|kernel| render.write(kernel, &[0xF8])), Ok(0));
    let run = render.set_state(&rig.kernel, KsState::Run);
    assert_eq!(run, Err(NtStatus::INVALID_DEVICE_STATE));
    for state in [KsState::Pause, KsState::Acquire, KsState::Stop] {
        render.set_state(&rig.kernel, state).unwrap();
    }
    // Now only another device can interrupt. The driver refuses the interrupt without an access.
    rig.share_line();
    rig.expect("irq up");
    rig.kernel.run_until(rig.kernel.now_ns() + 1_000_000);
    assert_eq!(rig.kernel.counters().interrupts, 1);
    drop(render);
    drop(miniport);
    rig.script.check();
}

#[test]
fn a_card_that_does_not_come_back_is_reported_and_left_alone() {
    let (rig, miniport) = Rig::started(Wiring::Interrupt);
    rig.expect(SILENCED);
    miniport.power_change_notify(&rig.kernel, DevicePowerState::D3);
    rig.expect("R S -> FF x71");
    miniport.power_change_notify(&rig.kernel, DevicePowerState::D0);
    rig.script.check();
    let prints = [
        "MPU-401 at 330: no card answers",
        "MPU-401: not back after sleep: STATUS_IO_DEVICE_ERROR",
    ];
    assert_eq!(rig.prints(), prints);
    drop(miniport);
    rig.script.check();
}

//! Power: the device, or the whole machine, sleeps and wakes.
//!
//! A stream runs during the sleep of the device.

use portcls_machine::emulator::{DevicePowerState, SystemPowerState};
use portcls_machine::report::Filter;

use crate::golden;
use crate::scene::{mark, render, started, wait_us};

#[test]
fn a_card_that_lost_its_power_is_back_in_uart_mode_before_the_stream_goes_on() {
    let machine = started("smsc-superio");
    let pin = render(&machine);
    wait_us(&machine, 1_000);
    mark(&machine, "the device sleeps with a stream in RUN, and comes back");
    machine.set_device_power(DevicePowerState::D3).unwrap();
    wait_us(&machine, 1_000);
    machine.set_device_power(DevicePowerState::D0).unwrap();
    pin.write_now(&[0x90, 0x3C, 0x40]).unwrap();
    wait_us(&machine, 2_000);
    assert_eq!(machine.cable().sent_bytes().len(), 3);
    let description = "D0 to D3 to D0: the stream is paused, the miniport told, the card loses its \
                       power; on the way back the miniport starts the card anew, then the stream \
                       goes on.";
    let words = "the device sleeps with a stream in RUN, and comes back";
    golden("device_sleeps_and_wakes", description, &machine, Filter::Full, words);
}

#[test]
fn a_sleeping_machine_takes_its_device_along() {
    let machine = started("roland-mpu401");
    mark(&machine, "the machine sleeps and wakes");
    machine.sleep(SystemPowerState::S3).unwrap();
    machine.wake().unwrap();
    let description = "S3 and back without a stream: PortCls asks for D3 and D0 itself.";
    golden(
        "machine_sleeps_and_wakes",
        description,
        &machine,
        Filter::Full,
        "the machine sleeps and wakes",
    );
}

//! Drivers with system threads of their own.

use portcls_machine::emulator::{PnpRequest, SystemPowerState};

use crate::scene::{driver, live, machine, play_and_record};

const THREAD_FEEDS: [&str; 3] = ["x64/thread_feeds", "x86/thread_feeds", "msvc-x64/thread_feeds"];
const TWO_THREADS: [&str; 3] = ["x64/two_threads", "x86/two_threads", "msvc-x64/two_threads"];

#[test]
fn the_tune_goes_through_a_driver_whose_thread_feeds_the_port() {
    play_and_record(&THREAD_FEEDS);
}

#[test]
fn the_tune_goes_through_a_driver_with_two_threads_that_wait_at_once() {
    play_and_record(&TWO_THREADS);
}

#[test]
fn the_threads_stay_over_a_sleep_and_end_at_a_stop() {
    for build in THREAD_FEEDS.into_iter().chain(TWO_THREADS) {
        let threads = if build.ends_with("two_threads") { 2 } else { 1 };
        let machine = machine("smsc-superio", driver(build));
        let alive = || {
            let queues = machine.kernel().inspect_queues().to_string();
            queues.matches("waits for one of").count()
        };
        machine.start().expect("the driver starts");
        machine.sleep(SystemPowerState::S3).expect("it sleeps");
        machine.wake().expect("it wakes");
        assert_eq!(alive(), threads, "{build}");
        machine.pnp(PnpRequest::StopDevice).expect("it stops");
        assert_eq!(alive(), 0, "{build}");
        live(&machine);
        assert_eq!(machine.kernel().violations(), [], "{build}");
    }
}

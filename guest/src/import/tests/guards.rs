//! Assertions, pure virtual calls, exception handlers, stack cookies, and
//! KeSynchronizeExecution.

use std::rc::Rc;

use portcls_emulator::{Claim, InterruptLine, Irql, Share, Stop, TriggerMode};

use super::{BOTH, Bench};

#[test]
fn an_assertion_is_printed_and_ends_the_run() {
    for mode in BOTH {
        let bench = Bench::plain(mode);
        let (what, file) = (bench.bytes(b"a == b\0"), bench.bytes(b"uart.cpp\0"));
        match bench.try_call("RtlAssert", &[what, file, 12, 0]) {
            Err(Stop::BugCheck(bug)) => {
                assert_eq!((bug.code.number(), bug.parameters[0]), (0x7E, 0x8000_0003));
                assert_eq!(bug.message, "assertion failed: a == b, uart.cpp:12");
            }
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn a_pure_virtual_call_and_an_exception_handler_end_the_run() {
    for mode in BOTH {
        assert_eq!(Bench::plain(mode).bug_check("_purecall", &[]), (0x7E, 0xC000_0002));
        let handled = Bench::plain(mode).try_call("__C_specific_handler", &[0; 4]);
        assert!(matches!(handled, Err(Stop::Unsupported { .. })), "{handled:?}");
    }
}

#[test]
fn a_stack_cookie_that_was_overwritten_is_bug_check_f7() {
    for mode in BOTH {
        let bench = Bench::plain(mode);
        let loaded = bench.guest.loaded();
        let rva = loaded.image.load_config().security_cookie_rva.expect("the image has a cookie");
        let cookie = bench.guest.load_word(loaded.base + u64::from(rva));
        bench.call("__security_check_cookie", &[cookie]);
        let wrong = bench.bug_check("__security_check_cookie", &[cookie ^ 0x41]);
        assert_eq!(wrong, (0xF7, cookie ^ 0x41));
    }
}

#[test]
fn a_synchronised_routine_runs_at_the_interrupts_level() {
    // mov eax, [esp+4]; mov byte [eax], 7; mov al, 1; ret 4; on x64 with the argument in RCX
    let narrow = [0x8B, 0x44, 0x24, 0x04, 0xC6, 0x00, 0x07, 0xB0, 0x01, 0xC2, 0x04, 0x00];
    let wide = [0xC6, 0x01, 0x07, 0xB0, 0x01, 0xC3];
    for mode in BOTH {
        let bench = Bench::new(mode, [&narrow, &wide]);
        let trigger = TriggerMode::Latched;
        bench.kernel.wire_line(InterruptLine { number: 9, trigger });
        let connected = bench.kernel.connect_interrupt(
            InterruptLine::vector_of(9),
            trigger,
            Share::Exclusive,
            Rc::new(|_| Claim::NotMine),
        );
        let (interrupt, flag) = (bench.memory(64), bench.memory(1));
        bench.guest.bind(interrupt, Rc::new(connected.unwrap()));
        let words = [interrupt, bench.code(), flag];
        assert_eq!(bench.call("KeSynchronizeExecution", &words), 1);
        assert_eq!(bench.guest.load_u8(flag), 7);
        assert_eq!(bench.kernel.current_irql(), Irql::PASSIVE_LEVEL);
        bench.call("KeSynchronizeExecution", &[flag, bench.code(), flag]);
        assert_eq!(bench.kernel.violations()[0].rule.id, "interrupt-not-connected");
    }
}

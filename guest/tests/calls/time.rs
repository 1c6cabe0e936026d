//! The time of instructions, port accesses and interrupts.

use std::cell::RefCell;
use std::rc::Rc;

use portcls_emulator::{
    Answer, BusDevice, Claim, DeviceReply, InterruptLine, LineState, Outputs, Share, TriggerMode,
};
use portcls_guest::GuestOptions;

use crate::{BOTH, CODE, call, guest, guest_with};

/// A device that raises its line at a given time, and lowers the line when its port is read.
struct Alarm {
    due_ns: u64,
    fired: bool,
}

impl Alarm {
    fn reply(&self, value: u8) -> DeviceReply {
        let outputs = Outputs {
            line: if self.fired { LineState::Up } else { LineState::Down },
            next_event_ns: if self.fired { u64::MAX } else { self.due_ns },
            has_serial: false,
        };
        DeviceReply::Changed(Answer { value, note: 0 }, outputs)
    }
}

impl BusDevice for Alarm {
    fn notes(&self) -> &'static [&'static str] {
        &[""]
    }

    fn read(&mut self, _offset: u16, _now_ns: u64) -> DeviceReply {
        self.fired = false;
        self.due_ns = u64::MAX;
        self.reply(0x5A)
    }

    fn write(&mut self, _offset: u16, _value: u8, _now_ns: u64) -> DeviceReply {
        self.reply(0)
    }

    fn advance(&mut self, now_ns: u64) -> DeviceReply {
        self.fired |= now_ns >= self.due_ns;
        self.reply(0)
    }
}

#[test]
fn instructions_take_time_and_a_port_access_takes_its_own() {
    for mode in BOTH {
        // nop; nop; mov edx, 331h; in al, dx; ret
        let code = [0x90, 0x90, 0xBA, 0x31, 0x03, 0, 0, 0xEC, 0xC3];
        let options = GuestOptions { instruction_ns: 3, ..GuestOptions::default() };
        let guest = guest_with(mode, &code, "DbgPrint", options);
        let value = call(&guest, &[]).unwrap();
        assert_eq!(value & 0xFF, 0xFF, "an empty port floats");
        assert_eq!(guest.kernel().now_ns(), 5 * 3 + 1_000);
    }
}

#[test]
fn an_interrupt_comes_between_two_instructions_exactly_when_it_is_due() {
    for mode in BOTH {
        for due_ns in [1, 2, 3, 17, 18, 99] {
            // mov ecx, 100; loop: dec ecx; jnz loop; ret
            let code = [0xB9, 100, 0, 0, 0, 0xFF, 0xC9, 0x75, 0xFC, 0xC3];
            // 1020: mov edx, 331h; in al, dx; ret
            let mut code = code.to_vec();
            code.resize(0x20, 0x90);
            code.extend([0xBA, 0x31, 0x03, 0, 0, 0xEC, 0xC3]);
            let guest = guest(mode, &code);
            let kernel = guest.kernel().clone();
            let trigger = TriggerMode::Level;
            kernel.wire_line(InterruptLine { number: 5, trigger });
            let device = Box::new(Alarm { due_ns, fired: false });
            kernel.attach_device(0x331, 1, Some(5), device);
            let seen = Rc::new(RefCell::new(Vec::new()));
            let inner = (guest.clone(), Rc::clone(&seen));
            let routine = Rc::new(move |kernel: &portcls_emulator::Kernel| {
                let (guest, seen) = &inner;
                let rip = guest.cpu().borrow().rip() - guest.loaded().base;
                let value = guest.call(guest.loaded().base + CODE + 0x20, &[]);
                seen.borrow_mut().push((kernel.running().to_string(), rip, value & 0xFF));
                Claim::Mine
            });
            let vector = InterruptLine::vector_of(5);
            let connected = kernel.connect_interrupt(vector, trigger, Share::Shared, routine);
            assert!(connected.is_ok());
            call(&guest, &[]).unwrap();
            // The first instruction has 5 bytes. Then two instructions of 2 bytes alternate.
            let rip = CODE + if due_ns % 2 == 1 { 5 } else { 7 };
            let who = "the service routine of irq 5".to_owned();
            assert_eq!(*seen.borrow(), [(who, rip, 0x5A)], "due at {due_ns}");
        }
    }
}

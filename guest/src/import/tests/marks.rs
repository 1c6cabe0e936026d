//! The mark of a pending request on its way up from one driver to the next.

use std::cell::RefCell;
use std::rc::Rc;

use cpu_x86::Mode;
use portcls_emulator::{
    DeviceObject, DriverObject, Irp, Kernel, MajorFunction, NtStatus, Parameters,
};

use super::{BOTH, Bench};

/// The RVA of the import's slot. The import is IofCompleteRequest.
const SLOT: u32 = 0x2040;

/// The way in which a driver passes a request to the driver below.
#[derive(Clone, Copy)]
enum Way {
    /// The driver passes its own stack location.
    Skip,
    /// The driver fills in the next stack location, without a completion routine.
    Copy,
    /// The driver fills in the next stack location, with the completion routine.
    Watch,
}

/// The values at the address to which the completion routine writes. The routine writes
/// PendingReturned plus one.
const NOT_CALLED: u32 = 0;
const NOT_PENDED: u32 = 1;
const PENDED: u32 = 2;

/// A dispatch routine that marks its request pending, completes it and returns STATUS_PENDING.
fn dispatch(mode: Mode) -> Vec<u8> {
    let guest = Bench::plain(mode).guest;
    let (base, irp) = (guest.loaded().base as u32, &guest.layout().irp);
    let location = irp.tail_overlay_current_stack_location.to_le_bytes();
    let control = guest.layout().io_stack_location.control as u8;
    let status = (irp.io_status + guest.layout().io_status_block.status).to_le_bytes();
    let mark_and_succeed = [
        &location[..],
        &[0x80, 0x48, control, 0x01, 0xC7, 0x81],
        &status,
        &[0, 0, 0, 0, 0x31, 0xD2],
    ]
    .concat();
    match mode {
        // mov ecx, [esp+8]; mov eax, [ecx+location]; or byte [eax+control], 1;
        // mov dword [ecx+status], 0; xor edx, edx; call [slot]; mov eax, 103h; ret 8
        Mode::Bits32 => [
            &[0x8B, 0x4C, 0x24, 0x08, 0x8B, 0x81][..],
            &mark_and_succeed,
            &[0xFF, 0x15],
            &(base + SLOT).to_le_bytes(),
            &[0xB8, 0x03, 0x01, 0, 0, 0xC2, 0x08, 0],
        ]
        .concat(),
        // mov rcx, rdx; mov rax, [rcx+location]; then as on x86, with a stack frame of 28h
        Mode::Bits64 => [
            &[0x48, 0x89, 0xD1, 0x48, 0x83, 0xEC, 0x28, 0x48, 0x8B, 0x81][..],
            &mark_and_succeed,
            &[0xFF, 0x15],
            &(SLOT - 0x1024).to_le_bytes(),
            &[0x48, 0x83, 0xC4, 0x28, 0xB8, 0x03, 0x01, 0, 0, 0xC3],
        ]
        .concat(),
    }
}

/// A completion routine that writes PendingReturned plus one to the address in its context, and
/// returns `answer`. If `hands_on` is true, the routine also sets the mark in its driver's own
/// location.
fn completion(mode: Mode, answer: NtStatus, hands_on: bool) -> Vec<u8> {
    let guest = Bench::plain(mode).guest;
    let irp = &guest.layout().irp;
    let location = irp.tail_overlay_current_stack_location.to_le_bytes();
    let control = guest.layout().io_stack_location.control as u8;
    let (pended, mark) = (irp.pending_returned as u8, u8::from(hands_on));
    let answer = answer.0.to_le_bytes();
    match mode {
        // mov edx, [esp+8]; mov ecx, [esp+0Ch]; movzx eax, byte [edx+pended]; inc eax;
        // mov [ecx], eax; mov eax, [edx+location]; or byte [eax+control], mark; mov eax, answer;
        // ret 0Ch
        Mode::Bits32 => [
            &[0x8B, 0x54, 0x24, 0x08, 0x8B, 0x4C, 0x24, 0x0C, 0x0F, 0xB6, 0x42, pended][..],
            &[0xFF, 0xC0, 0x89, 0x01, 0x8B, 0x82],
            &location,
            &[0x80, 0x48, control, mark, 0xB8],
            &answer,
            &[0xC2, 0x0C, 0],
        ]
        .concat(),
        // movzx eax, byte [rdx+pended]; inc eax; mov [r8], eax; mov rax, [rdx+location]; then as
        // on x86
        Mode::Bits64 => [
            &[0x0F, 0xB6, 0x42, pended, 0xFF, 0xC0, 0x41, 0x89, 0x00, 0x48, 0x8B, 0x82][..],
            &location,
            &[0x80, 0x48, control, mark, 0xB8],
            &answer,
            &[0xC3],
        ]
        .concat(),
    }
}

/// A stack of two drivers. The lower driver keeps each request that it gets. After
/// `complete_within` it completes each request at once.
struct Stack {
    bench: Bench,
    lower: Rc<DeviceObject>,
    upper: Rc<DeviceObject>,
    kept: Rc<RefCell<Vec<Irp>>>,
    /// The address of the completion routine, in executable pool.
    completion: u64,
    /// The address to which the completion routine writes.
    seen: u64,
}

impl Stack {
    fn new(mode: Mode, answer: NtStatus, hands_on: bool) -> Stack {
        let code = dispatch(mode);
        let bench = Bench::importing(mode, [&code, &code], "IofCompleteRequest");
        let code = completion(mode, answer, hands_on);
        let completion = bench.call_for_pointer("ExAllocatePool", &[0, code.len() as u64]);
        bench.guest.store(completion, &code);
        let kept = Rc::<RefCell<Vec<Irp>>>::default();
        let keeps = Rc::clone(&kept);
        let driver = DriverObject::new("below");
        let keep = move |_: &Kernel, _: &Rc<DeviceObject>, irp: &Irp| {
            irp.mark_pending();
            keeps.borrow_mut().push(irp.clone());
            NtStatus::PENDING
        };
        driver.set_major_function(MajorFunction::DeviceControl, Rc::new(keep));
        let (lower, upper) =
            (DeviceObject::new(&driver), DeviceObject::new(&DriverObject::new("above")));
        let seen = bench.memory(8);
        Stack { bench, lower, upper, kept, completion, seen }
    }

    /// Gives the lower driver the dispatch routine of `dispatch`, which completes each request
    /// itself.
    fn complete_within(&self) {
        let (guest, driver) = (&self.bench.guest, self.lower.driver());
        let (object, major) = (guest.driver_pointer(driver), MajorFunction::DeviceControl);
        guest.put_word(guest.major_function(object, major.number()), self.bench.code());
        driver.set_major_function(major, guest.dispatch_routine(object, major));
    }

    /// Prepares the stack locations as the macros of wdm.h do, and calls IofCallDriver.
    fn send_down(&self, irp: u64, way: Way) -> NtStatus {
        let guest = &self.bench.guest;
        let fields = &guest.layout().irp;
        let size = u64::from(guest.layout().io_stack_location.size_of);
        let pointer = irp + u64::from(fields.tail_overlay_current_stack_location);
        let current = guest.load_word(pointer);
        if let Way::Skip = way {
            let number = irp + u64::from(fields.current_location);
            guest.store_u8(number, guest.load_u8(number) + 1);
            guest.store_word(pointer, current + size);
        } else {
            self.fill_location(current - size, way, self.seen);
        }
        let lower = guest.device_pointer(&self.lower);
        self.bench.status("IofCallDriver", &[lower, irp])
    }

    fn fill_location(&self, location: u64, way: Way, seen: u64) {
        let guest = &self.bench.guest;
        let fields = &guest.layout().io_stack_location;
        guest.store_u8(location + u64::from(fields.major_function), 0x0E);
        if let Way::Watch = way {
            let routine = location + u64::from(fields.completion_routine);
            guest.store_word(routine, self.completion);
            guest.store_word(location + u64::from(fields.context), seen);
            guest.store_u8(location + u64::from(fields.control), 0xE0);
        }
    }

    /// Lets the lower driver complete the request that it keeps.
    fn complete_kept(&self) {
        let irp = self.kept.borrow_mut().pop().expect("a request that is kept");
        irp.set_status(NtStatus::SUCCESS);
        let completed = self.bench.kernel.enter(|kernel| kernel.complete_request(&irp));
        assert_eq!(completed, Ok(()));
    }

    /// Gives the upper driver a request. `work` stands for the driver's dispatch routine.
    fn call_above(&self, irp: &Irp, work: impl FnOnce(u64) -> NtStatus) -> NtStatus {
        self.bench.guest.with_irp(irp, &self.upper, self.bench.code(), work)
    }

    fn seen(&self) -> u32 {
        self.bench.guest.load_u32(self.seen)
    }

    fn rules(&self) -> Vec<&'static str> {
        self.bench.kernel.violations().iter().map(|violation| violation.rule.id).collect()
    }
}

fn request() -> Irp {
    let parameters = Parameters::DeviceControl { code: 3, input: vec![7], output_length: 0 };
    Irp::new(parameters, None, Vec::new())
}

#[test]
fn a_driver_that_waits_for_the_one_below_does_not_pend_the_request() {
    for mode in BOTH {
        let stack = Stack::new(mode, NtStatus::MORE_PROCESSING_REQUIRED, false);
        let irp = request();
        let answer = stack.call_above(&irp, |address| {
            assert_eq!(stack.send_down(address, Way::Watch), NtStatus::PENDING);
            assert_eq!(stack.seen(), NOT_CALLED);
            stack.complete_kept();
            stack.bench.call("IofCompleteRequest", &[address, 0]);
            NtStatus::SUCCESS
        });
        assert_eq!((answer, stack.seen()), (NtStatus::SUCCESS, PENDED));
        assert_eq!((irp.is_completed(), irp.is_marked_pending()), (true, false));
        assert_eq!(stack.rules(), [""; 0]);
    }
}

#[test]
fn a_driver_that_hands_up_what_the_one_below_answers_pends_the_request() {
    for mode in BOTH {
        for way in [Way::Skip, Way::Copy, Way::Watch] {
            let stack = Stack::new(mode, NtStatus::SUCCESS, true);
            let irp = request();
            let answer = stack.call_above(&irp, |address| stack.send_down(address, way));
            assert_eq!((answer, irp.is_marked_pending()), (NtStatus::PENDING, true));
            stack.complete_kept();
            assert!(irp.is_completed());
            assert_eq!(stack.rules(), [""; 0]);
        }
    }
}

#[test]
fn a_completion_routine_that_does_not_hand_the_mark_on_breaks_the_rule() {
    for mode in BOTH {
        let stack = Stack::new(mode, NtStatus::SUCCESS, false);
        let irp = request();
        let answer = stack.call_above(&irp, |address| stack.send_down(address, Way::Watch));
        assert_eq!((answer, stack.rules()), (NtStatus::PENDING, Vec::new()));
        stack.complete_kept();
        assert_eq!((irp.is_completed(), stack.rules()), (true, vec!["MarkIrpPending2"]));
    }
}

#[test]
fn what_is_marked_and_completed_within_a_dispatch_routine_is_pended_for_the_driver_above() {
    for mode in BOTH {
        let stack = Stack::new(mode, NtStatus::MORE_PROCESSING_REQUIRED, false);
        stack.complete_within();
        let irp = request();
        stack.call_above(&irp, |address| {
            assert_eq!(stack.send_down(address, Way::Watch), NtStatus::PENDING);
            assert_eq!(stack.seen(), PENDED);
            stack.bench.call("IofCompleteRequest", &[address, 0]);
            NtStatus::SUCCESS
        });
        assert!(!irp.is_marked_pending());
        for way in [Way::Skip, Way::Copy] {
            let irp = request();
            let answer = stack.call_above(&irp, |address| stack.send_down(address, way));
            assert_eq!((answer, irp.is_marked_pending()), (NtStatus::PENDING, true));
            assert!(irp.is_completed());
        }
        assert_eq!(stack.rules(), [""; 0]);
    }
}

#[test]
fn each_location_of_a_request_has_its_own_mark() {
    for mode in BOTH {
        for (way, expected) in
            [(Way::Watch, [PENDED, NOT_PENDED]), (Way::Copy, [NOT_CALLED, PENDED])]
        {
            let stack = Stack::new(mode, NtStatus::SUCCESS, false);
            let guest = &stack.bench.guest;
            let irp = stack.bench.call_for_pointer("IoAllocateIrp", &[2, 0]);
            // IoSetNextIrpStackLocation: the driver uses the last location itself.
            let fields = &guest.layout().irp;
            let pointer = irp + u64::from(fields.tail_overlay_current_stack_location);
            let size = u64::from(guest.layout().io_stack_location.size_of);
            let own = guest.load_word(pointer) - size;
            guest.store_word(pointer, own);
            guest.store_u8(irp + u64::from(fields.current_location), 2);
            stack.fill_location(own, Way::Watch, stack.seen + 4);
            assert_eq!(stack.send_down(irp, way), NtStatus::PENDING);
            stack.complete_kept();
            let seen = [stack.seen(), guest.load_u32(stack.seen + 4)];
            assert_eq!(seen, expected);
            // No completion routine kept the request.
            assert_eq!(stack.rules(), ["own-irp-not-kept"]);
        }
    }
}

//! The processor alone: code without an image, and a test `Outside`.

use std::cell::RefCell;

use cpu_x86::{Mode, PAGE_BYTES, Rights};
use portcls_emulator::{DueTime, Irql, Kernel, KernelConfig, Stop, Timer, TimerKind};

use super::arguments::Convention;
use super::outside::{Mistake, Outside};
use super::thunk::RoutineNumber;
use super::vm::{GuestOptions, Vm};

/// The address of the code.
const CODE: u64 = 0xFFFF_F800_1000_0000;

/// sub rsp, 28h; mov rax, rcx; mov ecx, 3; mov edx, 4; call rax; add rsp, 28h; ret
const CALL_ITS_ARGUMENT: &[u8] = &[
    0x48, 0x83, 0xEC, 0x28, 0x48, 0x89, 0xC8, 0xB9, 3, 0, 0, 0, 0xBA, 4, 0, 0, 0, 0xFF, 0xD0, 0x48,
    0x83, 0xC4, 0x28, 0xC3,
];

/// mov eax, 7; ret
const SEVEN: &[u8] = &[0xB8, 7, 0, 0, 0, 0xC3];

/// An `Outside` for tests. Each routine calls the guest's function at `inner`, if there is one, and
/// answers the sum of its two arguments and the result of that function.
struct Notes<'a> {
    vm: &'a Vm,
    inner: Option<u64>,
    lines: RefCell<Vec<String>>,
}

impl Outside for Notes<'_> {
    fn serve_routine(&self, routine: RoutineNumber) {
        let found = self.vm.arguments(Convention::Stdcall);
        let (words, stack_pointer) = found.unwrap_or_else(|fault| panic!("{fault:?}"));
        let inner = self.inner.map_or(0, |function| self.vm.call(self, function, &[]));
        let [first, second, ..] = words.registers;
        self.lines.borrow_mut().push(format!("routine {}: {first}, {second}", routine.index()));
        let answer = first + second + inner;
        self.vm.return_from_call(words.return_address, stack_pointer, || 0, answer);
    }

    fn reach_nothing(&self, address: u64) {
        self.vm.kernel().unsupported(&format!("nothing at {address:x}"));
    }

    fn accuse(&self, mistake: Mistake<'_>) {
        let Mistake::Access(fault) = mistake else { panic!("another mistake") };
        self.vm.kernel().unsupported(&format!("no access to {:x}", fault.address));
    }
}

fn vm(code: &[u8]) -> Vm {
    vm_on(&Kernel::new(KernelConfig::default()), code)
}

fn vm_on(kernel: &Kernel, code: &[u8]) -> Vm {
    let options = GuestOptions { call_budget: 1_000, ..GuestOptions::default() };
    let vm = Vm::new(kernel, Mode::Bits64, options).expect("room");
    let mut cpu = vm.cpu.borrow_mut();
    let memory = cpu.memory_mut();
    memory.map(CODE, PAGE_BYTES as u64, Rights::READ | Rights::EXECUTE).expect("room");
    memory.poke(CODE, code).expect("just mapped");
    drop(cpu);
    vm
}

fn notes(vm: &Vm) -> Notes<'_> {
    Notes { vm, inner: None, lines: RefCell::default() }
}

/// The message of the stop that ends a call.
fn stop_of(vm: &Vm, words: &[u64]) -> String {
    let ended = vm.kernel().enter(|_| vm.call(&notes(vm), CODE, words));
    let Err(Stop::Unsupported { what, .. }) = ended else { panic!("{ended:?}") };
    what
}

#[test]
fn a_call_returns_what_the_function_leaves_in_its_register() {
    let vm = vm(SEVEN);
    assert_eq!(vm.call(&notes(&vm), CODE, &[]), 7);
}

#[test]
fn a_routine_is_served_by_its_number_and_its_answer_comes_back() {
    let vm = vm(CALL_ITS_ARGUMENT);
    let notes = notes(&vm);
    let thunk = vm.thunk_of(RoutineNumber::of_index(5));
    assert_eq!(vm.call(&notes, CODE, &[thunk]), 7);
    assert_eq!(*notes.lines.borrow(), ["routine 5: 3, 4"]);
}

#[test]
fn a_routine_may_call_the_driver_again_while_it_is_served() {
    let code = [CALL_ITS_ARGUMENT, SEVEN].concat();
    let vm = vm(&code);
    let notes = Notes { inner: Some(CODE + CALL_ITS_ARGUMENT.len() as u64), ..notes(&vm) };
    let thunk = vm.thunk_of(RoutineNumber::of_index(0));
    assert_eq!(vm.call(&notes, CODE, &[thunk]), 14);
}

#[test]
fn a_call_on_top_of_another_leaves_the_x87_as_an_interrupt_leaves_it() {
    // sub rsp, 28h; fldz; call rcx; fstp qword [rsp + 20h]; mov rax, [rsp + 20h]; add rsp, 28h; ret
    let outer = [
        0x48, 0x83, 0xEC, 0x28, 0xD9, 0xEE, 0xFF, 0xD1, 0xDD, 0x5C, 0x24, 0x20, 0x48, 0x8B, 0x44,
        0x24, 0x20, 0x48, 0x83, 0xC4, 0x28, 0xC3,
    ];
    // fld1; ret
    let inner = [0xD9, 0xE8, 0xC3];
    let vm = vm(&[&outer[..], &inner].concat());
    let notes = Notes { inner: Some(CODE + outer.len() as u64), ..notes(&vm) };
    let thunk = vm.thunk_of(RoutineNumber::of_index(0));
    assert_eq!(f64::from_bits(vm.call(&notes, CODE, &[thunk])), 1.0);
}

#[test]
fn an_address_between_the_thunks_is_reached_and_is_nothing() {
    let vm = vm(CALL_ITS_ARGUMENT);
    let beside = vm.thunk_of(RoutineNumber::of_index(0)) + 1;
    assert_eq!(stop_of(&vm, &[beside]), format!("nothing at {beside:x}"));
}

#[test]
fn a_refused_access_is_the_drivers_mistake() {
    // mov eax, [rcx]; ret
    let vm = vm(&[0x8B, 0x01, 0xC3]);
    assert_eq!(stop_of(&vm, &[0x1000]), "no access to 1000");
}

#[test]
fn a_function_that_does_not_end_is_a_hang() {
    // jmp to itself
    let vm = vm(&[0xEB, 0xFE]);
    let ended = vm.kernel().enter(|_| vm.call(&notes(&vm), CODE, &[]));
    assert!(matches!(ended, Err(Stop::Hang(_))), "{ended:?}");
}

/// Calls `code` in a run that reaches its time limit before the call reaches its budget. Returns
/// how the run ended, in words.
fn ends_at_limit(code: &[u8], irql: Irql) -> String {
    let config = KernelConfig { until_ns: Some(500), ..KernelConfig::default() };
    let vm = vm_on(&Kernel::new(config), code);
    let ended = vm.kernel().enter(|kernel| {
        kernel.raise_irql(irql);
        // A timer that is set. Code that runs when the timer expires could change the memory.
        let timer = Timer::new(TimerKind::Notification);
        kernel.set_timer(&timer, DueTime::Relative(10_000), 0, None);
        vm.call(&notes(&vm), CODE, &[CODE])
    });
    ended.unwrap_err().to_string()
}

#[test]
fn a_loop_that_nothing_can_end_is_a_hang_also_when_the_time_is_up_first() {
    let hang = "hang: nothing can end the wait for a call into the driver to return";
    let limit = "the time limit of 0.000 ms was reached";
    // jmp to itself
    let bare = [0xEB, 0xFE];
    // cmp byte [rcx], 0; jne back
    let reading = [0x80, 0x39, 0, 0x75, 0xFB];
    // inc eax; jmp back
    let counting = [0xFF, 0xC0, 0xEB, 0xFC];
    assert_eq!(ends_at_limit(&bare, Irql::PASSIVE_LEVEL), hang);
    assert_eq!(ends_at_limit(&reading, Irql::DISPATCH_LEVEL), hang, "no DPC can run");
    assert_eq!(ends_at_limit(&reading, Irql::PASSIVE_LEVEL), limit, "the DPC may end it");
    assert_eq!(ends_at_limit(&counting, Irql::DISPATCH_LEVEL), limit, "it goes on");
}

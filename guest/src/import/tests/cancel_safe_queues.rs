//! Cancel-safe queues: the callbacks, cancelled requests, broken rules.

use std::rc::Rc;

use cpu_x86::Mode;
use portcls_emulator::{DeviceObject, DriverObject, Irp, Irql, NtStatus, Parameters};

use super::{BOTH, Bench};

/// The callbacks in the order of IoCsqInitialize: insert, remove, peek, acquire the lock, release
/// the lock, complete. Each has its letter in the log, and the number of words of its arguments on
/// x86.
const CALLBACKS: [(u8, u8); 6] = [(b'i', 2), (b'r', 2), (b'p', 3), (b'a', 2), (b'l', 2), (b'c', 2)];

/// A queue whose callbacks write their letters to a log.
struct Queue {
    bench: Bench,
    device: Rc<DeviceObject>,
    address: u64,
    /// The address of a pointer to the end of the log. The log follows this pointer.
    log: u64,
    /// The address of the value that the callbacks return.
    answer: u64,
}

/// Code of a callback: appends its letter to the log and returns what lies at `answer`.
fn callback(mode: Mode, (letter, words): (u8, u8), log: u64, answer: u64) -> Vec<u8> {
    match mode {
        Mode::Bits64 => [
            // mov rax, log; mov r11, [rax]; mov byte [r11], letter; inc qword [rax]
            &[0x48, 0xB8][..],
            &log.to_le_bytes(),
            &[0x4C, 0x8B, 0x18, 0x41, 0xC6, 0x03, letter, 0x48, 0xFF, 0x00],
            // mov rax, answer; mov rax, [rax]; ret
            &[0x48, 0xB8],
            &answer.to_le_bytes(),
            &[0x48, 0x8B, 0x00, 0xC3],
        ]
        .concat(),
        Mode::Bits32 => [
            // mov eax, [log]; mov byte [eax], letter; inc dword [log]
            &[0xA1][..],
            &(log as u32).to_le_bytes(),
            &[0xC6, 0x00, letter, 0xFF, 0x05],
            &(log as u32).to_le_bytes(),
            // mov eax, [answer]; ret 4 * words
            &[0xA1],
            &(answer as u32).to_le_bytes(),
            &[0xC2, 4 * words, 0],
        ]
        .concat(),
    }
}

impl Queue {
    fn new(mode: Mode, initialize: &str) -> Queue {
        let bench = Bench::plain(mode);
        let (address, log, answer) = (bench.memory(64), bench.memory(256), bench.memory(8));
        let mut words = vec![address];
        for (letter, count) in CALLBACKS {
            let extended = initialize.ends_with("Ex") && letter == b'i';
            let count = if extended { 3 } else { count };
            words.push(bench.code_block(&callback(mode, (letter, count), log, answer)));
        }
        assert_eq!(bench.status(initialize, &words), NtStatus::SUCCESS);
        let device = DeviceObject::new(&DriverObject::new("test"));
        let queue = Queue { bench, device, address, log, answer };
        queue.clear_log();
        queue
    }

    fn clear_log(&self) {
        self.bench.guest.store_word(self.log, self.log + 8);
    }

    /// The letters of the callbacks since the last call of this function.
    fn calls(&self) -> String {
        let length = self.bench.guest.load_word(self.log) - self.log - 8;
        let letters = self.bench.guest.load_bytes(self.log + 8, length);
        self.clear_log();
        String::from_utf8(letters).expect("letters")
    }

    /// Sets the value that all callbacks return: a request, for CsqPeekNextIrp, or a status, for
    /// CsqInsertIrpEx.
    fn set_answer(&self, answer: u64) {
        self.bench.guest.store_word(self.answer, answer);
    }

    /// Runs `work` with the address of a request that the driver keeps.
    fn with_request(&self, work: impl FnOnce(u64)) -> Irp {
        let irp = Irp::new(Parameters::Close, None, Vec::new());
        self.bench.guest.with_irp(&irp, &self.device, self.bench.code(), |address| {
            work(address);
            NtStatus::PENDING
        });
        irp
    }

    fn insert(&self, irp: u64, context: u64) -> NtStatus {
        self.bench.status("IoCsqInsertIrpEx", &[self.address, irp, context, 0x77])
    }
}

#[test]
fn a_request_is_put_in_marked_pending_and_taken_out_under_the_lock() {
    for mode in BOTH {
        let queue = Queue::new(mode, "IoCsqInitialize");
        let irp = queue.with_request(|address| {
            queue.bench.call("IoCsqInsertIrp", &[queue.address, address, 0]);
            assert_eq!(queue.calls(), "ail");
            queue.set_answer(address);
            let words = [queue.address, 0x55];
            let removed = queue.bench.call_for_pointer("IoCsqRemoveNextIrp", &words);
            assert_eq!((removed, &*queue.calls()), (address, "aprl"));
        });
        assert!(irp.is_marked_pending());
        assert!(!queue.bench.kernel.cancel_request(&irp), "it is out of the queue");
        assert_eq!(queue.calls(), "");
        assert_eq!(queue.bench.broken_rules(), [""; 0]);
    }
}

#[test]
fn an_empty_queue_gives_no_request() {
    for mode in BOTH {
        let queue = Queue::new(mode, "IoCsqInitialize");
        let words = [queue.address, 0];
        assert_eq!(queue.bench.call_for_pointer("IoCsqRemoveNextIrp", &words), 0);
        assert_eq!(queue.calls(), "apl");
    }
}

#[test]
fn a_cancelled_request_is_taken_out_and_completed_without_the_lock() {
    for mode in BOTH {
        let queue = Queue::new(mode, "IoCsqInitialize");
        let context = queue.bench.memory(24);
        let irp = queue.with_request(|address| {
            assert_eq!(queue.insert(address, context), NtStatus::SUCCESS);
            let fields = &queue.bench.guest.layout().io_csq_irp_context;
            let field = context + u64::from(fields.irp);
            assert_eq!(queue.bench.guest.load_word(field), address);
        });
        queue.calls();
        assert!(queue.bench.kernel.cancel_request(&irp));
        assert_eq!(queue.calls(), "arlc");
        let words = [queue.address, context];
        assert_eq!(queue.bench.call_for_pointer("IoCsqRemoveIrp", &words), 0);
        assert_eq!(queue.calls(), "al", "the context says that the request is gone");
    }
}

#[test]
fn a_request_is_taken_out_by_its_context_once() {
    for mode in BOTH {
        let queue = Queue::new(mode, "IoCsqInitialize");
        let context = queue.bench.memory(24);
        queue.with_request(|address| {
            queue.insert(address, context);
            queue.calls();
            let words = [queue.address, context];
            let remove = || queue.bench.call_for_pointer("IoCsqRemoveIrp", &words);
            assert_eq!((remove(), &*queue.calls()), (address, "arl"));
            assert_eq!((remove(), &*queue.calls()), (0, "al"));
        });
    }
}

#[test]
fn a_request_that_was_cancelled_before_is_completed_and_not_put_in() {
    for mode in BOTH {
        let queue = Queue::new(mode, "IoCsqInitialize");
        let irp = Irp::new(Parameters::Close, None, Vec::new());
        queue.bench.kernel.cancel_request(&irp);
        queue.bench.guest.with_irp(&irp, &queue.device, queue.bench.code(), |address| {
            assert_eq!(queue.insert(address, 0), NtStatus::SUCCESS);
            assert_eq!(queue.calls(), "c");
            NtStatus::PENDING
        });
        assert!(irp.is_marked_pending());
    }
}

#[test]
fn a_driver_may_refuse_to_put_a_request_in() {
    for mode in BOTH {
        let queue = Queue::new(mode, "IoCsqInitializeEx");
        queue.set_answer(0xC000_009A);
        let irp = queue.with_request(|address| {
            assert_eq!(queue.insert(address, 0), NtStatus::INSUFFICIENT_RESOURCES);
        });
        assert_eq!(queue.calls(), "ail");
        assert!(!irp.is_marked_pending());
        assert!(!queue.bench.kernel.cancel_request(&irp));
        queue.set_answer(0);
        queue.with_request(|address| {
            assert_eq!(queue.insert(address, 0), NtStatus::SUCCESS);
        });
    }
}

#[test]
fn a_search_that_finds_a_request_which_is_being_cancelled_for_ever_ends_without_it() {
    for mode in BOTH {
        let queue = Queue::new(mode, "IoCsqInitialize");
        let irp = queue.with_request(|address| {
            queue.insert(address, 0);
            queue.set_answer(address);
        });
        irp.set_cancel_routine(None);
        let peeks = queue.bench.memory(0x1_1000);
        queue.bench.guest.store_word(queue.log, peeks);
        let words = [queue.address, 0];
        let removed = queue.bench.call_for_pointer("IoCsqRemoveNextIrp", &words);
        assert_eq!(removed, 0);
    }
}

/// A callback that calls a routine of the kernel with one word, and then returns.
fn calling(bench: &Bench, name: &str, word: u8, words: u8) -> u64 {
    let routine = bench.guest.routine_address("ntoskrnl.exe", name).expect("it is there");
    let code = match bench.guest.mode() {
        // mov ecx, word; mov rax, routine; sub rsp, 28h; call rax; add rsp, 28h; ret
        Mode::Bits64 => [
            &[0xB9, word, 0, 0, 0, 0x48, 0xB8][..],
            &routine.to_le_bytes(),
            &[0x48, 0x83, 0xEC, 0x28, 0xFF, 0xD0, 0x48, 0x83, 0xC4, 0x28, 0xC3],
        ]
        .concat(),
        // mov ecx, word; mov eax, routine; call eax; ret 4 * words
        Mode::Bits32 => [
            &[0xB9, word, 0, 0, 0, 0xB8][..],
            &(routine as u32).to_le_bytes(),
            &[0xFF, 0xD0, 0xC2, 4 * words, 0],
        ]
        .concat(),
    };
    bench.code_block(&code)
}

#[test]
fn a_lock_that_leaves_another_irql_breaks_a_rule() {
    for mode in BOTH {
        let queue = Queue::new(mode, "IoCsqInitialize");
        let bench = &queue.bench;
        let raise = calling(bench, "KfRaiseIrql", 2, 2);
        let field = bench.guest.layout().io_csq.csq_acquire_lock;
        bench.guest.store_word(queue.address + u64::from(field), raise);
        queue.bench.call("IoCsqRemoveNextIrp", &[queue.address, 0]);
        assert_eq!(bench.broken_rules(), ["IrqlReturn"]);
        assert_eq!(bench.kernel.current_irql(), Irql::PASSIVE_LEVEL);
    }
}

#[test]
fn a_queue_that_was_not_initialised_breaks_a_rule() {
    for mode in BOTH {
        let bench = Bench::plain(mode);
        let queue = bench.memory(64);
        let status = bench.status("IoCsqInsertIrpEx", &[queue, 0, 0, 0]);
        assert_eq!(status, NtStatus::INVALID_PARAMETER);
        assert_eq!(bench.call("IoCsqRemoveNextIrp", &[queue, 0]), 0);
        assert_eq!(bench.call("IoCsqRemoveIrp", &[queue, 0]), 0);
        assert_eq!(bench.broken_rules(), ["uninitialised-object"; 3]);
    }
}

//! Requests that a dispatch routine or a property handler of the driver keeps.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use cpu_x86::Mode;
use portcls_emulator::{
    DeviceObject, DriverObject, FileObject, Irp, MajorFunction, NtStatus, Parameters, Stop,
};
use portcls_port::automation::PcPropertyRequest;
use portcls_port::ks::KsPropertyType;
use portcls_port::pc_new_service_group;

use super::{BOTH, Bench};
use crate::com::automation::read_property_item;
use portcls_driver_file::symbols::Symbols;

/// The RVA at which the code stores the address of the request.
const KEPT: u32 = 0x2900;

/// The offset of the deferred routine in the code. The deferred routine follows the dispatch
/// routine.
const DEFERRED: u64 = 0x1C;

/// The status with which the request is completed: STATUS_IO_DEVICE_ERROR.
const FINAL: NtStatus = NtStatus(0xC000_0185);

/// The RVA of the import's slot. The import is IofCompleteRequest.
const SLOT: u32 = 0x2040;

/// A dispatch routine that marks its request pending and keeps it, followed by a deferred routine
/// that completes the request.
fn code(mode: Mode) -> Vec<u8> {
    let guest = Bench::plain(mode).guest;
    let (base, irp) = (guest.loaded().base as u32, &guest.layout().irp);
    let location = irp.tail_overlay_current_stack_location.to_le_bytes();
    let control = guest.layout().io_stack_location.control as u8;
    let status = (irp.io_status + guest.layout().io_status_block.status).to_le_bytes();
    let answer = FINAL.0.to_le_bytes();
    let mut code = match mode {
        // mov edx, [esp+8]; mov eax, [edx+location]; or byte [eax+control], 1; mov [kept], edx;
        // mov eax, 103h; ret 8
        Mode::Bits32 => [
            &[0x8B, 0x54, 0x24, 0x08, 0x8B, 0x82][..],
            &location,
            &[0x80, 0x48, control, 0x01, 0x89, 0x15],
            &(base + KEPT).to_le_bytes(),
            &[0xB8, 0x03, 0x01, 0, 0, 0xC2, 0x08, 0],
        ]
        .concat(),
        // mov rax, [rdx+location]; or byte [rax+control], 1; mov [kept], rdx; mov eax, 103h; ret
        Mode::Bits64 => [
            &[0x48, 0x8B, 0x82][..],
            &location,
            &[0x80, 0x48, control, 0x01, 0x48, 0x89, 0x15],
            &(KEPT - 0x1012).to_le_bytes(),
            &[0xB8, 0x03, 0x01, 0, 0, 0xC3],
        ]
        .concat(),
    };
    code.resize(DEFERRED as usize, 0xCC);
    let deferred = match mode {
        // mov ecx, [kept]; mov dword [ecx+status], FINAL; xor edx, edx; call [slot]; ret 10h
        Mode::Bits32 => [
            &[0x8B, 0x0D][..],
            &(base + KEPT).to_le_bytes(),
            &[0xC7, 0x81],
            &status,
            &answer,
            &[0x31, 0xD2, 0xFF, 0x15],
            &(base + SLOT).to_le_bytes(),
            &[0xC2, 0x10, 0],
        ]
        .concat(),
        // mov rcx, [kept]; mov dword [rcx+status], FINAL; xor edx, edx; jmp [slot]
        Mode::Bits64 => [
            &[0x48, 0x8B, 0x0D][..],
            &(KEPT - 0x1023).to_le_bytes(),
            &[0xC7, 0x81],
            &status,
            &answer,
            &[0x31, 0xD2, 0xFF, 0x25],
            &(SLOT - 0x1035).to_le_bytes(),
        ]
        .concat(),
    };
    code.extend(deferred);
    code
}

/// A guest with a device whose control requests go to the dispatch routine of `code`.
fn bench(mode: Mode) -> (Bench, Rc<DeviceObject>) {
    let code = code(mode);
    let bench = Bench::importing(mode, [&code, &code], "IofCompleteRequest");
    let driver = DriverObject::new("test");
    let object = bench.guest.driver_pointer(&driver);
    let major = MajorFunction::DeviceControl;
    bench.guest.put_word(bench.guest.major_function(object, major.number()), bench.code());
    driver.set_major_function(major, bench.guest.dispatch_routine(object, major));
    (bench, DeviceObject::new(&driver))
}

fn request() -> Irp {
    let parameters = Parameters::DeviceControl { code: 3, input: vec![7], output_length: 0 };
    Irp::new(parameters, None, Vec::new())
}

fn kept(bench: &Bench) -> u64 {
    bench.guest.load_word(bench.guest.loaded().base + u64::from(KEPT))
}

fn left(bench: &Bench) -> Vec<String> {
    let symbols = || Symbols::new("test", &bench.guest.loaded().image);
    let leaks = bench.guest.left_behind(symbols).into_iter().map(|leak| leak.to_string());
    leaks.filter(|text| !text.starts_with("pool")).collect()
}

#[test]
fn a_pending_request_lives_until_a_dpc_completes_it_and_its_sender_sees_the_final_status() {
    for mode in BOTH {
        let (bench, device) = bench(mode);
        let (timer, dpc) = (bench.memory(64), bench.memory(64));
        bench.call("KeInitializeTimer", &[timer]);
        bench.call("KeInitializeDpc", &[dpc, bench.code() + DEFERRED, 0]);
        let due = (-30_000_i64) as u64;
        let words: &[u64] = match mode {
            Mode::Bits64 => &[timer, due, dpc],
            Mode::Bits32 => &[timer, due & 0xFFFF_FFFF, due >> 32, dpc],
        };
        bench.call("KeSetTimer", words);
        let irp = request();
        let status = bench.kernel.enter(|kernel| kernel.send_request_and_wait(&device, &irp));
        assert_eq!(status, Ok(FINAL));
        assert_eq!(bench.kernel.now_ns() / 1_000_000, 3);
        assert!(!bench.guest.is_readable(kept(&bench), 1), "its memory is gone");
        assert_eq!((left(&bench), bench.kernel.violation_count()), (Vec::new(), 0));
    }
}

#[test]
fn a_pending_request_that_nobody_completes_is_told_at_unload() {
    for mode in BOTH {
        let (bench, device) = bench(mode);
        let irp = request();
        let status = bench.kernel.enter(|kernel| kernel.send_request(&device, &irp));
        assert_eq!(status, Ok(NtStatus::PENDING));
        assert!(bench.guest.is_readable(kept(&bench), 1), "the driver still has it");
        assert_eq!(left(&bench), ["IRPs that were never completed: 1, handed to test!entry"]);
        bench.call("IofCompleteRequest", &[kept(&bench), 0]);
        assert_eq!(left(&bench), [""; 0]);
    }
}

#[test]
fn a_wait_for_a_request_that_nobody_completes_is_a_hang() {
    let (bench, device) = bench(Mode::Bits64);
    let irp = request();
    let stop = bench.kernel.enter(|kernel| kernel.send_request_and_wait(&device, &irp));
    match stop {
        Err(Stop::Hang(hang)) => {
            assert_eq!(hang.waits_for, "the completion of a DeviceControl request");
        }
        other => panic!("no hang but {other:?}"),
    }
}

#[test]
fn a_request_that_was_completed_may_not_be_touched_or_completed_again() {
    for mode in BOTH {
        let (bench, device) = bench(mode);
        let irp = request();
        let _ = bench.kernel.enter(|kernel| kernel.send_request(&device, &irp));
        let address = kept(&bench);
        bench.call("IofCompleteRequest", &[address, 0]);
        assert_eq!(bench.bug_check("IofCompleteRequest", &[address, 0]), (0x44, address));
    }
}

/// A property request whose item is in guest memory and whose handler is the bench's code.
fn property_request(bench: &Bench) -> Rc<PcPropertyRequest> {
    let (guest, fields) = (&bench.guest, &bench.guest.layout().pcproperty_item);
    let item = bench.memory(u64::from(fields.size_of));
    guest.store_word(item + u64::from(fields.set), bench.memory(16));
    guest.store_word(item + u64::from(fields.handler), bench.code());
    let device = DeviceObject::new(&DriverObject::new("test"));
    let parameters = Parameters::DeviceControl { code: 3, input: Vec::new(), output_length: 4 };
    Rc::new(PcPropertyRequest {
        major_target: pc_new_service_group(&bench.kernel, None).expect("a new object"),
        minor_target: None,
        node: PcPropertyRequest::NO_NODE,
        property_item: read_property_item(guest, item),
        verb: KsPropertyType::GET,
        instance: Vec::new(),
        value: RefCell::new(vec![0; 4]),
        value_size: Cell::new(4),
        irp: Irp::new(parameters, Some(FileObject::new(&device, None)), Vec::new()),
    })
}

#[test]
fn a_pending_property_request_is_told_once_and_its_irp_goes_when_it_is_completed() {
    // mov eax, [esp+4]; mov [kept], eax; mov eax, 103h; ret 4
    let narrow = |base: u32| {
        let kept = (base + KEPT).to_le_bytes();
        let rest = [0xB8, 0x03, 0x01, 0, 0, 0xC2, 0x04, 0];
        [&[0x8B, 0x44, 0x24, 0x04, 0xA3][..], &kept, &rest].concat()
    };
    // mov [kept], rcx; mov eax, 103h; ret
    let kept_ahead = (KEPT - 0x1007).to_le_bytes();
    let wide = [&[0x48, 0x89, 0x0D][..], &kept_ahead, &[0xB8, 0x03, 0x01, 0, 0, 0xC3]].concat();
    for mode in BOTH {
        let base = Bench::plain(mode).guest.loaded().base as u32;
        let bench = Bench::new(mode, [&narrow(base), &wide]);
        let request = property_request(&bench);
        let handler = request.property_item.handler.clone().expect("it has one");
        // Before the handler, the driver's dispatch routine gets the same request.
        let device = Rc::clone(request.irp.file().expect("it has one").device());
        let answer = bench.guest.with_irp(&request.irp, &device, bench.code(), |_| {
            let answer = bench.kernel.enter(|kernel| handler(kernel, &request));
            answer.expect("it returns")
        });
        assert_eq!(answer, NtStatus::PENDING);
        let told = "property requests that were never completed: 1, handed to test!entry";
        assert_eq!(left(&bench), [told]);
        let shown = kept(&bench);
        let field = u64::from(bench.guest.layout().pcproperty_request.irp);
        let irp = bench.guest.load_word(shown + field);
        assert!(bench.guest.is_readable(irp, 1));
        let status = bench.status("PcCompletePendingPropertyRequest", &[shown, 0]);
        assert_eq!((status, request.irp.is_completed()), (NtStatus::SUCCESS, true));
        assert!(!bench.guest.is_readable(irp, 1), "its memory is gone");
        assert_eq!(left(&bench), [""; 0]);
    }
}

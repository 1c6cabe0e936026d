//! The calls for code that runs compiled drivers: what runs, and the time.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use portcls_emulator::{Dpc, Kernel, KernelConfig, WorkItem};

#[test]
fn what_runs_is_known_inside_a_dpc_a_work_item_and_a_service_routine() {
    let kernel = Kernel::new(KernelConfig::default());
    let seen = Rc::new(RefCell::new(Vec::new()));
    let look = |kernel: &Kernel, seen: &Rc<RefCell<Vec<String>>>| {
        seen.borrow_mut().push(kernel.running().to_string());
    };
    let inner = Rc::clone(&seen);
    let dpc = Dpc::new(&kernel, "look", Rc::new(move |kernel| look(kernel, &inner)));
    let inner = Rc::clone(&seen);
    let item = WorkItem::new(Rc::new(move |kernel| {
        look(kernel, &inner);
        kernel.insert_queue_dpc(&dpc);
        look(kernel, &inner);
    }));
    let result = kernel.enter(|kernel| {
        look(kernel, &seen);
        kernel.queue_work_item(&item);
        kernel.run_until(1_000);
        look(kernel, &seen);
    });
    assert_eq!(result, Ok(()));
    let expected = ["a thread", "a work item", "a DPC", "a work item", "a thread"];
    assert_eq!(*seen.borrow(), expected);
}

#[test]
fn something_that_is_not_there_stops_the_machine_by_name() {
    let kernel = Kernel::new(KernelConfig::default());
    let result = kernel.enter(|kernel| kernel.unsupported("IoCallDriver of ntoskrnl.exe"));
    let stop = result.unwrap_err();
    assert_eq!(stop.to_string(), "not supported: IoCallDriver of ntoskrnl.exe");
    assert!(kernel.is_frozen());
}

#[test]
fn code_outside_the_kernel_spends_its_time_up_to_the_next_deadline() {
    let kernel = Kernel::new(KernelConfig::default());
    let seen_ns = Rc::new(Cell::new(0));
    let seen = Rc::clone(&seen_ns);
    kernel.at(700, move |kernel| seen.set(kernel.now_ns()));
    assert_eq!(kernel.next_deadline_ns(), 700);
    kernel.busy_until(699);
    assert_eq!((kernel.now_ns(), seen_ns.get()), (699, 0));
    kernel.busy_until(900);
    assert_eq!((kernel.now_ns(), seen_ns.get()), (900, 700));
    kernel.busy_until(100);
    assert_eq!(kernel.now_ns(), 900, "time never goes back");
}

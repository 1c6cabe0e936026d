//! What the bus and the kernel tell of their state.

mod fake;

use std::cell::RefCell;
use std::rc::Rc;

use fake::{Bell, PORT, Switch, connect, kernel};
use portcls_emulator::trace::TraceLog;
use portcls_emulator::{
    Answer, BusDevice, Claim, DeviceReply, Dpc, DpcImportance, DueTime, Event, EventKind,
    Inspection, InterruptLine, Irql, Kernel, LineState, Outputs, SpinLock, Stop, Timeout, Timer,
    TimerKind, TriggerMode, WorkItem,
};

/// A device that only tells its state.
struct Teller;

impl Teller {
    fn reply() -> DeviceReply {
        let outputs = Outputs { line: LineState::Down, next_event_ns: u64::MAX, has_serial: false };
        DeviceReply::Changed(Answer { value: 0, note: 0 }, outputs)
    }
}

impl BusDevice for Teller {
    fn notes(&self) -> &'static [&'static str] {
        &[]
    }

    fn read(&mut self, _: u16, _: u64) -> DeviceReply {
        Teller::reply()
    }

    fn write(&mut self, _: u16, _: u8, _: u64) -> DeviceReply {
        Teller::reply()
    }

    fn advance(&mut self, _: u64) -> DeviceReply {
        Teller::reply()
    }

    fn inspect(&self, now_ns: u64, told: &mut Inspection) {
        told.tell("age", format_args!("{now_ns} ns"));
    }
}

fn texts(told: &[Inspection]) -> Vec<String> {
    told.iter().map(Inspection::to_string).collect()
}

#[test]
fn a_bus_without_a_device_says_so() {
    assert_eq!(texts(&kernel().inspect_devices()), ["no device is on the bus"]);
}

#[test]
fn each_device_tells_of_itself_and_one_that_does_not_is_told_by_its_place() {
    let kernel = kernel();
    kernel.attach_device(PORT, 2, Some(9), Bell::ringing_at(&[5_000]));
    let teller = kernel.attach_device(0x388, 1, None, Box::new(Teller));
    kernel.stall_us(3);
    let silent = "the device at ports 330 to 331, irq 9
  state          this device tells nothing of itself
  interrupt line down
  next event     5.000 us";
    let talking = "the device at port 388
  age            3000 ns
  next event     never";
    assert_eq!(texts(&kernel.inspect_devices()), [silent, talking]);
    assert_eq!(kernel.inspect_devices()[1].value("age"), Some("3000 ns"));
    kernel.detach_device(teller);
    let pulled = "the device at port 388
  bus            it was pulled off: its ports read FF";
    assert_eq!(texts(&kernel.inspect_devices()), [silent, pulled]);
}

#[test]
fn a_kernel_at_rest_has_nothing_in_its_queues() {
    assert_eq!(
        kernel().inspect_queues().to_string(),
        "the kernel at 0.000 us
  IRQL           0 (PASSIVE_LEVEL)
  running        a thread
  interrupts     none
  DPC queue      none
  timers         none
  work items     none
  spin locks     none
  waits          none"
    );
}

#[test]
fn what_waits_is_told_in_the_order_in_which_it_comes() {
    let kernel = kernel();
    kernel.wire_line(InterruptLine { number: 9, trigger: TriggerMode::Level });
    let hand = Switch::attach(&kernel, 9);
    let dpc = |name| Dpc::new(&kernel, name, Rc::new(|_| ()));
    let (periodic, single) =
        (Timer::new(TimerKind::Notification), Timer::new(TimerKind::Notification));
    let cancelled = Timer::new(TimerKind::Notification);
    kernel.set_timer(&periodic, DueTime::Relative(25_000), 10, Some(&dpc("tick")));
    kernel.set_timer(&cancelled, DueTime::Relative(1), 0, None);
    kernel.set_timer(&single, DueTime::Relative(15_000), 0, None);
    kernel.cancel_timer(&cancelled);
    kernel.queue_work_item(&WorkItem::new(Rc::new(|_| ())));
    let lock = SpinLock::new();
    kernel.acquire_spin_lock(&lock);
    kernel.stall_us(7);
    let (first, second, urgent) = (dpc("first"), dpc("second"), dpc("urgent"));
    second.set_importance(DpcImportance::Low);
    urgent.set_importance(DpcImportance::High);
    for queued in [&first, &second, &urgent] {
        kernel.insert_queue_dpc(queued);
        kernel.stall_us(1);
    }
    hand.set(&kernel, LineState::Up);
    assert_eq!(
        kernel.inspect_queues().to_string(),
        "the kernel at 10.000 us
  IRQL           2 (DISPATCH_LEVEL)
  running        a thread
  interrupts     irq 9 is up, asks for service, no service routine
  DPC queue      'urgent', high importance, queued at 9.000 us
                 'first', medium importance, queued at 7.000 us
                 'second', low importance, queued at 8.000 us
  timers         due at 1500.000 us, clock interrupt at 2000.000 us, once, no DPC
                 due at 2500.000 us, clock interrupt at 3000.000 us, every 10 ms, the DPC 'tick'
  work items     1 queued
  spin locks     one held since 0.000 us by a thread
  waits          none"
    );
    kernel.release_spin_lock(&lock, Irql::PASSIVE_LEVEL);
    let after = kernel.inspect_queues();
    assert_eq!((after.value("spin locks"), after.value("DPC queue")), (Some("none"), Some("none")));
}

#[test]
fn a_held_lock_whose_memory_goes_is_told_no_more() {
    let kernel = kernel();
    let lock = SpinLock::new();
    kernel.acquire_spin_lock(&lock);
    drop(lock);
    assert_eq!(kernel.inspect_queues().value("spin locks"), Some("none"));
}

#[test]
fn a_dpc_and_its_masked_interrupt_are_told_from_inside() {
    let kernel = kernel();
    kernel.wire_line(InterruptLine { number: 9, trigger: TriggerMode::Level });
    let hand = Switch::attach(&kernel, 9);
    let told = Rc::new(RefCell::new(Vec::new()));
    let kept = Rc::clone(&told);
    let routine = move |kernel: &Kernel| {
        hand.set(kernel, LineState::Up);
        kept.borrow_mut().push(kernel.inspect_queues());
        hand.set(kernel, LineState::Down);
    };
    connect(&kernel, 9, TriggerMode::Level, Rc::new(|_| Claim::NotMine));
    let dpc = Dpc::new(
        &kernel,
        "look",
        Rc::new(move |kernel| {
            let old = kernel.raise_irql(Irql::HIGH_LEVEL);
            routine(kernel);
            kernel.lower_irql(old);
        }),
    );
    kernel.insert_queue_dpc(&dpc);
    let told = told.borrow();
    let masked = "irq 9 is up, asks for service and is masked, 1 service routine";
    assert_eq!(told[0].value("interrupts"), Some(masked));
    assert_eq!(told[0].value("running"), Some("the DPC 'look'"));
    assert_eq!(told[0].value("DPC queue"), Some("none"), "it left the queue before it ran");
}

/// The stop of a wait, and what the kernel told at that moment.
fn told_at_stop(wait: impl FnOnce(&Kernel)) -> (Stop, Inspection) {
    let kernel = kernel();
    let told = Rc::new(RefCell::new(None));
    let kept = Rc::clone(&told);
    kernel.observe_stop(Rc::new(move |kernel, _| {
        *kept.borrow_mut() = Some(kernel.inspect_queues());
    }));
    let stop = kernel.enter(wait).expect_err("nothing can end it");
    let told = told.take().expect("an observer is told of every stop");
    (stop, told)
}

#[test]
fn a_hang_tells_each_wait_that_stands_the_innermost_first() {
    let (stop, told) = told_at_stop(|kernel| {
        let outer = Event::new(EventKind::Notification, "outer");
        kernel.queue_work_item(&WorkItem::new(Rc::new(|kernel| {
            kernel.stall_us(2);
            let inner = Event::new(EventKind::Notification, "inner");
            kernel.wait_for_single_object(&inner, Timeout::Never);
        })));
        kernel.wait_for_single_object(&outer, Timeout::Relative(30));
    });
    assert!(matches!(stop, Stop::Hang(_)), "{stop}");
    let text = told.to_string();
    let waits = "
  running        a work item
  interrupts     none
  DPC queue      none
  timers         none
  work items     none
  spin locks     none
  waits          for the event 'inner', since 2.000 us
                 for the event 'outer', since 0.000 us, at most until 1000.000 us";
    assert!(text.ends_with(waits), "{text}");
}

#[test]
fn a_wait_that_ended_is_told_no_more() {
    let kernel = kernel();
    kernel.delay_execution_thread(5);
    assert_eq!(kernel.inspect_queues().value("waits"), Some("none"));
}

/// A run with a bell, a timer, a DPC and a lock. The run calls `look` three times in each round.
fn run(look: impl Fn(&Kernel)) -> TraceLog {
    let kernel = kernel();
    kernel.wire_line(InterruptLine { number: 9, trigger: TriggerMode::Level });
    kernel.attach_device(PORT, 2, Some(9), Bell::ringing_at(&[1_500, 40_000, 2_000_000]));
    kernel.attach_device(0x388, 1, None, Box::new(Teller));
    let lock = SpinLock::new();
    let dpc = Dpc::new(&kernel, "work", Rc::new(|kernel| kernel.stall_us(3)));
    let timer = Timer::new(TimerKind::Notification);
    kernel.set_timer(&timer, DueTime::Relative(100), 1, Some(&dpc));
    for step in 0..50_u32 {
        look(&kernel);
        let old = kernel.acquire_spin_lock(&lock);
        look(&kernel);
        let _ = kernel.read_port_u8(PORT);
        kernel.insert_queue_dpc(&dpc);
        look(&kernel);
        kernel.release_spin_lock(&lock, old);
        kernel.stall_us(step);
        kernel.delay_execution_thread(u64::from(step) * 100);
    }
    kernel.trace().log()
}

#[test]
fn a_look_changes_nothing_in_a_run() {
    let looked = run(|kernel| {
        let _ = (kernel.inspect_devices(), kernel.inspect_queues().to_string());
    });
    assert!(looked.events().eq(run(|_| ()).events()));
}

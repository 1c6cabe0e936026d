//! Interrupt sync objects: the modes, the order, exclusion, connection.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use portcls_emulator::{
    Answer, BusDevice, DeviceId, DeviceReply, InterruptLine, Irql, Kernel, KernelConfig, LineState,
    NtStatus, Outputs, PoolType, Resource, Share, Stop, TriggerMode,
};
use portcls_port::interfaces::{IInterruptSync, InterruptSyncMode, RoutinePosition};
use portcls_port::{pc_new_interrupt_sync, pc_new_resource_list};

/// The line of the device.
const LINE: u8 = 9;

/// A device whose line stays up until it was served a number of times.
struct Lamp(Rc<Cell<u32>>);

impl BusDevice for Lamp {
    fn notes(&self) -> &'static [&'static str] {
        &[]
    }

    fn read(&mut self, _offset: u16, now_ns: u64) -> DeviceReply {
        self.0.set(self.0.get().saturating_sub(1));
        self.advance(now_ns)
    }

    fn write(&mut self, _offset: u16, _value: u8, now_ns: u64) -> DeviceReply {
        self.advance(now_ns)
    }

    fn advance(&mut self, _now_ns: u64) -> DeviceReply {
        let line = if self.0.get() > 0 { LineState::Up } else { LineState::Down };
        let outputs = Outputs { line, next_event_ns: u64::MAX, has_serial: false };
        DeviceReply::Changed(Answer { value: 0, note: 0 }, outputs)
    }
}

struct Bench {
    kernel: Kernel,
    sync: Rc<dyn IInterruptSync>,
    waiting: Rc<Cell<u32>>,
    lamp: DeviceId,
    log: Rc<RefCell<Vec<&'static str>>>,
}

impl Bench {
    fn new(mode: InterruptSyncMode) -> Bench {
        let kernel = Kernel::new(KernelConfig::default());
        kernel.wire_line(InterruptLine { number: LINE, trigger: TriggerMode::Level });
        let waiting = Rc::new(Cell::new(0));
        let lamp = Box::new(Lamp(Rc::clone(&waiting)));
        let lamp = kernel.attach_device(0x330, 2, Some(LINE), lamp);
        let sync = new_sync(&kernel, 0, mode).unwrap();
        Bench { kernel, sync, waiting, lamp, log: Rc::default() }
    }

    /// Adds a routine. Each of its first `served` calls serves the device and succeeds. Every later
    /// call fails.
    fn add(&self, name: &'static str, served: u32, position: RoutinePosition) {
        let (log, left) = (Rc::clone(&self.log), Cell::new(served));
        let routine = move |kernel: &Kernel| {
            assert_eq!(kernel.current_irql(), Irql::of_line(LINE));
            log.borrow_mut().push(name);
            if left.get() == 0 {
                return NtStatus::UNSUCCESSFUL;
            }
            left.set(left.get() - 1);
            let _ = kernel.read_port_u8(0x330);
            NtStatus::SUCCESS
        };
        self.sync.register_service_routine(&self.kernel, Rc::new(routine), position).unwrap();
    }

    /// Raises the line until the device was served `times` times.
    fn ring(&self, times: u32) {
        self.waiting.set(times);
        self.kernel.touch_device(self.lamp);
        // A preemption point, at which the interrupt can begin.
        self.kernel.stall_us(1);
    }

    fn names(&self) -> Vec<&'static str> {
        self.log.take()
    }
}

fn interrupt() -> Resource {
    Resource::Interrupt {
        level: u32::from(Irql::of_line(LINE).0),
        vector: InterruptLine::vector_of(LINE),
        affinity: 1,
        trigger: TriggerMode::Level,
        share: Share::Shared,
    }
}

fn new_sync(
    kernel: &Kernel,
    index: u32,
    mode: InterruptSyncMode,
) -> Result<Rc<dyn IInterruptSync>, NtStatus> {
    let resources = [Resource::Port { start: 0x330, length: 2 }, interrupt()];
    let list = pc_new_resource_list(kernel, None, PoolType::Paged, &resources, &resources)?;
    pc_new_interrupt_sync(kernel, None, &list, index, mode)
}

#[test]
fn normal_stops_at_the_first_routine_that_succeeds() {
    let bench = Bench::new(InterruptSyncMode::Normal);
    bench.add("b", 9, RoutinePosition::Tail);
    bench.add("c", 9, RoutinePosition::Tail);
    bench.add("a", 0, RoutinePosition::Head);
    bench.sync.connect(&bench.kernel).unwrap();
    bench.ring(1);
    assert_eq!(bench.names(), ["a", "b"]);
    bench.ring(2);
    assert_eq!(bench.names(), ["a", "b", "a", "b"]);
    assert_eq!(bench.kernel.counters().unclaimed_interrupts, 0);
}

#[test]
fn all_calls_each_routine_once_whoever_succeeds() {
    let bench = Bench::new(InterruptSyncMode::All);
    bench.add("a", 9, RoutinePosition::Tail);
    bench.add("b", 0, RoutinePosition::Tail);
    bench.sync.connect(&bench.kernel).unwrap();
    bench.ring(1);
    assert_eq!(bench.names(), ["a", "b"]);
    assert_eq!(bench.kernel.counters().unclaimed_interrupts, 0);
}

#[test]
fn repeat_makes_passes_until_one_in_which_nobody_succeeds() {
    let bench = Bench::new(InterruptSyncMode::Repeat);
    bench.add("a", 2, RoutinePosition::Tail);
    bench.add("b", 1, RoutinePosition::Tail);
    bench.sync.connect(&bench.kernel).unwrap();
    bench.ring(3);
    assert_eq!(bench.names(), ["a", "b", "a", "b", "a", "b"]);
    assert_eq!(bench.kernel.counters().interrupts, 1);
    assert_eq!(bench.kernel.counters().unclaimed_interrupts, 0);
}

#[test]
fn repeat_with_a_routine_that_always_succeeds_is_a_hang() {
    let bench = Bench::new(InterruptSyncMode::Repeat);
    let routine = Rc::new(|_: &Kernel| NtStatus::SUCCESS);
    let position = RoutinePosition::Tail;
    bench.sync.register_service_routine(&bench.kernel, routine, position).unwrap();
    bench.sync.connect(&bench.kernel).unwrap();
    let stop = bench.kernel.enter(|_| bench.ring(1));
    assert!(matches!(stop, Err(Stop::Hang(_))), "{stop:?}");
}

#[test]
fn only_the_exact_status_success_claims_an_interrupt() {
    for status in [NtStatus::UNSUCCESSFUL, NtStatus::PENDING] {
        let bench = Bench::new(InterruptSyncMode::All);
        let routine = Rc::new(move |kernel: &Kernel| {
            let _ = kernel.read_port_u8(0x330);
            status
        });
        let position = RoutinePosition::Tail;
        bench.sync.register_service_routine(&bench.kernel, routine, position).unwrap();
        bench.sync.connect(&bench.kernel).unwrap();
        bench.ring(1);
        assert_eq!(bench.kernel.counters().unclaimed_interrupts, 1);
    }
}

#[test]
fn a_synchronised_routine_keeps_service_routines_out_and_passes_its_status() {
    let bench = Bench::new(InterruptSyncMode::Normal);
    bench.add("isr", 9, RoutinePosition::Tail);
    bench.sync.connect(&bench.kernel).unwrap();
    let status = bench.sync.call_synchronized_routine(&bench.kernel, &mut |kernel| {
        assert_eq!(kernel.current_irql(), Irql::of_line(LINE));
        bench.ring(1);
        kernel.stall_us(50);
        assert!(bench.log.borrow().is_empty());
        NtStatus::NO_MATCH
    });
    assert_eq!(status, NtStatus::NO_MATCH);
    assert_eq!(bench.names(), ["isr"]);
    assert_eq!(bench.kernel.current_irql(), Irql::PASSIVE_LEVEL);
    assert_eq!(bench.kernel.violation_count(), 0);
}

#[test]
fn a_synchronised_call_inside_a_service_routine_is_a_bug_check() {
    let bench = Bench::new(InterruptSyncMode::Normal);
    let sync = Rc::downgrade(&bench.sync);
    let routine = move |kernel: &Kernel| {
        let sync = sync.upgrade().unwrap();
        sync.call_synchronized_routine(kernel, &mut |_| NtStatus::SUCCESS)
    };
    let position = RoutinePosition::Tail;
    bench.sync.register_service_routine(&bench.kernel, Rc::new(routine), position).unwrap();
    bench.sync.connect(&bench.kernel).unwrap();
    match bench.kernel.enter(|_| bench.ring(1)) {
        Err(Stop::BugCheck(bug)) => assert_eq!(bug.code.number(), 0x0F),
        other => panic!("{other:?}"),
    }
}

#[test]
fn before_connect_a_synchronised_routine_runs_at_device_level_and_no_routine_is_called() {
    let bench = Bench::new(InterruptSyncMode::Normal);
    bench.add("isr", 9, RoutinePosition::Tail);
    assert!(bench.sync.get_kinterrupt().is_none());
    bench.ring(1);
    let level = Cell::new(Irql::PASSIVE_LEVEL);
    let status = bench.sync.call_synchronized_routine(&bench.kernel, &mut |kernel| {
        level.set(kernel.current_irql());
        NtStatus::SUCCESS
    });
    assert_eq!((status, level.get()), (NtStatus::SUCCESS, Irql::of_line(LINE)));
    assert!(bench.names().is_empty());
    // The interrupt that waited is delivered before Connect returns.
    bench.sync.connect(&bench.kernel).unwrap();
    assert_eq!(bench.names(), ["isr"]);
    assert!(bench.sync.get_kinterrupt().is_some());
    assert_eq!(bench.kernel.violation_count(), 0);
}

#[test]
fn disconnect_and_drop_both_end_the_connection() {
    for by_drop in [false, true] {
        let bench = Bench::new(InterruptSyncMode::Normal);
        bench.add("isr", 9, RoutinePosition::Tail);
        bench.sync.connect(&bench.kernel).unwrap();
        bench.sync.connect(&bench.kernel).unwrap();
        bench.ring(1);
        assert_eq!(bench.names(), ["isr"]);
        let Bench { kernel, sync, waiting, lamp, log } = bench;
        if by_drop {
            drop(sync);
        } else {
            sync.disconnect(&kernel);
            sync.disconnect(&kernel);
            assert!(sync.get_kinterrupt().is_none());
        }
        waiting.set(1);
        kernel.touch_device(lamp);
        kernel.stall_us(10);
        assert!(log.borrow().is_empty());
    }
}

#[test]
fn connect_without_a_routine_connects_an_interrupt_that_nobody_serves_yet() {
    let bench = Bench::new(InterruptSyncMode::Normal);
    bench.sync.connect(&bench.kernel).unwrap();
    assert!(bench.sync.get_kinterrupt().is_some());
    bench.add("isr", 9, RoutinePosition::Tail);
    bench.ring(1);
    assert_eq!(bench.names(), ["isr"]);
    assert_eq!(bench.kernel.violation_count(), 0);
}

#[test]
fn a_wrong_index_is_refused() {
    let bench = Bench::new(InterruptSyncMode::Normal);
    let refused = new_sync(&bench.kernel, 1, InterruptSyncMode::Normal).err();
    assert_eq!(refused, Some(NtStatus::INVALID_PARAMETER));
}

#[test]
fn passive_calls_from_device_level_are_violations() {
    let bench = Bench::new(InterruptSyncMode::Normal);
    bench.add("isr", 9, RoutinePosition::Tail);
    let old = bench.kernel.raise_irql(Irql::of_line(LINE));
    bench.sync.disconnect(&bench.kernel);
    bench.kernel.lower_irql(old);
    assert_eq!(bench.kernel.violation_count(), 1);
    let old = bench.kernel.raise_irql(Irql::HIGH_LEVEL);
    bench.sync.call_synchronized_routine(&bench.kernel, &mut |_| NtStatus::SUCCESS);
    bench.kernel.lower_irql(old);
    assert_eq!(bench.kernel.violation_count(), 2);
}

//! Service groups: members, membership that changes, delayed service.

use std::cell::RefCell;
use std::rc::{Rc, Weak};

use portcls_emulator::{Irql, Kernel, KernelConfig, NtStatus, Progress};
use portcls_port::com::{IUnknown, Interface, query};
use portcls_port::guid::Guid;
use portcls_port::interfaces::{IServiceGroup, IServiceSink};
use portcls_port::{answer_query, pc_new_service_group};

/// The names of the sinks that were called, each with the time in us.
type Log = Rc<RefCell<Vec<(u64, &'static str)>>>;

/// A sink that writes its name down, and then calls `more`.
struct Sink {
    name: &'static str,
    log: Log,
    more: Box<dyn Fn(&Kernel)>,
}

impl IUnknown for Sink {
    fn query_interface(self: Rc<Self>, iid: &Guid) -> Result<Interface, NtStatus> {
        answer_query!(self, iid, IServiceSink)
    }
}

impl IServiceSink for Sink {
    fn request_service(&self, kernel: &Kernel) {
        assert_eq!(kernel.current_irql(), Irql::DISPATCH_LEVEL);
        self.log.borrow_mut().push((kernel.now_ns() / 1_000, self.name));
        (self.more)(kernel);
    }
}

struct Bench {
    kernel: Kernel,
    group: Rc<dyn IServiceGroup>,
    log: Log,
}

impl Bench {
    fn new() -> Bench {
        let kernel = Kernel::new(KernelConfig::default());
        let group = pc_new_service_group(&kernel, None).unwrap();
        Bench { kernel, group, log: Log::default() }
    }

    fn add(&self, name: &'static str) -> Rc<dyn IServiceSink> {
        self.add_that(name, |_| ())
    }

    fn add_that(
        &self,
        name: &'static str,
        more: impl Fn(&Kernel) + 'static,
    ) -> Rc<dyn IServiceSink> {
        let log = Rc::clone(&self.log);
        let sink: Rc<dyn IServiceSink> = Rc::new(Sink { name, log, more: Box::new(more) });
        self.group.add_member(&self.kernel, Rc::clone(&sink)).unwrap();
        sink
    }

    fn request(&self) {
        self.group.request_service(&self.kernel);
        self.kernel.flush_queued_dpcs();
    }

    fn names(&self) -> Vec<&'static str> {
        self.log.take().into_iter().map(|(_, name)| name).collect()
    }

    fn check(&self, violations: u64) {
        assert_eq!(self.kernel.violation_count(), violations, "{:?}", self.kernel.violations());
    }
}

#[test]
fn members_are_called_in_the_order_in_which_they_were_added() {
    let bench = Bench::new();
    let (_a, b, _c) = (bench.add("a"), bench.add("b"), bench.add("c"));
    bench.request();
    assert_eq!(bench.names(), ["a", "b", "c"]);
    bench.group.remove_member(&bench.kernel, &b);
    bench.group.remove_member(&bench.kernel, &b);
    bench.request();
    assert_eq!(bench.names(), ["a", "c"]);
    bench.check(0);
}

#[test]
fn requests_before_the_dpc_are_one_and_one_inside_it_is_another() {
    let bench = Bench::new();
    let group = Rc::clone(&bench.group);
    let again = std::cell::Cell::new(true);
    let _sink = bench.add_that("sink", move |kernel| {
        if again.replace(false) {
            group.request_service(kernel);
        }
    });
    let old = bench.kernel.raise_irql(Irql(9));
    for _ in 0..5 {
        bench.group.request_service(&bench.kernel);
    }
    assert!(bench.names().is_empty());
    bench.kernel.lower_irql(old);
    assert_eq!(bench.names(), ["sink", "sink"]);
    bench.check(0);
}

#[test]
fn a_group_holds_its_members_until_they_leave() {
    let bench = Bench::new();
    let sink = bench.add("sink");
    assert_eq!(Rc::strong_count(&sink), 2);
    bench.group.remove_member(&bench.kernel, &sink);
    assert_eq!(Rc::strong_count(&sink), 1);
}

#[test]
fn a_member_that_another_one_removed_is_not_called_any_more() {
    let bench = Bench::new();
    let victim: Rc<RefCell<Option<Rc<dyn IServiceSink>>>> = Rc::default();
    let (group, known) = (Rc::downgrade(&bench.group), Rc::clone(&victim));
    let _first = bench.add_that("first", move |kernel| {
        if let (Some(group), Some(sink)) = (group.upgrade(), known.take()) {
            group.remove_member(kernel, &sink);
        }
    });
    *victim.borrow_mut() = Some(bench.add("victim"));
    bench.request();
    assert_eq!(bench.names(), ["first"]);
    // RemoveMember must be called at PASSIVE_LEVEL, so there is a violation.
    bench.check(1);
}

#[test]
fn the_257th_member_is_refused() {
    let bench = Bench::new();
    for _ in 0..256 {
        bench.add("one");
    }
    let sink: Rc<dyn IServiceSink> =
        Rc::new(Sink { name: "more", log: Log::default(), more: Box::new(|_| ()) });
    let refused = bench.group.add_member(&bench.kernel, sink);
    assert_eq!(refused, Err(NtStatus::INSUFFICIENT_RESOURCES));
}

#[test]
fn a_group_in_a_group_is_served_in_a_dpc_of_its_own() {
    let bench = Bench::new();
    let inner = Bench { group: pc_new_service_group(&bench.kernel, None).unwrap(), ..Bench::new() };
    let _sink = inner.add("inner");
    let as_sink = query::<dyn IServiceSink>(&inner.group).unwrap();
    bench.group.add_member(&bench.kernel, as_sink).unwrap();
    let _after = bench.add("outer");
    bench.request();
    assert_eq!((bench.names(), inner.names()), (vec!["outer"], vec!["inner"]));
    bench.check(0);
}

#[test]
fn delayed_service_comes_once_at_its_time_and_the_last_request_counts() {
    let bench = Bench::new();
    let _sink = bench.add("sink");
    bench.group.support_delayed_service(&bench.kernel);
    bench.group.support_delayed_service(&bench.kernel);
    bench.group.request_delayed_service(&bench.kernel, -30_000);
    bench.group.request_delayed_service(&bench.kernel, -50_000);
    bench.kernel.run_until(20_000_000);
    assert_eq!(bench.log.take(), [(5_000, "sink")]);
    let at = bench.kernel.system_time_100ns() as i64 + 70_000;
    bench.group.request_delayed_service(&bench.kernel, at);
    bench.kernel.run_until(50_000_000);
    assert_eq!(bench.log.take(), [(27_000, "sink")]);
    bench.check(0);
}

#[test]
fn delayed_service_that_was_taken_back_does_not_come() {
    let bench = Bench::new();
    let _sink = bench.add("sink");
    bench.group.support_delayed_service(&bench.kernel);
    bench.group.request_delayed_service(&bench.kernel, -30_000);
    bench.group.cancel_delayed_service(&bench.kernel);
    bench.kernel.run_until(20_000_000);
    // The delayed service does not come either if it is taken back when its time has come but its
    // DPC has not run yet. This happens only to a driver that takes it back at too high a level.
    bench.group.request_delayed_service(&bench.kernel, -10_000);
    let old = bench.kernel.raise_irql(Irql::DISPATCH_LEVEL);
    bench.kernel.stall_us(5_000);
    bench.group.cancel_delayed_service(&bench.kernel);
    bench.kernel.lower_irql(old);
    bench.kernel.run_until(40_000_000);
    assert!(bench.names().is_empty());
    bench.check(1);
}

#[test]
fn delayed_service_without_support_is_a_violation() {
    let bench = Bench::new();
    bench.group.cancel_delayed_service(&bench.kernel);
    bench.group.request_delayed_service(&bench.kernel, -10_000);
    bench.kernel.run_until(10_000_000);
    bench.check(1);
}

#[test]
fn a_group_that_is_dropped_takes_its_timer_dpcs_and_members_along() {
    let Bench { kernel, group, log } = Bench::new();
    let sink: Rc<dyn IServiceSink> =
        Rc::new(Sink { name: "sink", log: Rc::clone(&log), more: Box::new(|_| ()) });
    group.add_member(&kernel, Rc::clone(&sink)).unwrap();
    group.support_delayed_service(&kernel);
    group.request_delayed_service(&kernel, -10_000);
    let old = kernel.raise_irql(Irql::DISPATCH_LEVEL);
    group.request_service(&kernel);
    let weak: Weak<dyn IServiceGroup> = Rc::downgrade(&group);
    drop(group);
    kernel.lower_irql(old);
    assert_eq!((weak.strong_count(), Rc::strong_count(&sink)), (0, 1));
    assert_eq!(kernel.turn(u64::MAX), Progress::Idle);
    assert!(log.borrow().is_empty());
}

#[test]
fn an_outer_object_is_refused() {
    let bench = Bench::new();
    let outer: Rc<dyn IUnknown> =
        Rc::new(Sink { name: "", log: Log::default(), more: Box::new(|_| ()) });
    let refused = pc_new_service_group(&bench.kernel, Some(outer)).err();
    assert_eq!(refused, Some(NtStatus::INVALID_DEVICE_REQUEST));
}

#[test]
fn delayed_service_is_asked_for_and_taken_back_at_passive_level() {
    let bench = Bench::new();
    let old = bench.kernel.raise_irql(Irql::DISPATCH_LEVEL);
    bench.group.support_delayed_service(&bench.kernel);
    assert_eq!(bench.kernel.violation_count(), 0);
    bench.group.request_delayed_service(&bench.kernel, -10_000);
    bench.group.cancel_delayed_service(&bench.kernel);
    bench.kernel.lower_irql(old);
    let rules: Vec<&str> = bench.kernel.violations().iter().map(|it| it.rule.id).collect();
    assert_eq!(rules, ["PcIrqlIport", "PcIrqlIport"]);
}

#[test]
fn a_routine_and_a_method_at_too_high_a_level_break_the_rules_that_microsoft_has_about_them() {
    let bench = Bench::new();
    let old = bench.kernel.raise_irql(Irql::DISPATCH_LEVEL);
    bench.add("late");
    pc_new_service_group(&bench.kernel, None).unwrap();
    bench.kernel.lower_irql(old);
    let rules: Vec<&str> = bench.kernel.violations().iter().map(|it| it.rule.id).collect();
    assert_eq!(rules, ["PcIrqlIport", "PcIrqlDDIs"]);
}

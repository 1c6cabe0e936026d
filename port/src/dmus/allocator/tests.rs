//! The events and buffers that an allocator gives out and takes back.

use super::*;
use crate::com::query;
use portcls_emulator::KernelConfig;

fn allocator(kernel: &Kernel) -> Rc<EventAllocator> {
    EventAllocator::new(kernel, 8).unwrap()
}

fn broken(kernel: &Kernel) -> Vec<&'static str> {
    kernel.violations().iter().map(|it| it.rule.id).collect()
}

fn out(events: u32, buffers: u32) -> Outstanding {
    Outstanding { events, buffers }
}

#[test]
fn the_event_that_came_back_last_is_handed_out_next() {
    let kernel = Kernel::new(KernelConfig::default());
    let allocator = allocator(&kernel);
    let first = allocator.get_message(&kernel).unwrap();
    let second = allocator.get_message(&kernel).unwrap();
    assert_eq!((first.number(), second.number()), (0, 1));
    assert_eq!(allocator.outstanding(), out(2, 0));
    allocator.put_message(&kernel, Some(first.into())).unwrap();
    assert_eq!(allocator.get_message(&kernel).unwrap().number(), 0);
    drop(second);
    assert_eq!(allocator.outstanding(), out(2, 0));
}

#[test]
fn an_event_is_zero_each_time_it_is_handed_out() {
    let kernel = Kernel::new(KernelConfig::default());
    let allocator = allocator(&kernel);
    let mut event = allocator.event_of(&kernel, &[0xF0; 100]).unwrap();
    event.time_100ns = 7;
    event.channel_group = 1;
    allocator.free(event);
    assert_eq!(allocator.outstanding(), out(0, 0));
    let event = allocator.get_message(&kernel).unwrap();
    assert_eq!((event.time_100ns, event.channel_group, event.length()), (0, 0, 0));
    allocator.free(event);
}

#[test]
fn five_bytes_need_a_buffer_where_a_pointer_has_four() {
    let kernel = Kernel::new(KernelConfig::default());
    for (inline_limit, buffers) in [(8, 0), (4, 1)] {
        let allocator = EventAllocator::new(&kernel, inline_limit).unwrap();
        let event = allocator.event_of(&kernel, &[0xF0, 1, 2, 3, 0xF7]).unwrap();
        assert_eq!(event.bytes(), [0xF0, 1, 2, 3, 0xF7]);
        assert_eq!(allocator.outstanding(), out(1, buffers));
        allocator.free(event);
    }
}

#[test]
fn a_package_comes_back_with_all_that_is_in_it() {
    let kernel = Kernel::new(KernelConfig::default());
    let allocator = allocator(&kernel);
    let long = allocator.event_of(&kernel, &[1; 9]).unwrap();
    let short = allocator.event_of(&kernel, &[2]).unwrap();
    let mut inner = allocator.get_message(&kernel).unwrap();
    inner.set_package([long, short].into_iter().collect());
    let mut package = allocator.get_message(&kernel).unwrap();
    package.set_package(inner.into());
    let tail = allocator.get_message(&kernel).unwrap();
    assert_eq!(allocator.outstanding(), out(5, 1));
    let chain = [package, tail].into_iter().collect();
    assert_eq!(allocator.put_message(&kernel, Some(chain)), Ok(()));
    assert_eq!(allocator.outstanding(), out(0, 0));
}

#[test]
fn packages_in_packages_are_freed_however_deep_they_are() {
    let kernel = Kernel::new(KernelConfig::default());
    let allocator = allocator(&kernel);
    let mut event = allocator.get_message(&kernel).unwrap();
    for _ in 0..50_000 {
        let mut outer = allocator.get_message(&kernel).unwrap();
        outer.set_package(event.into());
        event = outer;
    }
    allocator.free(event);
    assert_eq!(allocator.outstanding(), out(0, 0));
}

#[test]
fn the_pool_grows_up_to_its_limit_and_no_further() {
    let kernel = Kernel::new(KernelConfig::default());
    let allocator = allocator(&kernel);
    let mut chain = EventChain::new();
    for number in 0..EVENT_LIMIT {
        let event = allocator.get_message(&kernel).unwrap();
        assert_eq!(event.number(), number);
        chain.push(event);
    }
    let refused = allocator.get_message(&kernel).err();
    assert_eq!(refused, Some(NtStatus(0xC000_009A)));
    allocator.put_message(&kernel, Some(chain)).unwrap();
    assert_eq!(allocator.outstanding(), out(0, 0));
    assert!(allocator.get_message(&kernel).is_ok());
}

#[test]
fn without_a_buffer_there_is_no_event_either() {
    let kernel = Kernel::new(KernelConfig::default());
    let allocator = allocator(&kernel);
    let held: Vec<_> = (0..BUFFER_LIMIT).map(|_| allocator.get_buffer(&kernel).unwrap()).collect();
    let refused = allocator.event_of(&kernel, &[0; 9]).err();
    assert_eq!(refused, Some(NtStatus(0xC000_009A)));
    assert_eq!(allocator.outstanding(), out(0, BUFFER_LIMIT));
    for buffer in held {
        assert_eq!(allocator.put_buffer(&kernel, buffer), Ok(()));
    }
    assert_eq!(allocator.outstanding(), out(0, 0));
}

#[test]
fn what_belongs_to_another_allocator_is_told_and_lost_to_it() {
    let kernel = Kernel::new(KernelConfig::default());
    let (one, other) = (allocator(&kernel), allocator(&kernel));
    let mut event = one.get_message(&kernel).unwrap();
    event.set_buffer(one.get_buffer(&kernel).unwrap());
    assert_eq!(other.put_message(&kernel, Some(event.into())), Ok(()));
    assert_eq!(broken(&kernel), ["event-foreign", "event-data-foreign"]);
    let lone = one.get_buffer(&kernel).unwrap();
    assert_eq!(other.put_buffer(&kernel, lone), Err(NtStatus(0xC000_000D)));
    assert_eq!(broken(&kernel).len(), 3);
    assert_eq!((one.outstanding(), other.outstanding()), (out(1, 2), out(0, 0)));
}

#[test]
fn an_event_is_not_asked_for_above_dispatch_level() {
    let kernel = Kernel::new(KernelConfig::default());
    let allocator = allocator(&kernel);
    let old = kernel.raise_irql(Irql(5));
    let event = allocator.get_message(&kernel).unwrap();
    allocator.put_message(&kernel, Some(event.into())).unwrap();
    kernel.lower_irql(old);
    assert_eq!(broken(&kernel), ["PcIrqlIport", "PcIrqlIport"]);
}

#[test]
fn an_allocator_is_a_sink_that_takes_everything() {
    let kernel = Kernel::new(KernelConfig::default());
    let allocator = allocator(&kernel);
    let sink = query::<dyn IMxf>(&allocator).unwrap();
    assert_eq!(sink.set_state(&kernel, KsState::Run), Ok(()));
    assert_eq!(sink.put_message(&kernel, None), Ok(()));
    assert_eq!(sink.connect_output(&kernel, Rc::clone(&sink)), Ok(()));
    assert_eq!(sink.disconnect_output(&kernel, None), Ok(()));
    let again = query::<dyn IAllocatorMxf>(&sink).unwrap();
    assert_eq!(again.get_buffer_size(), 1_024);
}

#[test]
fn a_buffer_that_is_overwritten_in_its_event_stays_out() {
    let kernel = Kernel::new(KernelConfig::default());
    let allocator = allocator(&kernel);
    let mut event = allocator.event_of(&kernel, &[1; 9]).unwrap();
    event.set_inline(&[2]);
    allocator.put_message(&kernel, Some(event.into())).unwrap();
    assert_eq!(allocator.outstanding(), out(0, 1));
}

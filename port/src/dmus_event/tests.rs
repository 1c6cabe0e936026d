//! Events, their data and chains of them.

use super::*;

fn home(inline_limit: u8) -> Rc<EventHome> {
    Rc::new(EventHome { inline_limit, buffer_size: 16 })
}

#[test]
fn a_new_event_is_all_zero() {
    let event = DmusKernelEvent::new(&home(8), 7);
    assert_eq!((event.number(), event.length(), event.channel_group), (7, 0, 0));
    assert_eq!((event.time_100ns, event.byte_position, event.flags.bits()), (0, 0, 0));
}

#[test]
fn five_bytes_fit_an_event_for_64_bits_and_not_one_for_32() {
    let bytes = [0xF0, 1, 2, 3, 0xF7];
    let mut wide = DmusKernelEvent::new(&home(8), 0);
    assert_eq!(wide.set_inline(&bytes), 5);
    assert_eq!(wide.bytes(), bytes);
    let mut narrow = DmusKernelEvent::new(&home(4), 0);
    assert_eq!(narrow.set_inline(&bytes), 4);
    assert_eq!(narrow.bytes(), &bytes[..4]);
}

#[test]
fn a_buffer_takes_as_much_as_its_home_says() {
    let home = home(8);
    let mut buffer = EventBuffer::new(&home, 3);
    assert_eq!(buffer.push(&[1; 10]), 10);
    assert_eq!(buffer.push(&[2; 10]), 6);
    let mut event = DmusKernelEvent::new(&home, 0);
    event.set_buffer(buffer);
    assert_eq!(event.length(), 16);
    assert_eq!(event.bytes()[9..11], [1, 2]);
}

#[test]
fn a_package_gives_its_events_back_and_is_none_then() {
    let home = home(8);
    let mut event = DmusKernelEvent::new(&home, 0);
    let inner = [1, 2].map(|number| DmusKernelEvent::new(&home, number));
    event.set_package(inner.into_iter().collect());
    assert!(event.flags.contains(DmusEventFlags::PACKAGE));
    assert_eq!(event.bytes(), []);
    let EventData::Package(chain) = event.take_data() else { panic!("no package") };
    assert_eq!(chain.iter().map(DmusKernelEvent::number).collect::<Vec<_>>(), [1, 2]);
    assert!(!event.flags.contains(DmusEventFlags::PACKAGE));
}

#[test]
fn a_chain_keeps_the_order_of_its_events() {
    let home = home(8);
    let mut chain: EventChain = (0..4).map(|number| DmusKernelEvent::new(&home, number)).collect();
    assert_eq!(chain.len(), 4);
    assert_eq!(chain.pop().map(|event| event.number()), Some(0));
    chain.push(DmusKernelEvent::new(&home, 9));
    let numbers: Vec<_> = chain.into_iter().map(|event| event.number()).collect();
    assert_eq!(numbers, [1, 2, 3, 9]);
}

#[test]
fn a_chain_is_taken_apart_from_both_ends() {
    let home = home(8);
    let chain: EventChain = (0..4).map(|number| DmusKernelEvent::new(&home, number)).collect();
    let mut events = chain.into_iter();
    assert_eq!(events.len(), 4);
    assert_eq!(events.next_back().map(|event| event.number()), Some(3));
    assert_eq!(events.next().map(|event| event.number()), Some(0));
    let numbers: Vec<_> = events.rev().map(|event| event.number()).collect();
    assert_eq!(numbers, [2, 1]);
}

#[test]
fn an_empty_chain_gives_nothing() {
    let mut chain = EventChain::new();
    assert!(chain.is_empty() && chain.pop().is_none());
    chain.push(DmusKernelEvent::new(&home(8), 0));
    assert!(!chain.is_empty() && chain.pop().is_some() && chain.is_empty());
}

#[test]
fn homes_of_two_allocators_are_told_apart_by_their_place() {
    let (one, other) = (home(8), home(8));
    let event = DmusKernelEvent::new(&one, 0);
    assert!(Rc::ptr_eq(event.home(), &one) && !Rc::ptr_eq(event.home(), &other));
}

#[test]
fn a_chain_is_small_enough_to_be_moved() {
    assert!(size_of::<EventChain>() <= 16, "{}", size_of::<EventChain>());
}

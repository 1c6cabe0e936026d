//! Mistakes of a driver with DirectMusic events, and the rules they break.

use std::rc::Rc;

use portcls_emulator::NtStatus;
use portcls_port::com::IUnknown;
use portcls_port::dmus_event::DmusEventFlags;
use portcls_port::guid::iid;

use super::{
    Allocator, BOTH, BUFFER_SIZE, Desk, Field, GET_BUFFER, GET_MESSAGE, PUT_BUFFER, PUT_MESSAGE,
    STREAM,
};

/// The allocator of another stream of the driver.
struct Other {
    allocator: Rc<Allocator>,
    /// The driver's pointer to the allocator.
    address: u64,
}

impl Other {
    fn of(desk: &Desk) -> Other {
        let allocator = Allocator::new(desk.allocator.home.inline_limit);
        let object: Rc<dyn IUnknown> = Rc::clone(&allocator) as _;
        let address = desk.guest.lend(&object, &iid::ALLOCATOR_MXF);
        desk.guest.0.events.open_stream(STREAM + 1, address);
        Other { allocator, address }
    }

    /// The driver gets an event of this allocator.
    fn event(&self, desk: &Desk) -> u64 {
        self.get(desk, GET_MESSAGE)
    }

    /// The driver gets a buffer of this allocator.
    fn buffer(&self, desk: &Desk) -> u64 {
        self.get(desk, GET_BUFFER)
    }

    fn get(&self, desk: &Desk, slot: u64) -> u64 {
        assert_eq!(desk.status(self.address, slot, &[desk.out]), NtStatus::SUCCESS);
        desk.guest.load_word(desk.out)
    }
}

/// A mistake: what the driver does, the rules that it breaks, and a part of the last message. The
/// last field has two numbers: how many events and how many buffers are not back at the desk's
/// allocator after the mistake.
type Mistake = (fn(&Desk), &'static str, &'static str, (i32, i32));

const MISTAKES: &[Mistake] = &[
    (
        |desk| {
            let event = desk.event();
            assert_eq!(desk.send(event), NtStatus::SUCCESS);
            assert_eq!(desk.free(event), NtStatus::INVALID_PARAMETER);
        },
        "event-put-twice",
        "was put before; IAllocatorMXF::PutMessage",
        (0, 0),
    ),
    (
        |desk| {
            let shared = desk.event();
            let other = desk.package(shared);
            let package = desk.package(shared);
            desk.set(package, Field::Next, other);
            assert_eq!(desk.free(package), NtStatus::SUCCESS);
        },
        "event-put-twice",
        "was put before",
        (0, 0),
    ),
    (
        |desk| {
            let event = desk.event();
            assert_eq!(desk.free(event), NtStatus::SUCCESS);
            desk.set(event, Field::Length, 3);
            assert_eq!(desk.event(), event);
        },
        "event-put-twice",
        "was written to after it was put",
        (1, 0),
    ),
    (
        |desk| assert_eq!(desk.free(desk.out), NtStatus::INVALID_PARAMETER),
        "event-foreign",
        "is from no allocator",
        (0, 0),
    ),
    (
        |desk| {
            let event = desk.event();
            assert_eq!(desk.send(event + 8), NtStatus::INVALID_PARAMETER);
        },
        "event-foreign",
        "is from no allocator; IMXF::PutMessage",
        (1, 0),
    ),
    (
        |desk| {
            // This address is the place of the next event, which the allocator has not given to the
            // driver.
            let event = desk.event();
            assert_eq!(desk.free(event + 64), NtStatus::INVALID_PARAMETER);
        },
        "event-foreign",
        "is from no allocator",
        (1, 0),
    ),
    (
        |desk| {
            let stray = desk.before(desk.out);
            assert_eq!(desk.free(stray), NtStatus::SUCCESS, "the first one is good");
        },
        "event-foreign",
        "is from no allocator",
        (0, 0),
    ),
    (
        |desk| {
            let other = Other::of(desk);
            let event = desk.event();
            let status = desk.status(other.address, PUT_MESSAGE, &[event]);
            assert_eq!(status, NtStatus::INVALID_PARAMETER);
            assert_eq!(other.allocator.out(), (0, 0));
        },
        "event-foreign",
        "was put to another allocator",
        (1, 0),
    ),
    (
        |desk| {
            let other = Other::of(desk);
            let (last, foreign) = (desk.event(), other.event(desk));
            desk.set(foreign, Field::Next, last);
            assert_eq!(desk.free(desk.before(foreign)), NtStatus::SUCCESS);
            assert_eq!(other.allocator.out(), (1, 0), "it is lost");
        },
        "event-foreign",
        "was put to another allocator",
        (0, 0),
    ),
    (
        |desk| {
            let other = Other::of(desk);
            let (last, foreign) = (desk.event(), other.event(desk));
            desk.set(foreign, Field::Next, last);
            assert_eq!(desk.send(foreign), NtStatus::SUCCESS);
            assert_eq!(*desk.sink.seen.borrow(), ["[]"], "the sink gets the last one");
        },
        "event-foreign",
        "was put to another allocator",
        (0, 0),
    ),
    (
        |desk| {
            let other = Other::of(desk);
            let (inner, foreign) = (desk.before(desk.event()), other.event(desk));
            desk.set(foreign, Field::Flags, u64::from(DmusEventFlags::PACKAGE.bits()));
            desk.set(foreign, Field::Data, inner);
            desk.set(foreign, Field::Next, desk.event());
            assert_eq!(desk.send(foreign), NtStatus::SUCCESS);
            assert_eq!(*desk.sink.seen.borrow(), ["[]"; 3], "two of the package, and the last");
        },
        "event-foreign",
        "was put to another allocator",
        (0, 0),
    ),
    (
        |desk| {
            let other = Other::of(desk);
            let (last, foreign) = (desk.event(), other.event(desk));
            desk.set(foreign, Field::Length, 9);
            desk.set(foreign, Field::Data, other.buffer(desk));
            desk.set(foreign, Field::Next, last);
            assert_eq!(desk.free(foreign), NtStatus::SUCCESS);
            assert_eq!(other.allocator.out(), (1, 1), "its buffer is lost too");
        },
        "event-foreign",
        "was put to another allocator",
        (0, 0),
    ),
    (
        |desk| {
            let other = Other::of(desk);
            let foreign = other.event(desk);
            desk.set(foreign, Field::Next, desk.before(foreign));
            assert_eq!(desk.free(foreign), NtStatus::SUCCESS);
        },
        "event-foreign event-chain-loop",
        "is reached again by pNextEvt",
        (0, 0),
    ),
    (
        |desk| {
            let event = desk.event();
            desk.set(event, Field::Length, 9);
            desk.set(event, Field::Data, desk.out);
            assert_eq!(desk.send(event), NtStatus::SUCCESS);
            assert_eq!(*desk.sink.seen.borrow(), ["[]"], "its data are not sure");
        },
        "event-data-foreign",
        "in pbData, which GetBuffer did not give",
        (0, 0),
    ),
    (
        |desk| {
            let (event, buffer) = (desk.event(), desk.buffer());
            desk.set(event, Field::Length, 9);
            desk.set(event, Field::Data, buffer + 1);
            assert_eq!(desk.send(event), NtStatus::SUCCESS);
        },
        "event-data-foreign",
        "in pbData, which GetBuffer did not give",
        (0, 1),
    ),
    (
        |desk| {
            let buffer = desk.buffer();
            for _ in 0..2 {
                let event = desk.event();
                desk.set(event, Field::Length, 9);
                desk.set(event, Field::Data, buffer);
                assert_eq!(desk.free(event), NtStatus::SUCCESS);
            }
        },
        "event-data-foreign",
        "which the driver has put before",
        (0, 0),
    ),
    (
        |desk| {
            let buffer = desk.buffer();
            let put = || desk.status(desk.allocator_at, PUT_BUFFER, &[buffer]);
            assert_eq!(put(), NtStatus::SUCCESS);
            assert_eq!(put(), NtStatus::INVALID_PARAMETER);
        },
        "event-data-foreign",
        "was put before; IAllocatorMXF::PutBuffer",
        (0, 0),
    ),
    (
        |desk| {
            let (event, buffer) = (desk.event(), desk.buffer());
            desk.set(event, Field::Length, u64::from(BUFFER_SIZE) + 1);
            desk.set(event, Field::Data, buffer);
            desk.guest.store(buffer, &[0x11; BUFFER_SIZE as usize]);
            assert_eq!(desk.send(event), NtStatus::SUCCESS);
            let all = format!("long {:02X?}", [0x11; BUFFER_SIZE as usize]);
            assert_eq!(*desk.sink.seen.borrow(), [all], "as much as there can be");
        },
        "event-too-long",
        "has 101 bytes, and a buffer has room for 100",
        (0, 0),
    ),
    (
        |desk| {
            let event = desk.event();
            desk.set(event, Field::Length, 9);
            assert_eq!(desk.send(event), NtStatus::SUCCESS);
        },
        "event-data-missing",
        "has 9 bytes, and pbData is null",
        (0, 0),
    ),
    (
        |desk| {
            let event = desk.event();
            desk.set(event, Field::Size, 7);
            assert_eq!(desk.free(event), NtStatus::SUCCESS);
        },
        "event-size-changed",
        "has 7 in cbStruct, which was ",
        (0, 0),
    ),
    (
        |desk| {
            let event = desk.event();
            desk.set(event, Field::Reserved, 1);
            assert_eq!(desk.free(event), NtStatus::SUCCESS);
        },
        "event-reserved-changed",
        "has 0x1 in bReserved",
        (0, 0),
    ),
    (
        |desk| {
            let event = desk.event();
            desk.set(event, Field::Next, event);
            assert_eq!(desk.free(event), NtStatus::SUCCESS);
        },
        "event-chain-loop",
        "is reached again by pNextEvt",
        (0, 0),
    ),
    (
        |desk| {
            let last = desk.event();
            let middle = desk.before(last);
            let first = desk.before(middle);
            desk.set(last, Field::Next, middle);
            assert_eq!(desk.send(first), NtStatus::SUCCESS);
            assert_eq!(desk.sink.seen.borrow().len(), 3);
        },
        "event-chain-loop",
        "is reached again by pNextEvt",
        (0, 0),
    ),
    (
        |desk| {
            let inner = desk.event();
            desk.set(inner, Field::Next, inner);
            assert_eq!(desk.free(desk.package(inner)), NtStatus::SUCCESS);
        },
        "event-chain-loop",
        "is reached again by pNextEvt",
        (0, 0),
    ),
    (
        |desk| {
            let package = desk.package(0);
            desk.set(package, Field::Data, package);
            assert_eq!(desk.send(package), NtStatus::SUCCESS);
        },
        "event-package-loop",
        "is in a package that it holds itself",
        (0, 0),
    ),
    (
        |desk| {
            // The package holds the head of the chain to which the package itself belongs.
            let package = desk.package(0);
            let head = desk.before(package);
            desk.set(package, Field::Data, head);
            assert_eq!(desk.free(head), NtStatus::SUCCESS);
        },
        "event-package-loop",
        "is in a package",
        (0, 0),
    ),
    (
        |desk| {
            let inner = desk.package(0);
            let outer = desk.package(inner);
            desk.set(inner, Field::Data, outer);
            assert_eq!(desk.free(outer), NtStatus::SUCCESS);
        },
        "event-package-loop",
        "is in a package",
        (0, 0),
    ),
];

#[test]
fn each_mistake_breaks_its_rule_and_the_rest_of_the_chain_is_served() {
    for place in BOTH {
        for (number, (make, rules, message, out)) in MISTAKES.iter().enumerate() {
            let desk = Desk::new(place);
            make(&desk);
            assert_eq!(desk.broken().join(" "), *rules, "{place}: mistake {number}");
            let told = desk.message();
            assert!(told.contains(message), "{place}: mistake {number}: {told}");
            assert_eq!(desk.allocator.out(), *out, "{place}: mistake {number}");
        }
    }
}

//! Data ranges with attributes in a driver's descriptor.

use portcls_port::ks::{DataRange, KsDataFormat};

use super::guest;
use super::system_miniport::description;
use crate::com::descriptor::{find_data_range, read_filter_descriptor};
use crate::com::lent_description::write_filter_descriptor;
use crate::guest::Guest;
use crate::memory::at;

/// A descriptor whose pin 0 has three ranges, of which the first and the last have attribute lists.
struct Bench {
    guest: Guest,
    filter: u64,
    /// The address of the number of pointers in the array of ranges.
    count: u64,
    /// The address of the pointer to the array of ranges.
    ranges: u64,
    /// The five pointers of the array.
    pointers: [u64; 5],
}

impl Bench {
    fn new(place: &str) -> Bench {
        let guest = guest(place);
        let filter = write_filter_descriptor(&guest, &description());
        let layout = guest.layout();
        let pin = guest.load_word(at(filter, layout.pcfilter_descriptor.pins));
        let ks_pin = at(pin, layout.pcpin_descriptor.ks_pin_descriptor);
        let count = at(ks_pin, layout.kspin_descriptor.data_ranges_count);
        assert_eq!(guest.load_u32(count), 5, "{place}: three ranges and two lists");
        let ranges = at(ks_pin, layout.kspin_descriptor.data_ranges);
        let array = guest.load_word(ranges);
        let pointer = |index: u64| guest.load_word(array + index * guest.pointer_bytes());
        let pointers = [0, 1, 2, 3, 4].map(pointer);
        Bench { guest, filter, count, ranges, pointers }
    }

    /// What is wrong with the descriptor.
    fn fault(&self) -> String {
        assert!(read_filter_descriptor(&self.guest, self.filter).is_err());
        let violations = self.guest.kernel().violations();
        let last = violations.last().expect("a rule is broken");
        assert_eq!(last.rule.id, "descriptor-unreadable");
        last.message.clone()
    }
}

#[test]
fn the_drivers_own_range_is_found_behind_an_attribute_list() {
    for place in ["x64", "x86"] {
        let bench = Bench::new(place);
        let find =
            |range: &DataRange| find_data_range(&bench.guest, bench.filter, 0, &range.to_bytes());
        let description = description();
        for (range, index) in description.pins[0].pin.data_ranges.iter().zip([0, 2, 3]) {
            assert_eq!(find(range), Some(bench.pointers[index]), "{place}");
        }
        assert_eq!(find(&KsDataFormat::MIDI.into()), None, "{place}: no pin has it");
    }
}

#[test]
fn a_range_with_the_flag_and_no_list_behind_it_is_refused_with_what_to_do() {
    for place in ["x64", "x86"] {
        let bench = Bench::new(place);
        bench.guest.store_u32(bench.count, 4);
        let expected = "the filter descriptor: data range 3 of the array has the flag \
                        KSDATARANGE_ATTRIBUTES, and no attribute list follows it; put one behind \
                        it and count both, or clear the flag";
        assert_eq!(bench.fault(), expected, "{place}");
    }
}

#[test]
fn an_attribute_list_of_garbage_is_refused() {
    for place in ["x64", "x86"] {
        let bench = Bench::new(place);
        let guest = &bench.guest;
        let fields = &guest.layout().ksattribute_list;
        let list = bench.pointers[1];
        let attribute = guest.load_word(guest.load_word(at(list, fields.attributes)));
        guest.store_u32(attribute, 23);
        let short = "the filter descriptor: an attribute of a data range says that it has 23 bytes";
        assert_eq!(bench.fault(), short, "{place}");
        guest.store_u32(attribute, 24);
        assert!(read_filter_descriptor(guest, bench.filter).is_ok(), "{place}: it is good again");
        guest.store_u32(at(list, fields.count), 0xFFFF_FFFF);
        let many = "the filter descriptor: 4294967295 attributes; at most 1024 are read";
        assert_eq!(bench.fault(), many, "{place}");
    }
}

/// The array has 400 pointers: 200 to the same range, and 200 to the same attribute list. The list
/// has 1,024 pointers, all to the same attribute.
#[test]
fn a_descriptor_that_grows_by_its_pointers_is_refused_before_the_host_keeps_it() {
    for place in ["x64", "x86"] {
        let bench = Bench::new(place);
        let guest = &bench.guest;
        let array = |pointers: &[u64]| {
            let address = guest.new_object_block(&vec![0; pointers.len() * 8]);
            for (index, pointer) in (0..).zip(pointers) {
                guest.store_word(address + index * guest.pointer_bytes(), *pointer);
            }
            address
        };
        let fields = &guest.layout().ksattribute_list;
        let [range, list, ..] = bench.pointers;
        let attribute = guest.new_object_block(&[0; 4096]);
        guest.store_u32(attribute, 4096);
        guest.store_word(at(list, fields.attributes), array(&[attribute; 1024]));
        guest.store_u32(at(list, fields.count), 1024);
        assert!(read_filter_descriptor(guest, bench.filter).is_ok(), "{place}: 4 MiB are allowed");
        let pointers = [range, list].repeat(200);
        guest.store_word(bench.ranges, array(&pointers));
        guest.store_u32(bench.count, 400);
        let expected = "the filter descriptor: its lists, ranges and attributes have more than \
                        16777216 bytes; let fewer pointers lead to them";
        assert_eq!(bench.fault(), expected, "{place}");
    }
}

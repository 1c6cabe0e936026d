//! Good drivers with random changes or code: each ends in a defined way.
//!
//! A changed driver ends in a clear error, in a report, or at the end of its life. A changed driver
//! never harms the program.

use portcls_fuzz_inputs::{End, changed_drivers, guest_code};

/// The number of lives with each end, in the order of [`End`].
fn count(ends: impl Iterator<Item = End>) -> [u32; 4] {
    let mut counts = [0; 4];
    ends.for_each(|end| counts[end as usize] += 1);
    counts
}

#[test]
fn changed_drivers_end_in_an_error_or_a_report() {
    let changes = (0..500).map(changed_drivers::random);
    let ends = count(changes.map(|changes| changed_drivers::end(&changes)));
    // If all changed drivers ended in the same way, the changes would not reach enough of the code.
    let [refused_file, _, died, lived] = ends;
    assert!(refused_file > 20 && died > 20 && lived > 20, "{ends:?}");
}

#[test]
fn calls_of_every_import_with_any_arguments_end_in_a_defined_way() {
    let ends = count(guest_code::seeds().iter().map(|(_, code)| guest_code::end(code)));
    let [_, refused_start, died, lived] = ends;
    assert!(refused_start + lived > 20 && died > 20, "{ends:?}");
}

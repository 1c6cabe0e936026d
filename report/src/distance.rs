//! The time from one moment to another, with a sign.

/// The longest distance that a report tells, in ns: 73 years. The sum of a few distances still
/// fits into 64 bits. No run is nearly this long, but the text of a trace may have any times.
const FARTHEST_NS: i64 = 1 << 61;

/// The time from one moment to another in ns, at most 73 years in either direction.
pub(crate) fn distance_ns(from_ns: u64, to_ns: u64) -> i64 {
    let distance_ns = i128::from(to_ns) - i128::from(from_ns);
    let told_ns = distance_ns.clamp(-i128::from(FARTHEST_NS), FARTHEST_NS.into());
    told_ns as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_distance_has_a_sign_and_an_end() {
        assert_eq!(distance_ns(5, 3), -2);
        assert_eq!(distance_ns(3, 5), 2);
        assert_eq!(distance_ns(0, u64::MAX), FARTHEST_NS);
        assert_eq!(distance_ns(u64::MAX, 0), -FARTHEST_NS);
    }
}

//! The longest common subsequence of two lists of keys.
//!
//! The time of the search grows with the difference of the lists. Source: E. Myers, An O(ND)
//! Difference Algorithm and Its Variations, 1986. Lists that differ too much for this algorithm are
//! compared in another way. The first occurrence of a key in one list and the first in the other
//! list make a pair, and the second ones make another pair, and so on. The result is the longest
//! run of pairs that have one order in both lists.

use std::collections::HashMap;

/// The most insertions and deletions that the exact algorithm counts.
const MOST_EDITS: usize = 400;

/// The pairs of indices of a common subsequence, in order.
pub(crate) fn common(a: &[u64], b: &[u64]) -> Vec<(u32, u32)> {
    let head = a.iter().zip(b).take_while(|(a, b)| a == b).count();
    let (rest_a, rest_b) = (&a[head..], &b[head..]);
    let tail = rest_a.iter().rev().zip(rest_b.iter().rev()).take_while(|(a, b)| a == b).count();
    let middle_a = &rest_a[..rest_a.len() - tail];
    let middle_b = &rest_b[..rest_b.len() - tail];
    let mut pairs: Vec<(u32, u32)> = (0..head as u32).map(|index| (index, index)).collect();
    if !middle_a.is_empty() && !middle_b.is_empty() {
        let found = exact(middle_a, middle_b).unwrap_or_else(|| by_occurrence(middle_a, middle_b));
        pairs.extend(found.into_iter().map(|(x, y)| (x + head as u32, y + head as u32)));
    }
    let (ends_a, ends_b) = ((a.len() - tail) as u32, (b.len() - tail) as u32);
    pairs.extend((0..tail as u32).map(|index| (ends_a + index, ends_b + index)));
    pairs
}

/// Myers' algorithm; `None` when the lists differ in more than [`MOST_EDITS`] places.
fn exact(a: &[u64], b: &[u64]) -> Option<Vec<(u32, u32)>> {
    let (n, m) = (a.len() as i64, b.len() as i64);
    let most = MOST_EDITS.min(a.len() + b.len());
    let offset = most as i64 + 1;
    let mut furthest = vec![0_i64; 2 * most + 3];
    let mut steps: Vec<Vec<i64>> = Vec::new();
    for edits in 0..=most as i64 {
        let range = (offset - edits - 1) as usize..=(offset + edits + 1) as usize;
        steps.push(furthest[range].to_vec());
        let mut diagonal = -edits;
        while diagonal <= edits {
            let at = (offset + diagonal) as usize;
            let down =
                diagonal == -edits || (diagonal != edits && furthest[at - 1] < furthest[at + 1]);
            let mut x = if down { furthest[at + 1] } else { furthest[at - 1] + 1 };
            while x < n && x - diagonal < m && a[x as usize] == b[(x - diagonal) as usize] {
                x += 1;
            }
            furthest[at] = x;
            if x >= n && x - diagonal >= m {
                return Some(walk_back(&steps, n, m));
            }
            diagonal += 2;
        }
    }
    None
}

/// The pairs of equal keys on the path that [`exact`] found. `steps` has, for each number of edits,
/// the places that the search had reached before that edit. The function goes from the end of the
/// path back to its beginning.
fn walk_back(steps: &[Vec<i64>], n: i64, m: i64) -> Vec<(u32, u32)> {
    let mut pairs = Vec::new();
    let (mut x, mut y) = (n, m);
    for (edits, furthest) in steps.iter().enumerate().rev() {
        let edits = edits as i64;
        let at = |diagonal: i64| furthest[(diagonal + edits + 1) as usize];
        let diagonal = x - y;
        let down = diagonal == -edits || (diagonal != edits && at(diagonal - 1) < at(diagonal + 1));
        let before = if down { diagonal + 1 } else { diagonal - 1 };
        let (from_x, from_y) = match edits {
            0 => (0, 0),
            _ => (at(before), at(before) - before),
        };
        while x > from_x && y > from_y {
            (x, y) = (x - 1, y - 1);
            pairs.push((x as u32, y as u32));
        }
        (x, y) = (from_x, from_y);
    }
    pairs.reverse();
    pairs
}

/// Pairs the first occurrences of each key in both lists, then the second ones and so on, and keeps
/// the longest run of pairs in order.
fn by_occurrence(a: &[u64], b: &[u64]) -> Vec<(u32, u32)> {
    let mut places: HashMap<u64, Vec<u32>> = HashMap::new();
    for (index, &key) in b.iter().enumerate() {
        places.entry(key).or_default().push(index as u32);
    }
    let mut seen: HashMap<u64, usize> = HashMap::new();
    let mut pairs = Vec::new();
    for (index, &key) in a.iter().enumerate() {
        let seen = seen.entry(key).or_default();
        if let Some(&place) = places.get(&key).and_then(|places| places.get(*seen)) {
            pairs.push((index as u32, place));
        }
        *seen += 1;
    }
    longest_rise(&pairs)
}

/// The longest run of pairs, in the order of their first index, whose second index rises.
fn longest_rise(pairs: &[(u32, u32)]) -> Vec<(u32, u32)> {
    // For each length the pair with the lowest second index that ends a run of this length.
    let mut ends: Vec<usize> = Vec::new();
    let mut before: Vec<Option<usize>> = Vec::with_capacity(pairs.len());
    for (index, &(_, place)) in pairs.iter().enumerate() {
        let length = ends.partition_point(|&end| pairs[end].1 < place);
        before.push(length.checked_sub(1).map(|shorter| ends[shorter]));
        if length == ends.len() {
            ends.push(index);
        } else {
            ends[length] = index;
        }
    }
    let mut run = Vec::with_capacity(ends.len());
    let mut next = ends.last().copied();
    while let Some(index) = next {
        run.push(pairs[index]);
        next = before[index];
    }
    run.reverse();
    run
}

#[cfg(test)]
mod tests {
    use super::{by_occurrence, common};

    fn is_common(pairs: &[(u32, u32)], a: &[u64], b: &[u64]) -> bool {
        pairs.windows(2).all(|two| two[0].0 < two[1].0 && two[0].1 < two[1].1)
            && pairs.iter().all(|&(x, y)| a[x as usize] == b[y as usize])
    }

    #[test]
    fn a_common_subsequence_is_as_long_as_it_can_be() {
        let (a, b) = ([1, 2, 3, 4, 5, 6], [1, 3, 9, 4, 6, 7, 6]);
        let pairs = common(&a, &b);
        assert!(is_common(&pairs, &a, &b));
        assert_eq!(pairs.len(), 4);
        assert_eq!(common(&a, &a).len(), a.len());
        assert!(common(&a, &[]).is_empty() && common(&[], &a).is_empty());
        assert!(common(&[1, 2], &[3, 4]).is_empty());
    }

    #[test]
    fn lists_that_differ_too_much_are_paired_by_occurrence() {
        let a: Vec<u64> = (0..3_000).collect();
        let b: Vec<u64> =
            (0..3_000).map(|key| if key % 3 == 0 { 9_000 + key } else { key }).collect();
        let pairs = common(&a, &b);
        assert!(is_common(&pairs, &a, &b));
        assert_eq!(pairs.len(), 2_000);
        let pairs = by_occurrence(&[1, 1, 2, 1], &[2, 1, 1]);
        assert!(is_common(&pairs, &[1, 1, 2, 1], &[2, 1, 1]));
        assert_eq!(pairs.len(), 2);
    }
}

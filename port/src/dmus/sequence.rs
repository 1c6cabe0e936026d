//! A sequence: things in the order of their times, and then of their arrival.

use std::cmp::{Ordering, Reverse};
use std::collections::{BinaryHeap, VecDeque};

/// Things in the order of their times. Things of the same time are in the order of their arrival.
///
/// Nearly all things arrive in the order of their times: these are appended to a queue, the run.
/// Only a thing that is earlier than the end of the run goes into the heap.
pub(super) struct Sequence<T> {
    run: VecDeque<Entry<T>>,
    heap: BinaryHeap<Reverse<Entry<T>>>,
    /// How many things have arrived.
    arrivals: u64,
}

struct Entry<T> {
    time_100ns: i64,
    arrival: u64,
    thing: T,
}

impl<T> Entry<T> {
    fn key(&self) -> (i64, u64) {
        (self.time_100ns, self.arrival)
    }
}

impl<T> PartialEq for Entry<T> {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}

impl<T> Eq for Entry<T> {}

impl<T> PartialOrd for Entry<T> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<T> Ord for Entry<T> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.key().cmp(&other.key())
    }
}

impl<T> Default for Sequence<T> {
    fn default() -> Sequence<T> {
        Sequence { run: VecDeque::new(), heap: BinaryHeap::new(), arrivals: 0 }
    }
}

impl<T> Sequence<T> {
    /// Puts a thing behind all things whose time is not later.
    pub fn push(&mut self, time_100ns: i64, thing: T) {
        self.arrivals += 1;
        let entry = Entry { time_100ns, arrival: self.arrivals, thing };
        match self.run.back() {
            Some(last) if last.time_100ns > time_100ns => self.heap.push(Reverse(entry)),
            _ => self.run.push_back(entry),
        }
    }

    /// The thing that comes first, with its time.
    pub fn first(&self) -> Option<(i64, &T)> {
        let entry = if self.heap_is_first() {
            self.heap.peek().map(|Reverse(entry)| entry)
        } else {
            self.run.front()
        };
        entry.map(|entry| (entry.time_100ns, &entry.thing))
    }

    /// Takes the thing that comes first, with its time.
    pub fn pop(&mut self) -> Option<(i64, T)> {
        let entry = if self.heap_is_first() {
            self.heap.pop().map(|Reverse(entry)| entry)
        } else {
            self.run.pop_front()
        };
        entry.map(|entry| (entry.time_100ns, entry.thing))
    }

    /// Takes out the things for which `fits` is false.
    pub fn retain(&mut self, mut fits: impl FnMut(&T) -> bool) {
        self.run.retain(|entry| fits(&entry.thing));
        self.heap.retain(|Reverse(entry)| fits(&entry.thing));
    }

    /// How many things there are.
    pub fn len(&self) -> usize {
        self.run.len() + self.heap.len()
    }

    fn heap_is_first(&self) -> bool {
        match (self.heap.peek(), self.run.front()) {
            (Some(Reverse(entry)), Some(front)) => entry < front,
            (entry, _) => entry.is_some(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[derive(Clone, Debug)]
    enum Step {
        Push(i64),
        Pop,
        DropOdd,
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            6 => (-3_i64..4).prop_map(Step::Push),
            1 => any::<i64>().prop_map(Step::Push),
            4 => Just(Step::Pop),
            1 => Just(Step::DropOdd),
        ]
    }

    proptest! {
        /// The model is a list that a stable sort keeps in order.
        #[test]
        fn a_sequence_is_a_stable_sort(steps in prop::collection::vec(step(), 0..200)) {
            let mut sequence = Sequence::default();
            let mut model: Vec<(i64, usize)> = Vec::new();
            for (number, step) in steps.into_iter().enumerate() {
                match step {
                    Step::Push(time) => {
                        sequence.push(time, number);
                        model.push((time, number));
                        model.sort_by_key(|(time, _)| *time);
                    }
                    Step::Pop => {
                        let expected = (!model.is_empty()).then(|| model.remove(0));
                        prop_assert_eq!(sequence.pop(), expected);
                    }
                    Step::DropOdd => {
                        sequence.retain(|number| number % 2 == 0);
                        model.retain(|(_, number)| number % 2 == 0);
                    }
                }
                let first = model.first().map(|(time, number)| (*time, number));
                prop_assert_eq!(sequence.first(), first);
                prop_assert_eq!(sequence.len(), model.len());
            }
        }
    }
}
